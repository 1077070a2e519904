/** The turns of one live conversation, noted as they go. */
import type { ConversationEvent, ResumedTurn } from "@parley/audio/converse";
import type { SpokenSoFar } from "@parley/audio/pipeline";
import { answers, type CutTurn, type TurnAbout, type TurnLog } from "./turn-log.ts";
import type { Has } from "./options.ts";
import { talkOf, type Turns } from "./turns.ts";

/** Options of {@link TalkTurns}. */
export interface TalkTurnsOptions {
  readonly turns: Turns;
  /** Of its next turn. */
  readonly about: () => TurnAbout;
  /** Where the microphone's first sample stands in the whole conversation. */
  readonly audioFromMs: number;
  /** How much of the reply in hand was heard. */
  readonly heardMs: () => number;
}

/** The states in which it is certain what was asked. */
const CERTAIN: ReadonlySet<string> = new Set(["processing", "responding", "speaking"]);
const LOOK_MS = 500;
const NOTHING: SpokenSoFar = { text: "", spoken: 0, index: 0, heardMs: 0 };

export class TalkTurns {
  readonly #options: TalkTurnsOptions;
  readonly #logs = new Map<number, TurnLog>();
  /** The turn whose answer is being made or heard. */
  #current: number | undefined;
  /** The turn that was begun elsewhere, until it is thought about here. */
  #resumed: number | undefined;
  /** Questions that are thought about, and of which the conversation has not told yet: what it tells is of the thought before. */
  readonly #untold = new Map<number, number>();
  #soFar = NOTHING;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: TalkTurnsOptions) {
    this.#options = options;
  }

  /**
   * Goes on with a turn that was cut, as the first one here.
   * @param has what its client has of it; it may not know yet that it was taken on, or know of one that nobody else knows
   */
  resume(cut: CutTurn | undefined, has: Has | undefined): ResumedTurn | undefined {
    const { turns, about } = this.#options;
    // Of a turn of which only its tools are known, nobody but its client knows what was asked.
    const question = has?.question ?? cut?.question ?? "";
    if (question === "" || (has === undefined && cut?.isOver === true)) return undefined;
    // It may have been asked otherwise, or something else, before its client was told: then that counts, and is news.
    const isNews = has === undefined || (cut !== undefined && !answers(cut, question));
    const soFar = isNews ? NOTHING : has.soFar;
    const isUnknown = cut === undefined || cut.question === "";
    const log = cut === undefined ? turns.begin(called(about(), has?.turnId)) : turns.goOn(cut, soFar.text);
    if (isUnknown) {
      log.ask(question);
      log.has(soFar.text);
      log.accept();
    }
    if (soFar.isWhole === true) log.ends(soFar.text);
    this.#logs.set(1, log);
    [this.#current, this.#resumed] = [1, 1];
    if (isNews) this.#untold.set(1, 1);
    // What had ended, and not with all of it heard, was not wanted to its end.
    const isStopped = log.isOver && log.begun.text === soFar.text;
    this.#soFar = isStopped ? { ...soFar, spoken: soFar.text.length, heardMs: 0 } : soFar;
    return { question: log.question, soFar: this.#soFar, isNews };
  }

  /** The log of a turn that is thought about. */
  of(turn: number, question: string): TurnLog {
    let log = this.#logs.get(turn);
    if (log === undefined) {
      log = this.#options.turns.begin(this.#options.about());
      this.#logs.set(turn, log);
    }
    this.#current = turn;
    if (this.#resumed === turn && log.question === question) {
      this.#resumed = undefined;
      return log;
    }
    this.#resumed = undefined;
    this.#untold.set(turn, (this.#untold.get(turn) ?? 0) + 1);
    log.ask(question);
    return log;
  }

  note(event: ConversationEvent): void {
    if (event.type === "state") return this.#state(event.turn, CERTAIN.has(event.state), event.state === "speaking");
    if (!("turn" in event)) return;
    const log = this.#logs.get(event.turn);
    if (log === undefined) return;
    const untold = this.#untold.get(event.turn) ?? 0;
    if (event.type === "question") {
      this.#untold.set(event.turn, Math.max(0, untold - 1));
      if (event.throughMs > 0) log.through(event.throughMs + this.#options.audioFromMs);
    }
    if (untold > 0) return;
    if (event.type === "sentence") log.sentence(event.index, event.to);
    if (event.type === "timing") log.sounded(event.index, this.#soundMs(event));
  }

  /** Of a sentence that was begun elsewhere only the rest sounds here. */
  #soundMs({ turn, index, timing }: Extract<ConversationEvent, { type: "timing" }>): number {
    const isCut = turn === 1 && index === this.#soFar.index;
    return Math.max(0, timing.durationMs - (isCut ? this.#soFar.heardMs : 0));
  }

  /** What is known of it from its beginning; undefined where nothing is. */
  aboutOf(turn: number): TurnAbout | undefined {
    return this.#logs.get(turn)?.about;
  }

  /** What a turn is called, wherever it is gone on with. */
  idOf(turn: number): string | undefined {
    return this.#logs.get(turn)?.about.workId;
  }

  /** Of its whole answer; undefined where that is not known, or it is thought about anew. */
  lengthOf(turn: number): number | undefined {
    return (this.#untold.get(turn) ?? 0) > 0 ? undefined : this.#logs.get(turn)?.length;
  }

  /** A turn is over, and what came of it is remembered. */
  ended(turn: number): void {
    const log = this.#logs.get(turn);
    if (log === undefined) return;
    this.#logs.delete(turn);
    this.#untold.delete(turn);
    this.#options.turns.ended(log);
  }

  /** Whether this turn was remembered before it came here. */
  isKnown(turn: number): boolean {
    return this.#logs.get(turn)?.isOver === true;
  }

  /** The conversation is over. @param isLeft its client may come back and go on with it */
  close(isLeft: boolean): void {
    clearInterval(this.#looking);
    for (const log of this.#logs.values()) {
      if (isLeft) this.#options.turns.left(log);
      else this.#options.turns.ended(log, false);
    }
    this.#logs.clear();
  }

  #state(turn: number, isCertain: boolean, isSpeaking: boolean): void {
    if (isCertain) this.#logs.get(turn)?.accept();
    clearInterval(this.#looking);
    if (!isSpeaking) return;
    this.#looking = setInterval(() => this.#logs.get(this.#current ?? 0)?.heardMs(this.#options.heardMs()), LOOK_MS);
    this.#looking.unref();
  }
}

/** A turn of the same conversation that its client knows by another name. */
function called(about: TurnAbout, turnId: string | undefined): TurnAbout {
  const talk = talkOf(about.workId);
  if (turnId === undefined || talk === undefined || talkOf(turnId) !== talk) return about;
  return { ...about, workId: turnId };
}
