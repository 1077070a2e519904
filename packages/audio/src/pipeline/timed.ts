/** The sound of one chunk, and when it is complete, its words in time. */
import type { Pcm } from "../format/pcm.ts";
import type { Spoken } from "../turn/saying/spoken.ts";
import { createEnvelopeMeter } from "../turn/timing/envelope.ts";
import { timeSpeech } from "../turn/timing/timing.ts";
import type { SpeakEvent } from "./speak-event.ts";

/** Passes `sound` on as `audio` events; a `timing` event follows. */
export async function* timed(
  sound: AsyncIterable<Pcm>,
  index: number,
  spoken: Spoken,
  language: string | undefined,
): AsyncGenerator<Extract<SpeakEvent, { type: "audio" | "timing" }>, void, undefined> {
  let samples = 0;
  let meter: ReturnType<typeof createEnvelopeMeter> | undefined;
  let rateHz = 0;
  for await (const pcm of sound) {
    rateHz = pcm.sampleRateHz;
    meter ??= createEnvelopeMeter(rateHz);
    meter.push(pcm.samples);
    samples += pcm.samples.length;
    yield { type: "audio", index, pcm };
  }
  const durationMs = samples === 0 ? 0 : (1000 * samples) / rateHz;
  yield { type: "timing", index, timing: timeSpeech(spoken, { durationMs, levels: meter?.levels(), language }) };
}
