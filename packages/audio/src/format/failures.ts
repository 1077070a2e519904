/** The errors of decoding, worded once. */
import { AudioError } from "../errors.ts";
import type { ErrorDetails } from "../errors.ts";

/** What a person does with a file we cannot read, whatever is in it. */
export const CONVERT_STEP = "Convert it with: ffmpeg -i INPUT -ac 1 -ar 16000 out.wav";

const AGAIN_STEP = "Get or record the audio again; what decoded up to the damage is usable.";

export function emptyAudio(label: string, why: string): AudioError {
  return new AudioError("audio-empty", `${label} holds no sound: ${why}.`, {
    nextStep: "Check that the recording worked: the file should be more than a header.",
  });
}

export function truncatedAudio(label: string, what: string, details: ErrorDetails = {}): AudioError {
  return new AudioError("audio-truncated", `${label} is cut short: ${what}.`, {
    nextStep: "Copy or download the file again; what is there has been decoded and is usable.",
    details,
  });
}

export function corruptAudio(label: string, what: string, cause?: unknown): AudioError {
  return new AudioError("audio-corrupt", `${label} is damaged: ${what}.`, { nextStep: AGAIN_STEP, cause });
}

export function unsupportedAudio(label: string, what: string): AudioError {
  return new AudioError("audio-unsupported", `${label} ${what}.`, { nextStep: CONVERT_STEP });
}
