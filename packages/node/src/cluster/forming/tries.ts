/** What came of the tries at other peers to be let in by secret. Anybody may pretend to take it, under any number of names. */

/** Tries at a peer that never comes to prove that it knows the secret, before nobody is held back by it any more. */
const MAX_UNPROVEN = 8;
/** So many in a row, at whomever, that came to no proof: somebody makes up clusters. */
const SIEGE = 8;
/** Then between two tries of a founder, so that it can let others in meanwhile. */
const REST_MS = 5_000;

export class Tries {
  readonly #notBeforeMs = new Map<string, number>();
  /** Tries in a row that ended before that peer had proven that it knows the secret. */
  readonly #unproven = new Map<string, number>();
  readonly #proven = new Set<string>();
  #vain = 0;
  #restUntilMs = 0;

  /** A try that came to nothing, after which the peer may be tried again at `againMs`. */
  failed(peer: string, how: { readonly hasProven: boolean; readonly againMs: number; readonly nowMs: number }): void {
    this.#notBeforeMs.set(peer, how.againMs);
    if (how.hasProven) {
      this.#unproven.delete(peer);
      this.#proven.add(peer);
      this.#vain = 0;
      return;
    }
    this.#unproven.set(peer, this.#unprovenOf(peer) + 1);
    this.#vain += 1;
    if (this.isSiege) this.#restUntilMs = how.nowMs + REST_MS;
  }

  /** Its secret is another one. */
  wrong(peer: string): void {
    this.#proven.delete(peer);
  }

  forget(peer: string): void {
    this.#notBeforeMs.delete(peer);
    this.#unproven.delete(peer);
    this.#proven.delete(peer);
  }

  mayTry(peer: string, nowMs: number): boolean {
    return (this.#notBeforeMs.get(peer) ?? 0) <= nowMs;
  }

  isHopeless(peer: string): boolean {
    return this.#unprovenOf(peer) >= MAX_UNPROVEN;
  }

  hasProven(peer: string): boolean {
    return this.#proven.has(peer);
  }

  get isSiege(): boolean {
    return this.#vain >= SIEGE;
  }

  isResting(nowMs: number): boolean {
    return nowMs < this.#restUntilMs;
  }

  /** Less than 0 when `one` is to be tried before `other`: who has proven itself, then who was tried least. */
  compare(one: string, other: string): number {
    return (
      Number(this.hasProven(other)) - Number(this.hasProven(one)) || this.#unprovenOf(one) - this.#unprovenOf(other)
    );
  }

  #unprovenOf(peer: string): number {
    return this.#unproven.get(peer) ?? 0;
  }
}
