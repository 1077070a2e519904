/** Why work ends whose client is gone, or whose session moves: it is not taken back, and may be gone on with. */
import { AudioError } from "@parley/audio";

export class VisitOver extends AudioError {
  constructor() {
    super("job-cancelled", "the client is gone", { nextStep: "Connect again: what was under way is gone on with." });
  }
}

/** Whether what `signal` ends was left rather than taken back. */
export function isLeft(signal: AbortSignal | undefined): boolean {
  return signal?.reason instanceof VisitOver;
}
