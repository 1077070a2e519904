/** What is under way from the clients of this peer, by sender and receiver. */
import { Lane, type LaneWays } from "./lane.ts";
import type { Post } from "./post.ts";
import { HUB } from "./times.ts";

export class Lanes {
  readonly #ways: LaneWays;
  /** By receiver, and in there by sender; none is empty. */
  readonly #lanes = new Map<string, Map<string, Lane>>();
  #size = 0;
  #bytes = 0;

  constructor(ways: LaneWays) {
    this.#ways = ways;
  }

  /** Messages that are neither handled nor written down nor given up. */
  get size(): number {
    return this.#size;
  }

  /** Whether one more message of `from`, of so many bytes, to each of these can be taken. */
  hasRoom(from: string, receivers: readonly string[], bytes: number): boolean {
    if (this.#size + receivers.length > HUB.lanesMax) return false;
    if (this.#bytes + receivers.length * bytes > HUB.lanesBytes) return false;
    return receivers.every((to) => (this.#lanes.get(to)?.get(from)?.size ?? 0) < HUB.laneMax);
  }

  push(post: Post, to: string, about: { readonly ready: Promise<void>; readonly bytes: number }): void {
    this.#size += 1;
    this.#bytes += about.bytes;
    this.#laneOf(post.source.clientId, to).push({ post, ...about });
  }

  /** Something is known of that client. */
  wake(to: string): void {
    for (const lane of this.#lanes.get(to)?.values() ?? []) lane.wake();
  }

  close(): void {
    for (const lanes of this.#lanes.values()) for (const lane of lanes.values()) lane.close();
  }

  #laneOf(from: string, to: string): Lane {
    const lanes = this.#lanes.get(to) ?? new Map<string, Lane>();
    this.#lanes.set(to, lanes);
    const lane = lanes.get(from) ?? new Lane(to, this.#ways, { onSettled: (bytes) => this.#settled(from, to, bytes) });
    lanes.set(from, lane);
    return lane;
  }

  #settled(from: string, to: string, bytes: number): void {
    this.#size -= 1;
    this.#bytes -= bytes;
    const lanes = this.#lanes.get(to);
    if (lanes?.get(from)?.size === 0) lanes.delete(from);
    if (lanes?.size === 0) this.#lanes.delete(to);
  }
}
