/** Going on with something that was begun before, perhaps on another host: its listener has heard a part of it, and is told nothing twice. */
import { durationMs } from "../format/pcm.ts";
import type { SpeakEvent } from "./speak-event.ts";

/** What the listener has of an answer. Places are UTF-16 units of what is written. */
export interface SpokenSoFar {
  /** What it was told in writing; the answer begins with it. */
  readonly text: string;
  /** Up to here all sound was given to it. The end of a chunk, at most the length of `text`. */
  readonly spoken: number;
  /** The number of the chunk that begins there. */
  readonly index: number;
  /** How much of that chunk's sound it was given as well. */
  readonly heardMs: number;
  /** `text` is all of the answer: nobody has to think about the rest. False when absent. */
  readonly isWhole?: boolean;
}

/** Nothing. */
export const fromStart: SpokenSoFar = { text: "", spoken: 0, index: 0, heardMs: 0 };

/** Of an answer that comes again from its beginning, what is new. */
export class GoOn {
  readonly #told: number;
  readonly #spoken: number;
  #at = 0;

  constructor({ text, spoken }: SpokenSoFar) {
    this.#told = text.length;
    this.#spoken = Math.min(spoken, text.length);
  }

  /** Of its next piece, what the listener was not told, and what it did not hear. */
  take(delta: string): { readonly untold: string; readonly unsaid: string } {
    const at = this.#at;
    this.#at += delta.length;
    return { untold: delta.slice(Math.max(0, this.#told - at)), unsaid: delta.slice(Math.max(0, this.#spoken - at)) };
  }
}

/** `events` of one chunk without the first `ms` of its sound. */
export async function* behind<Event extends { readonly type: string }>(
  events: AsyncIterable<Event | Sound>,
  ms: number,
): AsyncGenerator<Event | Sound, void, undefined> {
  let leftMs = ms;
  for await (const event of events) {
    if (leftMs <= 0 || !isSound(event)) {
      yield event;
      continue;
    }
    const { samples, sampleRateHz } = event.pcm;
    const from = Math.round((leftMs / 1000) * sampleRateHz);
    leftMs = from < samples.length ? 0 : leftMs - durationMs(event.pcm);
    if (from < samples.length) yield { ...event, pcm: { sampleRateHz, samples: samples.subarray(from) } };
  }
}

type Sound = Extract<SpeakEvent, { readonly type: "audio" }>;

function isSound(event: { readonly type: string } | Sound): event is Sound {
  return event.type === "audio";
}
