/** What a client notes of one turn while it goes on. */
import type { GivenTurn } from "./check.ts";
import { Progress } from "./progress.ts";
import { silenceIn, type Arrival } from "./sound.ts";

/** A turn, with its times (`performance.now()`). */
export interface TimedTurn extends GivenTurn {
  readonly startedMs: number;
  /** All was asked: the wait begins. */
  readonly askedMs: number;
  /** Of the first piece of sound; undefined when none came. */
  readonly firstSoundMs: number | undefined;
  readonly endedMs: number;
  /** Silence within its sound. */
  readonly silentMs: number;
  /** How long it was without a peer, each time. */
  readonly awayMs: readonly number[];
  /** What its client was told, and when since it began, for whoever looks for what went wrong. */
  readonly course: readonly string[];
}

/** Of one turn. */
const MOST_NOTED = 2_000;

export class Taken {
  readonly progress = new Progress();
  readonly #number: number;
  readonly #startedMs = performance.now();
  readonly #arrivals: Arrival[] = [];
  readonly #sentences: string[] = [];
  #askedMs = this.#startedMs;
  #segments: string[] = [];
  readonly #course: string[] = [];
  #soundNotedMs = 0;
  readonly #awayMs: number[] = [];
  #lostMs: number | undefined;
  #answer = "";
  /** By its number: a sentence that is gone on with is told of twice. */
  readonly #toldMs = new Map<number, number>();

  constructor(number: number) {
    this.#number = number;
  }

  /** All was asked now. */
  asked(): void {
    this.#askedMs = performance.now();
  }

  /** For the course alone. */
  note(what: string): void {
    if (this.#course.length < MOST_NOTED)
      this.#course.push(`${Math.round(performance.now() - this.#startedMs)} ${what}`);
  }

  /** The connection is lost. */
  disconnected(why: string): void {
    this.note(`disconnected: ${why}`);
    this.#lostMs ??= performance.now();
  }

  connected(peer: string): void {
    this.note(`connected to ${peer}`);
    if (this.#lostMs !== undefined) this.#awayMs.push(performance.now() - this.#lostMs);
    this.#lostMs = undefined;
  }

  /** Something happens, in work of any kind. */
  event(event: {
    readonly type: string;
    readonly delta?: string | undefined;
    readonly text?: string | undefined;
    readonly index?: number | undefined;
    readonly durationMs?: number | undefined;
  }): void {
    this.note(JSON.stringify(event));
    switch (event.type) {
      case "segment":
        this.#segments.push(event.text ?? "");
        break;
      case "question":
        // The whole question; of a conversation the last one is the longest.
        this.#segments = [event.text ?? ""];
        this.#answer = "";
        this.progress.tell({ type: "asked" });
        break;
      case "text":
        this.#answer += event.delta ?? "";
        this.progress.tell({ type: "text", delta: event.delta ?? "" });
        break;
      case "sentence":
        this.#sentences.push(event.text ?? "");
        this.progress.tell({ type: "sentence" });
        break;
      case "timing":
        this.#toldMs.set(event.index ?? 0, event.durationMs ?? 0);
        this.progress.tell({ type: "sentence-end" });
        break;
      default:
        break;
    }
  }

  sound(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    this.#soundNotedMs += arrival.ms;
    this.note(`sound ${Math.round(arrival.ms)} ms, ${Math.round(this.#soundNotedMs)} ms in all`);
    this.progress.tell({ type: "sound", ms: arrival.ms });
  }

  /** It is over. @param told where the peer has told the whole in the end, that counts */
  end(failure: string | undefined, told?: { readonly transcript: string; readonly answer: string }): TimedTurn {
    this.progress.tell({ type: "over" });
    return {
      number: this.#number,
      failure,
      transcript: told?.transcript ?? this.#segments.join(" "),
      answer: told?.answer ?? this.#answer,
      sentences: this.#sentences,
      soundMs: this.#arrivals.reduce((sum, { ms }) => sum + ms, 0),
      toldMs: this.#toldMs.size === 0 ? undefined : [...this.#toldMs.values()].reduce((sum, ms) => sum + ms, 0),
      startedMs: this.#startedMs,
      askedMs: this.#askedMs,
      firstSoundMs: this.#arrivals[0]?.atMs,
      endedMs: performance.now(),
      silentMs: silenceIn(this.#arrivals),
      awayMs: this.#awayMs,
      course: this.#course,
    };
  }
}
