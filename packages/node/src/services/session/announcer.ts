/** Says what nobody asked for, such as that a timer has ended, in a live conversation: when nothing else is being said. */
import type { Pcm } from "@parley/audio";
import type { ReplyPlayback } from "@parley/audio/converse";
import type { Privacy } from "../../routing/index.ts";

/** Where it is said. */
export interface AnnouncerOptions {
  readonly playback: Pick<ReplyPlayback, "play" | "finished" | "stop">;
  /** The sound of a text, made no farther away than `privacy` says. */
  readonly speak: (text: string, signal: AbortSignal, privacy: Privacy | undefined) => AsyncIterable<Pcm>;
  /** Ends with the conversation. */
  readonly signal: AbortSignal;
  readonly onFailure: (error: unknown) => void;
}

interface Announcement {
  readonly text: string;
  readonly privacy: Privacy | undefined;
}

/** Announcements that wait. */
const MOST_WAITING = 8;

export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #waiting: Announcement[] = [];
  #isIdle = false;
  #saying: AbortController | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.#hush(), { once: true });
  }

  /** False: too much waits to be said already, or the conversation is over. */
  say(text: string, privacy?: Privacy): boolean {
    if (this.#options.signal.aborted || this.#waiting.length >= MOST_WAITING) return false;
    this.#waiting.push({ text, privacy });
    this.#next();
    return true;
  }

  /** How the conversation is now: while something goes on in it, nothing is announced, and what was being said is said again later. */
  note(isIdle: boolean): void {
    this.#isIdle = isIdle;
    if (isIdle) this.#next();
    else this.#hush();
  }

  #hush(): void {
    const saying = this.#saying;
    if (saying === undefined) return;
    this.#saying = undefined;
    saying.abort();
    void Promise.resolve(this.#options.playback.stop()).catch(this.#options.onFailure);
  }

  #next(): void {
    const [next] = this.#waiting;
    if (next === undefined || !this.#isIdle || this.#saying !== undefined || this.#options.signal.aborted) return;
    const saying = new AbortController();
    this.#saying = saying;
    void this.#say(next, saying);
  }

  async #say({ text, privacy }: Announcement, saying: AbortController): Promise<void> {
    const { speak, playback, signal: over, onFailure } = this.#options;
    const signal = AbortSignal.any([saying.signal, over]);
    try {
      for await (const pcm of speak(text, signal, privacy)) {
        if (signal.aborted || !(await playback.play(pcm, signal))) break;
      }
      if (!signal.aborted) await playback.finished(signal);
    } catch (error) {
      if (!signal.aborted) onFailure(error);
    }
    // Who was interrupted begins again when it is quiet.
    if (this.#saying !== saying) return;
    this.#saying = undefined;
    this.#waiting.shift();
    this.#next();
  }
}
