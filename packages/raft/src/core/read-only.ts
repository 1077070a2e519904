/** Linearizable reads that write nothing (dissertation, section 6.4): each waits until a quorum has confirmed the leader. */
import type { Message, NodeId } from "./types.ts";

/** A read that waits for its quorum. */
export interface PendingRead {
  readonly request: Message;
  /** The commit index when it came: what the answer must reflect. */
  readonly index: number;
  readonly acks: Map<NodeId, boolean>;
}

/** Contexts are compared by content. */
function keyOf(context: Uint8Array): string {
  return Buffer.from(context.buffer, context.byteOffset, context.byteLength).toString("latin1");
}

/** Reads in the order they came; a quorum for one is a quorum for all before it. */
export class PendingReads {
  readonly #reads = new Map<string, PendingRead>();

  add(context: Uint8Array, index: number, request: Message): void {
    const key = keyOf(context);
    if (!this.#reads.has(key)) this.#reads.set(key, { request, index, acks: new Map() });
  }

  /** `id` has confirmed the leader since the read named by `context` came. All who have, so far; undefined for no such read. */
  acknowledge(id: NodeId, context: Uint8Array): ReadonlyMap<NodeId, boolean> | undefined {
    const read = this.#reads.get(keyOf(context));
    read?.acks.set(id, true);
    return read?.acks;
  }

  /** Takes out the read named by `context` and all before it. */
  takeUpTo(context: Uint8Array): readonly PendingRead[] {
    const last = keyOf(context);
    if (!this.#reads.has(last)) return [];
    const taken: PendingRead[] = [];
    for (const [key, read] of this.#reads) {
      taken.push(read);
      this.#reads.delete(key);
      if (key === last) break;
    }
    return taken;
  }

  /** The context of the newest read: heartbeats carry it, because its quorum serves all. */
  newestContext(): Uint8Array | undefined {
    let newest: PendingRead | undefined;
    for (const read of this.#reads.values()) newest = read;
    return newest?.request.entries[0]?.data;
  }
}
