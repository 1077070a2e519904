/**
 * Frames of speech probability become stretches of speech.
 *
 * A voice begins at a frame of at least the upper threshold and goes on until a frame is below the lower one. Once there
 * was enough of it, a stretch begins, at the voice's first frame; it ends when there was no voice for the silence
 * timeout. What was voice before that is not lost in short pauses: "no … wait" adds up.
 */
import { leastProbable } from "./least-probable.ts";
import { speechLimits, type SpeechLimits, type SpeechOptions } from "./options.ts";

/** One look at the stream, {@link SpeechFrame.atMs} after its first sample. Frames follow each other without gaps. */
export interface SpeechFrame {
  readonly atMs: number;
  /** 0 to 1. */
  readonly probability: number;
}

/** What happened, with times from the stream's first sample. */
export type SpeechEvent =
  /** Told late by what it took to be sure; `atMs` is when the voice began. */
  | { readonly type: "speech-start"; readonly atMs: number }
  | {
      readonly type: "speech-end";
      /** The voice itself. */
      readonly startMs: number;
      readonly endMs: number;
      /** What to give a recogniser: the voice with its margins. No two stretches share any of it. */
      readonly fromMs: number;
      readonly toMs: number;
      /** How much silence was heard behind the voice before the end was decided. */
      readonly silenceMs: number;
      /** True: it had become too long, and goes on in the next stretch. */
      readonly cut: boolean;
    };

/**
 * What the last frame left: `silence`; `voice`, of which there is not enough yet to be sure; `speech`, inside a stretch
 * and voiced; `pause`, inside a stretch and not.
 */
export type SpeechState = "silence" | "voice" | "speech" | "pause";

/** What one frame brought. */
export interface SpeechStep {
  readonly events: readonly SpeechEvent[];
  readonly state: SpeechState;
}

/** A stream under watch. */
export interface SpeechTracker {
  /** The next frame. */
  push(frame: SpeechFrame): SpeechStep;
  /** The stream is over: a stretch that is still open is closed. The tracker is then as new. */
  end(): readonly SpeechEvent[];
}

/** Voice that may become, or is, a stretch. */
interface Open {
  startMs: number;
  /** Where its sound is taken from: with the margin, but not from before the end of the last stretch. */
  fromMs: number;
  /** End of the last voiced frame. */
  endMs: number;
  /** Sum of the voiced frames. */
  voicedMs: number;
  /** There was enough voice; `speech-start` was told. */
  sure: boolean;
  /** Voiced now. */
  voiced: boolean;
  /** Since `startMs`, at most the longest stretch of them. */
  frames: HeardFrame[];
}

/** A frame, and whether it was voiced where it stands. */
interface HeardFrame extends SpeechFrame {
  readonly voiced: boolean;
}

/**
 * Without voice for this long, what was not yet enough to be speech is forgotten: knocks at a door do not add up. But
 * no longer than the silence timeout.
 */
const FORGET_AFTER_MS = 250;

/** A new tracker for frames of `frameMs`. @throws RangeError when an option makes no sense. */
export function createSpeechTracker(frameMs: number, options: SpeechOptions = {}): SpeechTracker {
  if (!(frameMs > 0)) throw new RangeError(`frameMs must be more than 0, not ${frameMs}`);
  return new Tracker(frameMs, speechLimits(options));
}

class Tracker implements SpeechTracker {
  readonly #frameMs: number;
  readonly #limits: SpeechLimits;
  #open: Open | undefined;
  /** Where the sound of the last stretch ended. */
  #takenMs = 0;
  #nowMs = 0;

  constructor(frameMs: number, limits: SpeechLimits) {
    this.#frameMs = frameMs;
    this.#limits = limits;
  }

  push(frame: SpeechFrame): SpeechStep {
    this.#nowMs = frame.atMs + this.#frameMs;
    const events: SpeechEvent[] = [];
    const open = this.#hear(frame);
    if (open !== undefined) {
      if (!open.sure && open.voicedMs >= this.#limits.minSpeechMs) events.push(this.#begin(open));
      this.#considerEnd(open, events);
    }
    return { events, state: this.#state() };
  }

  end(): readonly SpeechEvent[] {
    const open = this.#open;
    const events = open?.sure === true ? [this.#close(open)] : [];
    this.#open = undefined;
    this.#takenMs = 0;
    this.#nowMs = 0;
    return events;
  }

  #hear(frame: SpeechFrame): Open | undefined {
    const { onProbability, offProbability } = this.#limits;
    const isVoice = frame.probability >= (this.#open?.voiced === true ? offProbability : onProbability);
    if (isVoice) this.#open ??= this.#openAt(frame.atMs);
    const open = this.#open;
    if (open === undefined) return undefined;
    open.voiced = isVoice;
    open.frames.push({ ...frame, voiced: isVoice });
    if (isVoice) {
      open.voicedMs += this.#frameMs;
      open.endMs = frame.atMs + this.#frameMs;
    }
    return open;
  }

  #openAt(startMs: number): Open {
    const fromMs = Math.max(this.#takenMs, startMs - this.#limits.leadMs, 0);
    return { startMs, fromMs, endMs: startMs, voicedMs: 0, sure: false, voiced: true, frames: [] };
  }

  #begin(open: Open): SpeechEvent {
    open.sure = true;
    return { type: "speech-start", atMs: open.startMs };
  }

  #considerEnd(open: Open, events: SpeechEvent[]): void {
    const { silenceTimeoutMs, maxSpeechMs } = this.#limits;
    const silenceMs = this.#nowMs - open.endMs;
    if (!open.sure) {
      if (!open.voiced && silenceMs >= Math.min(silenceTimeoutMs, FORGET_AFTER_MS)) this.#open = undefined;
    } else if (!open.voiced && silenceMs >= silenceTimeoutMs) {
      events.push(this.#close(open));
      this.#open = undefined;
    } else if (this.#nowMs - open.startMs >= maxSpeechMs) {
      this.#cut(open, events);
    }
  }

  /** Ends the stretch. Its sound goes on behind the voice as far as the margin says and as it was heard. */
  #close(open: Open): SpeechEvent {
    const { startMs, fromMs, endMs } = open;
    const toMs = Math.min(endMs + this.#limits.tailMs, this.#nowMs);
    this.#takenMs = toMs;
    return { type: "speech-end", startMs, endMs, fromMs, toMs, silenceMs: this.#nowMs - endMs, cut: false };
  }

  /** Ends the stretch where a voice was least probable in its second half, and begins the next with what follows. */
  #cut(open: Open, events: SpeechEvent[]): void {
    const { startMs, fromMs } = open;
    const at = leastProbable(open.frames, Math.floor(open.frames.length / 2));
    const rest = open.frames.slice(at);
    const toMs = rest[0]?.atMs ?? this.#nowMs;
    const lastVoiced = open.frames.slice(0, at).findLast(({ voiced }) => voiced);
    const endMs = lastVoiced === undefined ? toMs : lastVoiced.atMs + this.#frameMs;
    events.push({ type: "speech-end", startMs, endMs, fromMs, toMs, silenceMs: toMs - endMs, cut: true });
    this.#takenMs = toMs;
    this.#open = undefined;
    for (const frame of rest) this.#hear(frame);
    // What follows is the same speech: it needs no proof, if there is any voice in it at all.
    if (this.#open !== undefined) events.push(this.#begin(this.#open));
  }

  #state(): SpeechState {
    const open = this.#open;
    if (open === undefined) return "silence";
    if (!open.sure) return open.voiced ? "voice" : "silence";
    return open.voiced ? "speech" : "pause";
  }
}
