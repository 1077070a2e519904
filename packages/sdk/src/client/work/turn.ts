/** Work whose events its caller reads: asking, listening, saying. */
import type { AudioFrame } from "../../protocol/audio-frame.ts";
import type { OpusFrame } from "../../protocol/opus-frame.ts";
import type { CutAnswer } from "../../protocol/resume.ts";
import { workEventSchema, type CommandName, type TurnEvent, type WorkEvent } from "../../protocol/work.ts";
import { EventQueue } from "../event-queue.ts";
import { msUntil, samplesUntil, type Course, type NextPeer, type Said, type WorkRequest } from "./course.ts";
import { Having } from "./having.ts";
import { BEFORE_SPEECH_SAMPLES } from "./upload.ts";

/** Of live sound in which nothing was heard, the last half minute is kept: no peer is further behind. */
const QUIET_SAMPLES = samplesUntil(30_000);

/** Stretches that may wait for their words; of more the earliest count. */
const MOST_BEGUN = 256;

/** What all of them share. */
abstract class Turn implements Course {
  readonly events: EventQueue<TurnEvent>;
  readonly mayMiss: boolean = false;

  constructor(onAbandon: () => void) {
    this.events = new EventQueue(onAbandon);
  }

  abstract request(from: number, peer: NextPeer): WorkRequest | undefined;
  abstract lost(): boolean;
  abstract neededFrom(said: Said): number | undefined;
  /** What the caller is to hear of `event`; undefined: nothing, for it knows it already. */
  protected abstract heard(event: WorkEvent): WorkEvent | undefined;
  /** Sound is on its way to the caller; `ms` of it, where that is known. */
  protected abstract sounded(ms: number | undefined): void;

  event(given: Readonly<Record<string, unknown>>): void {
    const parsed = workEventSchema.safeParse(given);
    // A newer peer may say more than this client knows; what it does not know it passes over.
    if (!parsed.success) return;
    const event = this.heard(parsed.data);
    if (event !== undefined) this.events.push(event);
  }

  audio({ sampleRateHz, samples }: AudioFrame): void {
    this.sounded((1000 * samples.length) / sampleRateHz);
    this.events.push({ type: "audio", sampleRateHz, samples });
  }

  opus({ bytes }: OpusFrame): void {
    this.sounded(undefined);
    this.events.push({ type: "opus", bytes });
  }

  end(): void {
    this.events.end();
  }

  fail(error: unknown): void {
    this.events.fail(error);
  }
}

/**
 * Speech to text. What was told as a whole stretch is done with; the next peer hears the rest, and its times and numbers are put
 * where they belong in the whole.
 */
export class ListenTurn extends Turn {
  readonly #parameters: WorkRequest["parameters"];
  /** Where this peer's audio begins in the whole. */
  #from = 0;
  /** Stretches that earlier peers have told. */
  #before = 0;
  #told = 0;
  /** Behind the last stretch that was told. */
  #settled = 0;
  /** Where stretches have begun that were not told yet, in order. */
  #begun: number[] = [];

  constructor(parameters: WorkRequest["parameters"], onAbandon: () => void) {
    super(onAbandon);
    this.#parameters = parameters;
  }

