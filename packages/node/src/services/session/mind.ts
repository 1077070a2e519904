/** What a client's conversation thinks with: what was said before, thread by thread, and the tools that its model may use. */
import { latest, type AnswerFate } from "../../assistant/conversation.ts";
import { calculator } from "../../assistant/tools/calculator.ts";
import { isAbleToUseTools } from "../../assistant/tools/able.ts";
import { sayTool, type Speakers } from "../../assistant/tools/say.ts";
import type { Exchange } from "../../assistant/conversation.ts";
import { thinkWithTools, type BegunAnswer } from "../../assistant/tools/think.ts";
import { timerTool } from "../../assistant/tools/timer.ts";
import { isZone, timeTool } from "../../assistant/tools/time.ts";
import { Timers, WALL_CLOCK, type Timer, type TimerClock } from "../../assistant/tools/timers.ts";
import { Toolbox, turnOf } from "../../assistant/tools/toolbox.ts";
import type { ChatMessage, GenerateOptions } from "../../providers/language-model.ts";
import type { Privacy } from "../../routing/index.ts";
import type { Memory } from "../memory/port.ts";
import { ConversationThread } from "../memory/thread.ts";
import type { Services } from "../services.ts";
import { mergeExchanges } from "./merging.ts";
import { idOf } from "./naming.ts";
import { fitted, type SavedMind } from "./saved.ts";
import { Strand } from "./strand.ts";
import type { TurnLog } from "./turn-log.ts";

/** Options of {@link Mind}. */
export interface MindOptions {
  readonly speakers: Speakers;
  readonly onTimer: (timer: Timer) => void;
  readonly clock?: TimerClock | undefined;
  /** A turn could not be kept, and the like: nobody waits for it. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

/** What becomes known of the person once they have come in. */
export interface Acquaintance {
  /** Where their turns are kept, and under whose name; in the session only, when absent. */
  readonly remembered?: { readonly memory: Memory; readonly account: string } | undefined;
  /** Where they are: an IANA name such as `Europe/Berlin`; where the peer is, when absent or unknown. */
  readonly timeZone?: string | undefined;
}

/** One question. */
export interface Question {
  readonly text: string;
  /** The thread that it belongs to; the session's own when absent. */
  readonly threadId?: string | undefined;
  /** Names the turn: the same while it is thought about again. */
  readonly turn: string;
  /** Resolves once the person has certainly finished. */
  readonly certain: Promise<void>;
  readonly signal: AbortSignal;
  readonly privacy: Privacy | undefined;
  readonly isUrgent: boolean;
  /** What is noted of it. What there is of the answer already comes again from its beginning, and is gone on with. */
  readonly log?: TurnLog | undefined;
}

const HOUR_MS = 3_600_000;
/** Threads of one session that are kept at hand; the one that was spoken in longest ago is let go. */
const MOST_STRANDS = 16;

export class Mind {
  readonly #services: Services;
  readonly #options: MindOptions;
  readonly #timers: Timers;
  readonly #strands = new Map<string | undefined, Strand>();
  /** Made with the first question: what it knows of time zones takes some MB, and most peers are never asked. */
  #toolbox: Toolbox | undefined;
  #known: Acquaintance = {};
  /** Of the turns that are thought about, by their names. */
  readonly #logs = new Map<string, { readonly log: TurnLog }>();
  /** Of threads that were spoken in elsewhere, until they are spoken in here. */
  #elsewhere: ReadonlyMap<string | undefined, readonly Exchange[]> = new Map();

  constructor(services: Services, options: MindOptions) {
    this.#services = services;
    this.#options = options;
    this.#timers = new Timers(options.clock ?? WALL_CLOCK, options.onTimer);
  }

  /** Before the first question. */
  meet(known: Acquaintance): void {
    this.#known = known;
    this.#toolbox = undefined;
  }

  /** The thread that is its own; undefined where nothing is kept, and until the first question. */
  get threadId(): string | undefined {
    return this.#strands.get(undefined)?.threadId;
  }

