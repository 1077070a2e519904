/**
 * One turn as it goes: what was asked, written, called and heard. It is written down at its commit points, so that another host, or a
 * later visit, can go on with it where it was cut.
 */
import * as z from "zod";
import type { DoneCall, BegunAnswer } from "../../assistant/tools/think.ts";
import type { RecalledCall, ToolLedger, Written } from "../../assistant/tools/toolbox.ts";
import { isFailureCode, type Tool, type ToolOutcome } from "../../assistant/tools/tool.ts";
import type { FoundTurn, Journal } from "../../cluster/journal/port.ts";
import type { Accepted, TurnRecord } from "../../cluster/journal/records.ts";

export const turnDetails = z.object({
  /** Whose it is. */
  account: z.string().optional(),
  clientId: z.string().optional(),
  /** Where it was taken on, and through which peer it came. */
  host: z.string().optional(),
  entry: z.string().optional(),
  /** Whether turns of this client are kept beyond the session, and where it is: for whoever ends the turn for it. */
  remembers: z.boolean().optional(),
  timeZone: z.string().optional(),
  /** Epoch: later than all that was known where it was asked, whatever the clocks say there. */
  askedAtMs: z.number().optional(),
  /** Answers are said, not only written. */
  speaks: z.boolean().optional(),
  /** Where in the microphone's whole sound the question ends. */
  throughMs: z.number().optional(),
});
export type TurnDetails = z.output<typeof turnDetails>;

/** What is known of a turn from its beginning. */
export type TurnAbout = Omit<Accepted, "type" | "question" | "atMs" | "details"> & { readonly details: TurnDetails };

/** @param workId the same when it is asked again @param details whose it is */
export function aboutTurn(
  details: TurnDetails,
  kind: Accepted["kind"],
  workId: string,
  { privacy, language, threadId }: Pick<Accepted, "privacy" | "language"> & { readonly threadId?: string | undefined },
): TurnAbout {
  return {
    workId,
    kind,
    ...(privacy === undefined ? {} : { privacy }),
    ...(language === undefined ? {} : { language }),
    ...(threadId === undefined ? {} : { thread: threadId }),
    details,
  };
}

/** A turn that was cut, and may be gone on with. */
export interface CutTurn {
  readonly about: TurnAbout;
  readonly question: string;
  /** As far as it was written. */
  readonly text: string;
  readonly calls: readonly DoneCall[];
  readonly recalled: readonly RecalledCall[];
  /** Where each sentence ends in the text, by its number. */
  readonly sentences: readonly number[];
  /** The last sentence that its client has played; -1: none. */
  readonly heard: number;
  /** It has ended, and is remembered. True: who asks for it once more is told the rest, and nobody thinks again. */
  readonly isOver?: boolean | undefined;
}

/** Whether it answers `question`. Of a turn of which only its tools are known, nobody knows what it answers. */
export function answers(cut: CutTurn, question: string | undefined): boolean {
  return question === undefined || cut.question === "" || cut.question === question;
}

/** Where it is written down. */
export type TurnJournal = Pick<Journal, "begin" | "append" | "flush"> & {
  /** Others may have begun the same turn, and cannot be asked. */
  readonly isBlind?: boolean | undefined;
};

/** An answer without a voice is written down in pieces of so many characters. */
const PIECE_CHARS = 400;
/** A tool that must not run twice waits so long for its call to be written down. */
const WRITTEN_WITHIN_MS = 5_000;

export class TurnLog implements ToolLedger {
  #about: TurnAbout;
  readonly #journal: TurnJournal | undefined;
  readonly #nowMs: () => number;
  /** Told, after a tool took effect, of what else has changed with it. */
  readonly #state: () => string | undefined;
  /** What comes before it is certain what was asked. */
  readonly #early: TurnRecord[] = [];
  readonly #recalled = new Map<string, RecalledCall>();
  #calls: DoneCall[] = [];
  #sentences: number[] = [];
  #playedMs: number[] = [];
  #question = "";
  #text = "";
  /** How much of the text was given out here, or before. */
  #told = 0;
  #recorded = 0;
  #heard = -1;
  #isAccepted = false;
  #isOver = false;
  #isWhole = false;

  constructor(options: {
    readonly about: TurnAbout;
    /** Absent: it is kept in memory only. */
    readonly journal?: TurnJournal | undefined;
    readonly state?: (() => string | undefined) | undefined;
    readonly nowMs?: (() => number) | undefined;
  }) {
    this.#about = options.about;
    this.#journal = options.journal;
    this.#state = options.state ?? (() => undefined);
    this.#nowMs = options.nowMs ?? Date.now;
  }

