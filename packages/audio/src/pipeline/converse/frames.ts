/** The recent past of a conversation's ears, frame by frame: who opens them late hears what was said before. */
export interface HeardFrame {
  readonly atMs: number;
  readonly voiced: boolean;
}

/** A pause in what is said; shorter ones are closures of consonants. */
const PAUSE_MS = 160;

/** Keeps the frames of the last `windowMs`. */
export class FrameHistory {
  readonly #frameMs: number;
  readonly #most: number;
  #frames: HeardFrame[] = [];

  constructor(frameMs: number, windowMs: number) {
    this.#frameMs = frameMs;
    this.#most = Math.ceil(windowMs / frameMs);
  }

  push(frame: HeardFrame): void {
    this.#frames.push(frame);
    if (this.#frames.length > 2 * this.#most) this.#frames = this.#frames.slice(-this.#most);
  }

  /** Those that begin at `fromMs` or later. */
  since(fromMs: number): readonly HeardFrame[] {
    const first = this.#frames.findLastIndex(({ atMs }) => atMs < fromMs);
    return this.#frames.slice(first + 1);
  }

  /** Where the first voiced frame at or after `fromMs` begins. */
  firstVoiceMs(fromMs: number): number | undefined {
    return this.since(fromMs).find(({ voiced }) => voiced)?.atMs;
  }

  /** Where the voice that is heard at `atMs` has begun; `atMs` itself when there is silence. */
  runStartMs(atMs: number): number {
    let startMs = atMs;
    for (let i = this.#frames.length - 1; i >= 0; i--) {
      const frame = this.#frames[i];
      if (frame === undefined || frame.atMs >= atMs) continue;
      if (frame.voiced) startMs = frame.atMs;
      else if (startMs - frame.atMs > PAUSE_MS) break;
    }
    return startMs;
  }

  /** Length of the pause that ends at `atMs`, behind voice at or after `fromMs`; 0 when there is none. */
  pauseBeforeMs(atMs: number, fromMs: number): number {
    const last = this.#frames.findLast((frame) => frame.atMs < atMs && frame.voiced);
    return last === undefined || last.atMs < fromMs ? 0 : atMs - last.atMs - this.#frameMs;
  }

  /** Whether there is a pause that begins between two places. */
  pausesBetween(fromMs: number, toMs: number): boolean {
    let silentMs = 0;
    for (const { atMs, voiced } of this.since(fromMs)) {
      if (atMs - silentMs > toMs) return false;
      silentMs = voiced ? 0 : silentMs + this.#frameMs;
      if (silentMs >= PAUSE_MS) return true;
    }
    return false;
  }
}
