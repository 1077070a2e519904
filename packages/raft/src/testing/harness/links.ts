/** What is wrong with the links of a cluster, kept so that a node that starts again finds its links as they were. */
import type { NodeId } from "../../core/types.ts";
import type { LinkFault, LinkSetting } from "./control.ts";

const SOUND: LinkFault = { cut: false, delayMs: 0 };

/** Directed: the way there and the way back are two links. */
export class Links {
  readonly #from = new Map<NodeId, Map<NodeId, LinkFault>>();

  /** Changes what is given, and says how the link is now. */
  set(from: NodeId, to: NodeId, change: Partial<LinkFault>): LinkSetting {
    const links = this.#from.get(from) ?? new Map<NodeId, LinkFault>();
    const fault = { ...(links.get(to) ?? SOUND), ...change };
    links.set(to, fault);
    this.#from.set(from, links);
    return { peer: to, ...fault };
  }

  /** Links of `from` that are not sound. */
  of(from: NodeId): readonly LinkSetting[] {
    return [...(this.#from.get(from) ?? [])].map(([peer, fault]) => ({ peer, ...fault }));
  }

  /** What has to be told to `from` if it last heard `known`. */
  changesFor(from: NodeId, known: readonly LinkSetting[]): readonly LinkSetting[] {
    const now = this.#from.get(from);
    const ended = known.filter(({ peer }) => now?.has(peer) !== true).map(({ peer }) => ({ peer, ...SOUND }));
    return [...ended, ...this.of(from)];
  }

  /** A node is gone for good. */
  forget(node: NodeId): void {
    this.#from.delete(node);
    for (const links of this.#from.values()) links.delete(node);
  }

  /** Makes all sound; what has to be told to whom. */
  clear(): readonly (readonly [NodeId, LinkSetting])[] {
    const changes = [...this.#from].flatMap(([from, links]) =>
      [...links.keys()].map((peer) => [from, { peer, ...SOUND }] as const),
    );
    this.#from.clear();
    return changes;
  }
}
