/** Why a turn failed that was waited for in vain. */
import { AudioError } from "../../errors.ts";
import type { InteractionEffect, Stage, Wait } from "../../turn/interaction/index.ts";
import type { ConversationEvent } from "./contracts.ts";

const REASONS: Readonly<Record<Wait, readonly [stage: Stage, what: string, nextStep: string]>> = {
  transcribeMs: [
    "transcribe",
    "What was said was not recognised within",
    "Say it again; if it goes on, take a smaller recogniser, or let another peer hear.",
  ],
  thinkMs: [
    "think",
    "The answer had no first word within",
    "Ask again; if it goes on, take a faster model or provider.",
  ],
  firstSoundMs: [
    "speak",
    "The answer is written, but none of it was spoken within",
    "Ask again; if it goes on, take a faster voice, or look whether the voice provider answers.",
  ],
  playbackMs: [
    "speak",
    "The loudspeaker has not said how far it got for",
    "Check the loudspeaker and the connection to it, then ask again.",
  ],
};

/** The `problem` that is told of it, with AudioError `job-timed-out`. */
export function overdue({
  turn,
  wait,
  afterMs,
}: Extract<InteractionEffect, { type: "overdue" }>): Extract<ConversationEvent, { type: "problem" }> {
  const [stage, what, nextStep] = REASONS[wait];
  const error = new AudioError("job-timed-out", `${what} ${afterMs / 1000} s.`, {
    nextStep,
    details: { wait, afterMs },
  });
  return { type: "problem", turn, stage, error };
}
