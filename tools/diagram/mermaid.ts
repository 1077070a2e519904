/** A state machine drawn from its own definition, as a Mermaid state diagram. Pure: a machine in, text out. */

/** As much of an XState machine's node as is drawn. */
export interface DrawnNode {
  readonly id: string;
  readonly key: string;
  readonly order: number;
  readonly parent?: DrawnNode | undefined;
  readonly states: Readonly<Record<string, DrawnNode>>;
  readonly transitions: ReadonlyMap<string, readonly DrawnTransition[]>;
  readonly always?: readonly DrawnTransition[];
  readonly initial: { readonly target?: readonly DrawnNode[] | undefined } | undefined;
}

/** As much of a transition. */
export interface DrawnTransition {
  readonly eventType: string;
  readonly target: readonly DrawnNode[] | undefined;
  readonly guard?: unknown;
}

/** One arrow between two states that have no states inside, or are entered and left as a whole. */
interface Arrow {
  readonly from: DrawnNode;
  readonly to: DrawnNode;
  readonly label: string;
}

/**
 * The diagram. Transitions between the same two states are one arrow; a timer's event is told as `after` and its name;
 * what changes no state is not drawn. No arrow joins a state with one that it is inside of, which renderers refuse: such
 * a transition is drawn from each state inside, or to the one that is entered first.
 */
export function mermaid(root: DrawnNode): string {
  const arrows = arrowsFrom(root);
  const lines = ["stateDiagram-v2", ...block(root, arrows, "  ")];
  return lines.join("\n");
}

/** Every transition in a table's rows: state, event, guard, where to. What it does is in the machine. */
export function transitionRows(root: DrawnNode): readonly string[] {
  const rows = [...root.transitions.values(), root.always ?? []].flat().map((one) => {
    const to = (one.target ?? []).map(nameOf).join(", ");
    return `| ${nameOf(root)} | ${eventOf(one)} | ${guardOf(one)} | ${to} |`;
  });
  return [...rows, ...children(root).flatMap(transitionRows)];
}

/** States and arrows of one level. A state first named inside another would be drawn there, so arrows out come later. */
function block(node: DrawnNode, arrows: readonly Arrow[], indent: string): readonly string[] {
  const lines: string[] = [];
  const [first] = node.initial?.target ?? [];
  if (first !== undefined) lines.push(`${indent}[*] --> ${nameOf(first)}`);
  for (const child of children(node)) {
    if (children(child).length === 0) continue;
    lines.push(`${indent}state ${nameOf(child)} {`, ...block(child, arrows, `${indent}  `), `${indent}}`);
  }
  for (const { from, to, label } of arrows) {
    if (innermost(from, to) === node) lines.push(`${indent}${nameOf(from)} --> ${nameOf(to)}${label}`);
  }
  return lines;
}

function arrowsFrom(node: DrawnNode): readonly Arrow[] {
  const events = new Map<string, { readonly from: DrawnNode; readonly to: DrawnNode; readonly names: Set<string> }>();
  const draw = (from: DrawnNode, to: DrawnNode, name: string): void => {
    const key = `${nameOf(from)} ${nameOf(to)}`;
    const arrow = events.get(key) ?? { from, to, names: new Set() };
    if (name !== "at once") arrow.names.add(name);
    events.set(key, arrow);
  };
  for (const one of [...node.transitions.values(), node.always ?? []].flat()) {
    for (const target of one.target ?? []) {
      if (target !== node && isInside(target, node)) {
        for (const child of children(node)) if (child !== target && !isPassed(child)) draw(child, target, eventOf(one));
      } else draw(node, target !== node && isInside(node, target) ? firstInside(target) : target, eventOf(one));
    }
  }
  const own = [...events.values()].map(({ from, to, names }) => {
    return { from, to, label: names.size === 0 ? "" : ` : ${[...names].join(", ")}` };
  });
  return [...own, ...children(node).flatMap(arrowsFrom)];
}

/** Left as soon as it is entered: nothing happens to it meanwhile. */
function isPassed(node: DrawnNode): boolean {
  return (node.always ?? []).length > 0;
}

function firstInside(node: DrawnNode): DrawnNode {
  const [first] = node.initial?.target ?? [];
  return first === undefined ? node : firstInside(first);
}

function isInside(node: DrawnNode, outer: DrawnNode): boolean {
  for (let at: DrawnNode | undefined = node; at !== undefined; at = at.parent) if (at === outer) return true;
  return false;
}

/** The smallest state that both are inside of. */
function innermost(from: DrawnNode, to: DrawnNode): DrawnNode | undefined {
  let at = from.parent;
  while (at !== undefined && !isInside(to, at)) at = at.parent;
  return at;
}

function children(node: DrawnNode): readonly DrawnNode[] {
  return Object.values(node.states).toSorted((a, b) => a.order - b.order);
}

/** The way from the root, so that states of one name in different places are not one. */
function nameOf(node: DrawnNode): string {
  return node.parent?.parent === undefined ? node.key : `${nameOf(node.parent)}.${node.key}`;
}

function eventOf({ eventType }: DrawnTransition): string {
  if (eventType === "") return "at once";
  const [, timer] = /^xstate\.after\.(\w+)\./u.exec(eventType) ?? [];
  return timer === undefined ? eventType : `after ${timer}`;
}

function guardOf({ guard }: DrawnTransition): string {
  return typeof guard === "string" ? guard : "";
}
