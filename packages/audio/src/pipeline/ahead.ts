/** How far a voice runs ahead of its listener: far enough that it never pauses, and not so far that much is made for nothing. */
import { abortable } from "../format/abort.ts";
import type { SpeakEvent } from "./speak-event.ts";

/** Sound that nobody has taken yet, in milliseconds; what is begun below it is made to its end. */
const AHEAD_MS = 10_000;

/** Counts the sound between a voice and its listener. */
export class Ahead {
  #untakenMs = 0;
  #taken = Promise.withResolvers<void>();

  /** Resolves when the next chunk may be begun. @throws AudioError `job-cancelled`, `job-timed-out` */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#untakenMs >= AHEAD_MS) await abortable(this.#taken.promise, signal, "speaking");
  }

  made(event: SpeakEvent): void {
    this.#untakenMs += soundMs(event);
  }

  /** `events`, counted as they are taken. */
  async *taking(events: AsyncIterable<SpeakEvent>): AsyncGenerator<SpeakEvent, void, undefined> {
    for await (const event of events) {
      this.#untakenMs -= soundMs(event);
      this.#taken.resolve();
      this.#taken = Promise.withResolvers();
      yield event;
    }
  }
}

function soundMs(event: SpeakEvent): number {
  return event.type === "audio" ? (1000 * event.pcm.samples.length) / event.pcm.sampleRateHz : 0;
}