  request(from: number): WorkRequest {
    this.#from = from;
    this.#before = this.#told;
    this.#begun = [];
    return { command: "listen", parameters: this.#parameters };
  }

  lost(): boolean {
    return true;
  }

  neededFrom({ samples, isLive }: Said): number {
    const [first] = this.#begun;
    if (first !== undefined) return Math.max(this.#settled, first - BEFORE_SPEECH_SAMPLES);
    return isLive ? Math.max(this.#settled, samples - QUIET_SAMPLES) : this.#settled;
  }

  protected heard(event: WorkEvent): WorkEvent {
    const laterMs = msUntil(this.#from);
    if (event.type === "speech-start") {
      const atMs = event.atMs + laterMs;
      if (this.#begun.length < MOST_BEGUN) this.#begun.push(samplesUntil(atMs));
      return { ...event, atMs };
    }
    if (event.type === "partial") return { ...event, segment: event.segment + this.#before };
    if (event.type !== "segment") return event;
    const endMs = event.endMs + laterMs;
    this.#settled = Math.max(this.#settled, samplesUntil(endMs));
    this.#begun = this.#begun.filter((at) => at >= this.#settled);
    this.#told += 1;
    const words = event.words?.map((word) => ({
      ...word,
      startMs: word.startMs + laterMs,
      ...(word.endMs === undefined ? {} : { endMs: word.endMs + laterMs }),
    }));
    return {
      ...event,
      segment: event.segment + this.#before,
      startMs: event.startMs + laterMs,
      endMs,
      ...(words === undefined ? {} : { words }),
    };
  }

  protected sounded(): void {
    // Nothing is said to who listens.
  }
}

/** What is said to the caller, in text or sound: another peer goes on where the caller has got to. What came does not come again. */
abstract class AnsweredTurn extends Turn {
  readonly #workId: string;
  protected readonly having: Having;

  /** @param begun what another client has begun to hear or read: its text is told as if it came now */
  constructor(onAbandon: () => void, begun?: CutAnswer) {
    super(onAbandon);
    this.#workId = begun?.workId ?? crypto.randomUUID();
    this.having = begun === undefined ? new Having() : Having.of(begun);
    if (begun === undefined) return;
    this.events.push({ type: "question", text: begun.question });
    if (begun.text !== "") this.events.push({ type: "text", delta: begun.text });
  }

  get isSounding(): boolean {
    return this.having.soundMs > 0;
  }

  request(_from: number, { resumes }: NextPeer): WorkRequest | undefined {
    if (!this.having.isEmpty && !resumes) return undefined;
    const { command, parameters } = this.wanted();
    const soFar = this.having.isEmpty ? {} : { soFar: this.having.soFar(this.question) };
    return { command, parameters: { ...parameters, workId: this.#workId, ...soFar } };
  }

  lost(): boolean {
    this.having.cut();
    return this.having.isEmpty || this.having.canGoOn;
  }

  /** What is wanted of any peer. */
  protected abstract wanted(): WorkRequest;
  /** What is answered, once it is known. */
  protected abstract readonly question: string | undefined;

  protected sounded(ms: number | undefined): void {
    if (ms === undefined) this.having.lostCount();
    this.having.sound(ms ?? 1);
  }

  protected heard(event: WorkEvent): WorkEvent | undefined {
    if (event.type !== "text" && event.type !== "sentence" && event.type !== "timing") return event;
    return this.having.take(event) ? event : undefined;
  }
}

/**
 * A question. Until it is known in words the next peer hears all of its sound. What the caller has been told of it, and of its answer,
 * it is not told again.
 */
export class AskTurn extends AnsweredTurn {
  readonly #parameters: WorkRequest["parameters"];
  readonly #inSound: boolean;
  #question: string | undefined;
  #segments = 0;
  /** Of this peer's stretches. */
  #heardSegments = 0;
  #speechStarts = 0;
  #heardStarts = 0;

  /** @param parameters those of the command `ask` @param begun by another client, which this one goes on for */
  constructor(parameters: WorkRequest["parameters"], inSound: boolean, onAbandon: () => void, begun?: CutAnswer) {
    super(onAbandon, begun);
    this.#parameters = parameters;
    this.#inSound = inSound;
    this.#question = begun?.question;
  }

  neededFrom(): number | undefined {
    return this.#inSound && this.#question === undefined ? 0 : undefined;
  }

  protected get question(): string | undefined {
    return this.#question;
  }

  protected wanted(): WorkRequest {
    this.#heardSegments = 0;
    this.#heardStarts = 0;
    if (this.#question === undefined) return { command: "ask", parameters: this.#parameters };
    const input =
      this.#inSound || this.#parameters["input"] === undefined
        ? { kind: "text", text: this.#question }
        : this.#parameters["input"];
    return { command: "ask", parameters: { ...this.#parameters, input } };
  }

  protected override heard(event: WorkEvent): WorkEvent | undefined {
    switch (event.type) {
      case "speech-start":
        this.#heardStarts += 1;
        if (this.#heardStarts <= this.#speechStarts) return undefined;
        this.#speechStarts = this.#heardStarts;
        return event;
      case "partial":
        return event.segment < this.#segments ? undefined : event;
      case "segment":
        this.#heardSegments += 1;
        if (this.#heardSegments <= this.#segments) return undefined;
        this.#segments = this.#heardSegments;
        return event;
      case "question":
        if (this.#question !== undefined) return undefined;
        this.#question = event.text;
        return event;
      default:
        return super.heard(event);
    }
  }
}

/** Text to sound. */
export class SayTurn extends AnsweredTurn {
  readonly #parameters: WorkRequest["parameters"];
  protected readonly question: undefined;

  /** @param parameters those of the command `say` */
  constructor(parameters: WorkRequest["parameters"], onAbandon: () => void) {
    super(onAbandon);
    this.#parameters = parameters;
  }

  neededFrom(): undefined {
    return undefined;
  }

  protected wanted(): WorkRequest {
    return { command: "say", parameters: this.#parameters };
  }
}

/** The commands of these. */
export type TurnCommand = Extract<CommandName, "ask" | "listen" | "say">;