  /** Whether turns are kept, and where its client is. */
  get acquaintance(): { readonly remembers: boolean; readonly timeZone?: string } {
    const { remembered, timeZone } = this.#known;
    return { remembers: remembered !== undefined, ...(timeZone === undefined ? {} : { timeZone }) };
  }

  /** Epoch: of the latest that is remembered. */
  get lastMs(): number {
    const all = [...this.#strands.values()].map(({ lastMs }) => lastMs);
    const elsewhere = [...this.#elsewhere.values()].flat().map(({ atMs = 0 }) => atMs);
    return Math.max(0, ...all, ...elsewhere);
  }

  /** Timers that run. */
  get timers(): number {
    return this.#timers.list.length;
  }

  /** The answer, in pieces as they come. @throws PeerError, AudioError of whoever thinks */
  async *think(question: Question): AsyncGenerator<string> {
    const { log, signal } = question;
    log?.comes();
    for await (const delta of this.#think(question)) {
      // What is not wanted any more may have begun anew.
      signal.throwIfAborted();
      log?.wrote(delta);
      yield delta;
    }
    log?.ends();
  }

  async *#think(question: Question): AsyncGenerator<string> {
    const { text, threadId, turn, certain, signal, privacy, isUrgent, log } = question;
    if (log?.isOver === true || log?.isWhole === true) return yield log.begun.text;
    const messages = await this.#strand(threadId).ask(text, privacy, idOf(turn));
    const how: GenerateOptions = { ...this.#services.generation(signal), ...(isUrgent ? { urgent: true } : {}) };
    const generate = (asked: readonly ChatMessage[]): AsyncIterable<string> =>
      this.#services.think(asked, how, { privacy });
    if (!(await this.#usesTools(privacy))) return yield* begunWith(log?.begun, messages, generate);
    const toolbox = (this.#toolbox ??= this.#toolboxIn(this.#known.timeZone ?? ""));
    const manner = { turn, certain, signal, privacy };
    if (log === undefined) return yield* thinkWithTools(messages, { toolbox, generate, ...manner });
    toolbox.recall(
      log.recalled,
      log.begun.calls.map(({ name }) => name),
    );
    // A turn may be thought about anew before the thinking before has ended.
    const entry = { log };
    this.#logs.set(turn, entry);
    try {
      yield* thinkWithTools(messages, {
        toolbox,
        generate,
        ...manner,
        begun: log.begun,
        note: (call) => log.note(call),
        written: () => log.written(),
      });
    } finally {
      if (this.#logs.get(turn) === entry) this.#logs.delete(turn);
    }
  }

  /** What was said is part of what is thought about next. */
  remember(
    turn: { readonly question: string; readonly answer: string; readonly threadId?: string | undefined },
    fate: AnswerFate = {},
  ): void {
    this.#strand(turn.threadId).remember(turn.question, turn.answer, fate);
  }

  /** What another host would have to be told to go on. */
  get saved(): SavedMind {
    return this.#savedAs(({ saved }) => saved);
  }

  /** {@link saved}, and what is kept in a memory: for another side of the house, which may not know of it yet. */
  get whole(): SavedMind {
    return this.#savedAs(({ whole }) => whole);
  }

  #savedAs(exchangesOf: (strand: Strand) => readonly Exchange[]): SavedMind {
    const own = [...this.#strands]
      .toReversed()
      .map(([threadId, strand]) => ({ threadId, exchanges: [...exchangesOf(strand)] }));
    const others = [...this.#elsewhere]
      .filter(([threadId]) => !this.#strands.has(threadId))
      .map(([threadId, exchanges]) => ({ threadId, exchanges: [...exchanges] }));
    const timers = this.#timers.saved.filter(({ privacy }) => privacy !== "host");
    // Its own conversation comes first.
    const strands = [...own, ...others].toSorted(
      (a, b) => Number(a.threadId !== undefined) - Number(b.threadId !== undefined),
    );
    return fitted({ strands: strands.slice(0, MOST_STRANDS), timers, past: [...this.#timers.past] });
  }

  /** What was said and set on another side of the house comes to what is here, each once; may be done again. */
  merge({ strands, timers, past = [] }: SavedMind): void {
    const elsewhere = new Map(this.#elsewhere);
    for (const { threadId, exchanges } of strands) {
      const strand = this.#strands.get(threadId);
      if (strand !== undefined) strand.merge(exchanges);
      else elsewhere.set(threadId, latest(mergeExchanges(elsewhere.get(threadId) ?? [], exchanges)));
    }
    this.#elsewhere = elsewhere;
    this.#timers.merge(
      timers.map(({ privacy, ...timer }) => ({ ...timer, privacy })),
      past,
    );
  }

  /** Goes on with what another host has {@link saved}; before the first question. */
  restore({ strands, timers, past = [] }: SavedMind): void {
    this.#elsewhere = new Map(strands.map(({ threadId, exchanges }) => [threadId, exchanges]));
    this.#timers.restore(timers.map(({ privacy, ...timer }) => ({ ...timer, privacy })));
    this.#timers.merge([], past);
  }

  /** Settles once all that was said is kept. */
  async close(): Promise<void> {
    this.#timers.close();
    await Promise.all([...this.#strands.values()].map((strand) => strand.close()));
  }

  #strand(threadId: string | undefined): Strand {
    const known =
      this.#strands.get(threadId) ??
      new Strand(this.#services.config.llm.system_prompt, this.#thread(threadId), this.#elsewhere.get(threadId));
    // The one that is spoken in is the last.
    this.#strands.delete(threadId);
    this.#strands.set(threadId, known);
    for (const oldest of this.#strands.keys()) {
      if (this.#strands.size <= MOST_STRANDS) break;
      if (oldest !== undefined) this.#strands.delete(oldest);
    }
    return known;
  }

  #thread(threadId: string | undefined): ConversationThread | undefined {
    const { remembered } = this.#known;
    const { onFailure } = this.#options;
    const continueMs = this.#services.config.memory.continue_hours * HOUR_MS;
    return remembered === undefined
      ? undefined
      : new ConversationThread({ ...remembered, threadId, continueMs, onFailure });
  }

  #toolboxIn(timeZone: string): Toolbox {
    const { clock = WALL_CLOCK, speakers } = this.#options;
    const zone = isZone(timeZone) ? timeZone : Intl.DateTimeFormat().resolvedOptions().timeZone;
    const time = timeTool({ nowMs: () => clock.nowMs(), zone });
    const tools = [time, timerTool(this.#timers), calculator, sayTool(speakers), ...this.#services.tools];
    const logOf = (key: string): TurnLog | undefined => this.#logs.get(turnOf(key))?.log;
    return new Toolbox(tools, undefined, {
      called: async (key, tool) => (await logOf(key)?.called(key, tool)) ?? true,
      ended: (key, outcome) => logOf(key)?.ended(key, outcome),
    });
  }

  /** A model that cannot use tools answers worse for being offered some: all who may answer must be able. */
  async #usesTools(privacy: Privacy | undefined): Promise<boolean> {
    const { tools } = this.#services.config.llm;
    if (tools !== "auto") return tools === "on";
    // Which server there is is known after the first look.
    await this.#services.language.usesOllama();
    const { stage } = this.#services.language;
    const own = stage.state === "ready" ? [stage.model] : [];
    const elsewhere = privacy === "host" ? [] : this.#services.status().llm.elsewhere.map(({ model }) => model);
    const models = [...own, ...elsewhere];
    return models.length > 0 && models.every(isAbleToUseTools);
  }
}

/** The answer of a model, or the rest of one. */
async function* begunWith(
  { text }: BegunAnswer = { text: "", calls: [] },
  messages: readonly ChatMessage[],
  generate: (messages: readonly ChatMessage[]) => AsyncIterable<string>,
): AsyncGenerator<string> {
  if (text !== "") yield text;
  yield* generate(text.trim() === "" ? messages : [...messages, { role: "assistant", content: text }]);
}
