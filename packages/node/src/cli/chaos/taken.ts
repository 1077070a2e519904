/** What a client notes of one turn while it goes on: what it was given, when, and how far it has got. */
import type { TurnEvent } from "@parley/sdk";
import type { Moment, TurnKind } from "./schedule.ts";

/** What a client was given in one turn. */
export interface GivenTurn {
  readonly number: number;
  readonly kind: TurnKind;
  /** Why it has no end, or a bad one; undefined: it ended as it should. */
  readonly failure: string | undefined;
  /** Of an answer: its text. */
  readonly text: string;
  /** As they were begun to be spoken, each with its sound. */
  readonly sentences: readonly { readonly text: string; readonly soundMs: number }[];
  readonly soundMs: number;
  /** From its beginning to the first that was given; undefined: nothing was. */
  readonly firstMs: number | undefined;
  /** Silence within what was played as it came; without sound the longest pause. */
  readonly silentMs: number;
  readonly tookMs: number;
  /** How often it lost its connection. */
  readonly lost: number;
}

interface Arrival {
  readonly atMs: number;
  readonly soundMs: number;
}

/** Silence within what is played as it comes. */
export function silenceIn(arrivals: readonly Arrival[]): number {
  let [playedUntilMs, silentMs] = [arrivals[0]?.atMs ?? 0, 0];
  for (const { atMs, soundMs } of arrivals) {
    silentMs += Math.max(0, atMs - playedUntilMs);
    playedUntilMs = Math.max(playedUntilMs, atMs) + soundMs;
  }
  return silentMs;
}

function longestPause(arrivals: readonly Arrival[]): number {
  return Math.max(0, ...arrivals.slice(1).map(({ atMs }, index) => atMs - (arrivals[index]?.atMs ?? atMs)));
}

/** How an undisturbed turn went: by it a moment is found in a later one. */
export type Course = Pick<GivenTurn, "sentences" | "firstMs" | "soundMs" | "text">;

export class Taken {
  readonly #turn: { readonly number: number; readonly kind: TurnKind };
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  readonly #sentences: { text: string; soundMs: number }[] = [];
  readonly #arrivals: Arrival[] = [];
  readonly #waiting = new Set<() => void>();
  #text = "";
  #soundMs = 0;
  #lost = 0;
  #isOver = false;
  #isDone = false;

  constructor(turn: { readonly number: number; readonly kind: TurnKind }, nowMs = (): number => performance.now()) {
    this.#turn = turn;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether anything was given yet. */
  get hasBegun(): boolean {
    return this.#arrivals.length > 0;
  }

  /** The connection is lost. */
  disconnected(): void {
    this.#lost += 1;
  }

  event(event: TurnEvent): void {
    switch (event.type) {
      case "text":
        this.#text += event.delta;
        if (this.#sentences.length === 0) this.#arrived(0);
        break;
      case "sentence":
        this.#sentences.push({ text: event.text, soundMs: 0 });
        break;
      case "audio": {
        const soundMs = (1_000 * event.samples.length) / event.sampleRateHz;
        const last = this.#sentences.at(-1);
        if (last !== undefined) last.soundMs += soundMs;
        this.#soundMs += soundMs;
        this.#arrived(soundMs);
        break;
      }
      case "done":
        this.#isDone = true;
        break;
      default:
        break;
    }
    this.#look();
  }

  /** Fulfilled in the midst of it; false when the turn ended before. */
  async until(moment: Exclude<Moment, "between-turns">, share: number, usual: Course): Promise<boolean> {
    if (moment === "mid-thinking") {
      let isDue = false;
      const due = (): void => {
        isDue = true;
        this.#look();
      };
      const timer = setTimeout(due, share * (usual.firstMs ?? 0));
      // What comes sooner than usual is not waited out.
      const isMet = await this.#when(() => this.hasBegun || isDue);
      clearTimeout(timer);
      return isMet;
    }
    if (usual.sentences.length === 0) return this.#when(() => this.#text.length >= share * usual.text.length);
    const sentence = 1 + Math.floor(share * Math.max(1, usual.sentences.length - 1));
    return this.#when(() => this.#sentences.length >= sentence && (this.#sentences.at(-1)?.soundMs ?? 0) > 0);
  }

  /** It is over. */
  end(failure?: string): GivenTurn {
    this.#isOver = true;
    this.#look();
    const hasSound = this.#soundMs > 0;
    const first = this.#arrivals[0];
    return {
      ...this.#turn,
      failure: failure ?? (this.#isDone ? undefined : "it ended without its end being told"),
      text: this.#text,
      sentences: this.#sentences,
      soundMs: this.#soundMs,
      firstMs: first === undefined ? undefined : first.atMs - this.#startedMs,
      silentMs: hasSound ? silenceIn(this.#sounds) : longestPause(this.#arrivals),
      tookMs: this.#nowMs() - this.#startedMs,
      lost: this.#lost,
    };
  }

  /** What is written before it is spoken is no sound. */
  get #sounds(): readonly Arrival[] {
    return this.#arrivals.filter(({ soundMs }) => soundMs > 0);
  }

  #arrived(soundMs: number): void {
    this.#arrivals.push({ atMs: this.#nowMs(), soundMs });
  }

  #look(): void {
    for (const look of this.#waiting) look();
  }

  #when(holds: () => boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!this.#isOver && !holds()) return;
        this.#waiting.delete(look);
        resolve(!this.#isOver);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
