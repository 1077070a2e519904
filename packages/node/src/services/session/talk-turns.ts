/** The turns of one live conversation, noted as they go. */
import type { ConversationEvent, ResumedTurn } from "@parley/audio/converse";
import type { SpokenSoFar } from "@parley/audio/pipeline";
import type { CutTurn, TurnAbout, TurnLog } from "./turn-log.ts";
import type { Turns } from "./turns.ts";

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
  #looking: NodeJS.Timeout | undefined;

  constructor(options: TalkTurnsOptions) {
    this.#options = options;
  }

  /**
   * Goes on with a turn that was cut, as the first one here.
   * @param has what its client has of it; it may not know yet that it was taken on, or know of one that nobody else knows
   */
  resume(
    cut: CutTurn | undefined,
    has: { readonly question: string; readonly soFar: SpokenSoFar } | undefined,
  ): ResumedTurn | undefined {
    if (cut === undefined && has === undefined) return undefined;
    const { turns, about } = this.#options;
    const soFar = has?.soFar ?? NOTHING;
    const log = cut === undefined ? turns.begin(about()) : turns.goOn(cut, soFar.text);
    if (cut === undefined) {
      log.ask(has?.question ?? "");
      log.wrote(soFar.text);
      log.accept();
    }
    this.#logs.set(1, log);
    this.#current = 1;
    return { question: log.question, soFar, isNews: has === undefined };
  }

  /** The log of a turn that is thought about. */
  of(turn: number, question: string): TurnLog {
    let log = this.#logs.get(turn);
    if (log === undefined) {
      log = this.#options.turns.begin(this.#options.about());
      this.#logs.set(turn, log);
    }
    this.#current = turn;
    if (!log.isAccepted || log.question !== question) log.ask(question);
    return log;
  }

  note(event: ConversationEvent): void {
    if (event.type === "state") return this.#state(event.turn, CERTAIN.has(event.state), event.state === "speaking");
    if (!("turn" in event)) return;
    const log = this.#logs.get(event.turn);
    if (log === undefined) return;
    if (event.type === "question") log.through(event.throughMs + this.#options.audioFromMs);
    if (event.type === "text") log.wrote(event.delta);
    if (event.type === "sentence") log.sentence(event.index, event.to);
    if (event.type === "timing") log.sounded(event.index, event.timing.durationMs);
  }

  /** A turn is over, and what came of it is remembered. */
  ended(turn: number): void {
    const log = this.#logs.get(turn);
    if (log === undefined) return;
    this.#logs.delete(turn);
    this.#options.turns.ended(log);
  }

  /** The conversation is over. @param isLeft its client may come back and go on with it */
  close(isLeft: boolean): void {
    clearInterval(this.#looking);
    for (const log of this.#logs.values()) {
      if (isLeft) this.#options.turns.left(log);
      else this.#options.turns.ended(log);
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