  /** Of a turn that was cut. @param has the beginning of the answer that its client has */
  static goOn(cut: CutTurn, has: string, options: Omit<ConstructorParameters<typeof TurnLog>[0], "about">): TurnLog {
    const log = new TurnLog({ ...options, about: cut.about });
    log.#isAccepted = true;
    log.#question = cut.question;
    for (const call of cut.recalled) log.#recalled.set(call.key, call);
    log.#isOver = cut.isOver === true;
    // What its client was told counts: it may have more than was written down, or less.
    const isSame = cut.text.startsWith(has) || has.startsWith(cut.text);
    log.#text = cut.text.startsWith(has) ? cut.text : has;
    log.#recorded = isSame ? cut.text.length : 0;
    if (!isSame) log.#write({ type: "heard-question", question: cut.question });
    log.#calls = isSame ? cut.calls.filter(({ at }) => at <= log.#text.length) : [];
    log.#sentences = isSame ? [...cut.sentences] : [];
    log.#heard = isSame ? cut.heard : -1;
    return log;
  }

  get about(): TurnAbout {
    return this.#about;
  }

  get question(): string {
    return this.#question;
  }

  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** What there is of the answer. */
  get begun(): BegunAnswer {
    return { text: this.#text, calls: this.#calls };
  }

  /** It had ended before it was asked for once more: {@link begun} is all of it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** All of it is written, here or elsewhere: nobody has to think about the rest. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Of the whole answer; undefined while nobody knows whether there is more. */
  get length(): number | undefined {
    return this.#isWhole ? this.#text.length : undefined;
  }

  get recalled(): readonly RecalledCall[] {
    return [...this.#recalled.values()];
  }

  get cut(): CutTurn {
    const [about, question, text] = [this.#about, this.#question, this.#text];
    const [calls, sentences, heard] = [[...this.#calls], [...this.#sentences], this.#heard];
    const isOver = this.#isOver ? { isOver: true } : {};
    return { about, question, text, calls, recalled: this.recalled, sentences, heard, ...isOver };
  }

  /** What is asked; again when its speaker goes on, and then the answer begins anew. */
  ask(question: string): void {
    const isNew = question === this.#question && this.#text === "" && this.#sentences.length === 0;
    if (isNew && this.#calls.length === 0) return;
    this.#question = question;
    [this.#isOver, this.#isWhole] = [false, false];
    // What took effect did so, however often it is asked.
    this.#early.splice(0, Infinity, ...this.#early.filter(isOfTool));
    [this.#calls, this.#sentences, this.#playedMs] = [[], [], []];
    [this.#text, this.#told, this.#recorded, this.#heard] = ["", 0, 0, -1];
    if (this.#isAccepted) this.#journal?.append({ type: "heard-question", question });
  }

  /** What its client has of an answer of which nothing else is known but what its tools did: a model that is not shown that calls them again. */
  has(text: string): void {
    this.#text = text;
    if (text === "" || this.#calls.length > 0) return;
    for (const { name, outcome } of this.#recalled.values()) {
      const written = JSON.stringify({ name, arguments: {} });
      if (outcome !== undefined) this.note({ at: 0, written, name, outcome });
    }
  }

  /** There is no more of the answer than `text`, if that is what is known of it. */
  ends(text = this.#text): void {
    this.#isWhole = text === this.#text;
  }

  /** It is certain that all of it was said. */
  accept(): void {
    if (this.#isAccepted || this.#question === "") return;
    this.#isAccepted = true;
    this.#begin();
    for (const record of this.#early.splice(0)) this.#journal?.append(record);
  }

  /** All of it is written down, from its beginning: its place was another's before. */
  rewrite(): void {
    if (!this.#isAccepted) return;
    this.#begin();
    this.#recorded = 0;
    this.#recordTo(this.#text.length);
    for (const [index, to] of this.#sentences.entries())
      if (to !== undefined) this.#write({ type: "sentence", index, text: "", to });
    for (const call of this.#calls) this.#writeCall(call);
    for (const { key, name, outcome } of this.#recalled.values()) {
      this.#write({ type: "tool-called", call: key, name, repeats: "at-most-once" });
      if (outcome !== undefined) this.#write({ type: "tool-result", call: key, outcome });
    }
    if (this.#heard >= 0) this.#write({ type: "heard", index: this.#heard });
  }

  /** Where in the microphone's whole sound the question ends. */
  through(throughMs: number): void {
    if (throughMs === this.#about.details.throughMs) return;
    this.#about = { ...this.#about, details: { ...this.#about.details, throughMs } };
    if (this.#isAccepted) this.#write({ type: "through", atMs: throughMs });
  }

  /** The answer comes from its beginning, with what there {@link begun is} of it. */
  comes(): void {
    this.#told = 0;
  }

  /** More of the answer comes. */
  wrote(delta: string): void {
    const known = Math.max(0, this.#text.length - this.#told);
    this.#told += delta.length;
    this.#text += delta.slice(known);
    if (this.#text.length - this.#recorded >= PIECE_CHARS && this.#sentences.length === 0) this.#recordTo(Infinity);
  }

  /** This sentence, whose text ends at `to`, is to be said. */
  sentence(index: number, to: number): void {
    if (this.#sentences[index] !== undefined) return;
    this.#sentences[index] = to;
    const text = this.#text.slice(this.#recorded, to);
    this.#recorded = Math.max(this.#recorded, to);
    this.#write({ type: "sentence", index, text, to });
  }

  /** All sound of it is there: so long. */
  sounded(index: number, ms: number): void {
    this.#playedMs[index] = ms;
  }

  /** So much of the answer's sound was heard, from the first sentence that was said here. */
  heardMs(ms: number): void {
    let untilMs = 0;
    for (const [index, durationMs] of this.#playedMs.entries()) {
      if (durationMs === undefined) continue;
      untilMs += durationMs;
      if (untilMs > ms + 1) return;
      if (index <= this.#heard) continue;
      this.#heard = index;
      this.#write({ type: "heard", index });
    }
  }

  note(call: DoneCall): void {
    this.#recordTo(call.at);
    this.#calls.push(call);
    this.#writeCall(call);
  }

  /** Settles once the calls are written down, or cannot be in time. Never rejects. */
  async written(): Promise<void> {
    if (this.#journal === undefined || this.#about.privacy === "host") return;
    try {
      await this.#journal.flush(AbortSignal.timeout(WRITTEN_WITHIN_MS));
    } catch {
      // It is said all the same: who goes on elsewhere may say it again.
    }
  }

  async called(key: string, { name, repeats }: Tool): Promise<Written> {
    // No tool runs before that is certain.
    this.accept();
    this.#recalled.set(key, { key, name, outcome: undefined });
    this.#write({ type: "tool-called", call: key, name, repeats });
    if (repeats === "by-key" || this.#journal === undefined) return true;
    try {
      await this.#journal.flush(AbortSignal.timeout(WRITTEN_WITHIN_MS));
      return true;
    } catch {
      // It cannot be written down in time: who asks is told, and nothing is done.
      this.#recalled.delete(key);
      return this.#journal.isBlind === true ? "unknown" : false;
    }
  }

  ended(key: string, outcome: ToolOutcome): void {
    const known = this.#recalled.get(key);
    if (known !== undefined) this.#recalled.set(key, { ...known, outcome });
    this.#write({ type: "tool-result", call: key, outcome });
    const state = this.#state();
    if (state !== undefined) this.#write({ type: "state", state });
  }

  #begin(): void {
    const { details, ...about } = this.#about;
    const atMs = this.#nowMs();
    this.#journal?.begin({ ...about, details: JSON.stringify(details), question: this.#question, atMs });
  }

  #writeCall({ at, written, name, outcome }: DoneCall): void {
    this.#write({ type: "call", at, written, outcome, ...(name === undefined ? {} : { name }) });
  }

  #recordTo(place: number): void {
    const text = this.#text.slice(this.#recorded, place);
    if (text === "") return;
    this.#recorded += text.length;
    this.#write({ type: "written", text });
  }

  #write(record: TurnRecord): void {
    if (this.#isAccepted) this.#journal?.append(record);
    else if (this.#journal !== undefined) this.#early.push(record);
  }
}

export function isOfTool({ type }: TurnRecord): boolean {
  return type === "tool-called" || type === "tool-result" || type === "state";
}

/** A turn as its host has left it, and what else had changed with it. */
export function cutTurnOf({ accepted, records }: FoundTurn): {
  readonly cut: CutTurn;
  readonly state: string | undefined;
} {
  const { type: _type, atMs: _atMs, question: asked, details, ...rest } = accepted;
  const asTaken = readDetails(details);
  let { throughMs } = asTaken;
  let [question, text, heard] = [asked, "", -1];
  let calls: DoneCall[] = [];
  let sentences: number[] = [];
  let state: string | undefined;
  const recalled = new Map<string, RecalledCall>();
  for (const record of records) {
    switch (record.type) {
      case "heard-question":
        [question, text, heard, calls, sentences] = [record.question, "", -1, [], []];
        break;
      case "written":
        text += record.text;
        break;
      case "sentence":
        text += record.text;
        sentences[record.index] = record.to ?? text.length;
        break;
      case "call":
        calls.push({ at: record.at, written: record.written, name: record.name, outcome: outcomeOf(record.outcome) });
        break;
      case "tool-called":
        recalled.set(record.call, { key: record.call, name: record.name, outcome: undefined });
        break;
      case "tool-result": {
        const known = recalled.get(record.call);
        if (known !== undefined) recalled.set(record.call, { ...known, outcome: outcomeOf(record.outcome) });
        break;
      }
      case "through":
        throughMs = record.atMs;
        break;
      case "heard":
        heard = record.index;
        break;
      case "state":
        ({ state } = record);
        break;
      case "ended":
        break;
    }
  }
  const about = { ...rest, details: throughMs === undefined ? asTaken : { ...asTaken, throughMs } };
  return { cut: { about, question, text, calls, recalled: [...recalled.values()], sentences, heard }, state };
}

function readDetails(json = "{}"): TurnDetails {
  try {
    return turnDetails.safeParse(JSON.parse(json)).data ?? {};
  } catch {
    // Not JSON: of newer software.
    return {};
  }
}

type WrittenOutcome = Extract<TurnRecord, { readonly type: "tool-result" }>["outcome"];

/** Newer software may know more ways to fail. */
function outcomeOf(written: WrittenOutcome): ToolOutcome {
  if (written.ok) return written;
  return { ...written, code: isFailureCode(written.code) ? written.code : "failed" };
}
