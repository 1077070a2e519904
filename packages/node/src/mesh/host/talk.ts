/** Signs of life over a connection that are others' than those of who waits for them: what Raft says spares actors a heartbeat. */
import type { MeshConnection } from "./connection.ts";

export class Talk {
  #saidMs = -Infinity;
  readonly #listeners = new Set<() => void>();

  /** Something leaves now that the other side will take for a sign of life: its reader calls {@link heard}. */
  said(): void {
    this.#saidMs = performance.now();
  }

  hasSaidWithin(ms: number): boolean {
    return performance.now() - this.#saidMs <= ms;
  }

  /** Something has come. */
  heard(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Must not throw. The result ends that. */
  onHeard(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

const talks = new WeakMap<MeshConnection, Talk>();

/** The same for the same connection, always. */
export function talkOf(connection: MeshConnection): Talk {
  const known = talks.get(connection);
  if (known !== undefined) return known;
  const talk = new Talk();
  talks.set(connection, talk);
  return talk;
}
