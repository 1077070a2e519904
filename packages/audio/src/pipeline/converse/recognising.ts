/** Recognising what was said, also when the engine dies over it: the sound is kept, so it is tried again. */
import type { SpeechToText } from "../../engines/contracts.ts";
import { isAudioError } from "../../errors.ts";
import { abortable } from "../../format/abort.ts";
import type { ConversationClock } from "./contracts.ts";

/** Waits before further tries: an engine that crashed is started anew, another one may be found. */
const RETRY_AFTER_MS = [50, 250, 1000, 2500] as const;

/**
 * The text of `samples`.
 * @throws AudioError of the engine after some four seconds of tries; at once what trying again would not mend.
 */
export async function recognise(
  stt: SpeechToText,
  samples: Float32Array,
  clock: ConversationClock,
  signal: AbortSignal,
): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return (await stt.transcribe(samples, { signal })).text.trim();
    } catch (error) {
      const waitMs = RETRY_AFTER_MS[attempt];
      if (waitMs === undefined || signal.aborted || !mayPass(error)) throw error;
      await pause(clock, waitMs, signal);
    }
  }
}

function mayPass(error: unknown): boolean {
  return isAudioError(
    error,
    "engine-crashed",
    "engine-stalled",
    "engine-out-of-memory",
    "engine-start-failed",
    "engine-busy",
    "engine-failed",
  );
}

async function pause(clock: ConversationClock, ms: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const takeBack = clock.after(ms, over.resolve);
  try {
    await abortable(over.promise, signal, "waiting for the recogniser");
  } finally {
    takeBack();
  }
}
