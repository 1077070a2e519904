/** Keys at places of the captured sound: one that was struck where the sound has not come in yet waits for it. */
import type { InteractionEvent } from "../../turn/interaction/index.ts";
import type { ConversationClock } from "./contracts.ts";

/** Push-to-talk down and up, and a key that is struck once. */
export type PlacedKey = "press" | "release" | "strike";

/** Sound that does not come is not waited for any longer. */
const LATE_MS = 2000;
/** A place further back than any network delays a key is a mistake. */
const BACK_MS = 5000;
/** Keys that may wait. */
const WAITING = 32;

interface WaitingKey {
  readonly key: PlacedKey;
  readonly atMs: number;
  readonly takeBack: () => void;
}

/** The keys of one conversation, in the order in which they were struck. */
export class Keys {
  readonly #endMs: () => number;
  readonly #deal: (event: InteractionEvent) => void;
  readonly #clock: ConversationClock;
  readonly #waiting: WaitingKey[] = [];

  /** @param endMs how much sound was captured */
  constructor(endMs: () => number, deal: (event: InteractionEvent) => void, clock: ConversationClock) {
    this.#endMs = endMs;
    this.#deal = deal;
    this.#clock = clock;
  }

  /** A key at `atMs` of the captured sound; at its end when absent. */
  strike(key: PlacedKey, atMs = this.#endMs()): void {
    if (this.#waiting.length === 0 && !(atMs > this.#endMs())) return this.#tell(key, atMs);
    if (this.#waiting.length >= WAITING) return;
    const takeBack = this.#clock.after(LATE_MS, () => this.#dealUpTo(Math.max(atMs, this.#endMs())));
    this.#waiting.push({ key, atMs, takeBack });
  }

  /** Passes `audio` on, and deals the keys whose place has come in. */
  async *through(audio: AsyncIterable<Float32Array>): AsyncGenerator<Float32Array> {
    for await (const block of audio) {
      yield block;
      // Whoever asks for the next block has taken this one in.
      this.#dealUpTo(this.#endMs());
    }
    this.#dealUpTo(Infinity);
  }

  /** Those that wait are not wanted any more. */
  forget(): void {
    for (const { takeBack } of this.#waiting.splice(0)) takeBack();
  }

  #dealUpTo(placeMs: number): void {
    for (let next = this.#waiting[0]; next !== undefined && next.atMs <= placeMs; next = this.#waiting[0]) {
      this.#waiting.shift();
      next.takeBack();
      this.#tell(next.key, next.atMs);
    }
  }

  #tell(key: PlacedKey, wishedMs: number): void {
    const endMs = this.#endMs();
    const atMs = Math.max(Math.min(wishedMs, endMs), endMs - BACK_MS, 0);
    if (key === "press") this.#deal({ type: "press", fromMs: atMs });
    else if (key === "release") this.#deal({ type: "release", toMs: atMs });
    else this.#deal({ type: "hotkey", fromMs: atMs });
  }
}
