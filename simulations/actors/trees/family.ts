/** One actor of a tree, and its lives, as an observer knows them. */
import type { NodePlan } from "./plan.ts";

/** One life of an actor. */
export class TreeLife {
  readonly name: string;
  readonly number: number;
  readonly children: Member[] = [];
  isOver = false;

  constructor(name: string, number: number) {
    this.name = name;
    this.number = number;
  }

  /** It, or what it started, goes on. */
  on(): readonly string[] {
    const below = this.children.flatMap((child) => child.on());
    return this.isOver ? below : [this.name, ...below];
  }

  /** With all that it started: left behind. */
  abandon(): void {
    this.isOver = true;
    for (const { now } of this.children) now?.abandon();
  }
}

/** A child of one life of its supervisor. */
export class Member {
  readonly plan: NodePlan;
  readonly path: string;
  readonly parent: { readonly plan: NodePlan; readonly life: TreeLife } | undefined;
  now: TreeLife | undefined;
  #lives = 0;
  #streak: { readonly attempts: number; readonly atMs: number } | undefined;
  #notBeforeMs = -Infinity;

  constructor(plan: NodePlan, path: string, parent: Member["parent"]) {
    this.plan = plan;
    this.path = path;
    this.parent = parent;
    parent?.life.children.push(this);
  }

  begin(host: string): TreeLife {
    this.#lives += 1;
    this.now = new TreeLife(`${this.parent?.life.name ?? host}/${this.plan.name}@${this.#lives}`, this.#lives);
    return this.now;
  }

  on(): readonly string[] {
    return this.now?.on() ?? [];
  }

  /** Siblings that must not live when this one begins. */
  dependents(): readonly string[] {
    if (this.parent === undefined || this.parent.plan.supervision.strategy === "one-for-one") return [];
    const siblings = this.parent.life.children;
    return siblings.slice(siblings.indexOf(this) + 1).flatMap((sibling) => sibling.on());
  }

  get notBeforeMs(): number {
    return this.#notBeforeMs;
  }

  /** It has crashed, or wants to stop and is to be restarted: alone, its supervisor's pause can be foretold. */
  willRestart(nowMs: number): void {
    const supervision = this.parent?.plan.supervision;
    if (supervision?.strategy !== "one-for-one") return;
    const { withinMs, backOff } = supervision;
    const { minMs, maxMs, factor, jitter } = backOff;
    const isInARow = this.#streak !== undefined && nowMs - this.#streak.atMs < withinMs;
    const attempts = isInARow ? (this.#streak?.attempts ?? 0) + 1 : 1;
    this.#streak = { attempts, atMs: nowMs };
    this.#notBeforeMs = nowMs + Math.min(maxMs, minMs * factor ** (attempts - 1)) * (1 - jitter);
  }
}
