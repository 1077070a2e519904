/** Thinking with tools: what a model writes, with its calls carried out between, until it answers without one. */
import { PeerError } from "../../errors.ts";
import type { ChatMessage } from "../../providers/language-model.ts";
import { CallParser } from "./call-parser.ts";
import { offered, readCall, resultMessages } from "./offer.ts";
import type { ToolOutcome } from "./tool.ts";
import type { CallManner, Toolbox } from "./toolbox.ts";

/** Options of {@link thinkWithTools}. */
export interface ThinkOptions extends CallManner {
  readonly toolbox: Toolbox;
  /** One answer of the model. */
  readonly generate: (messages: readonly ChatMessage[]) => AsyncIterable<string>;
  /** Told of each call, for the log. Nothing that was said is in it. */
  readonly onCall?: ((about: { readonly name: string; readonly outcome: string }) => void) | undefined;
  /** Told of each call that was carried out, so that the answer can be gone on with elsewhere. */
  readonly note?: ((call: DoneCall) => void) | undefined;
  /**
   * Settles once the calls that were noted are where no crash loses them, or cannot be; never rejects. What is said behind a call waits for it:
   * of a client that has that, and of nobody who knows the call, another model would make the call, and say the same again.
   */
  readonly written?: (() => Promise<void>) | undefined;
  /** What there is of the answer already: it comes again from its beginning, and is gone on with. */
  readonly begun?: BegunAnswer | undefined;
  readonly limits?: ThinkLimits | undefined;
}

/** A call that a model made in the middle of an answer. */
export interface DoneCall {
  /** Where in the answer's text, in UTF-16 units. */
  readonly at: number;
  /** As the model wrote it. */
  readonly written: string;
  /** Undefined where it named no tool. */
  readonly name: string | undefined;
  readonly outcome: ToolOutcome;
}

/** The beginning of an answer, perhaps from elsewhere. */
export interface BegunAnswer {
  readonly text: string;
  /** In their order; none of them behind the text. */
  readonly calls: readonly DoneCall[];
}

/** How much of an answer may be calls. */
export interface ThinkLimits {
  readonly calls: number;
  /** After so long no more calls are carried out: the model answers with what it has. */
  readonly withinMs: number;
}

export const THINK_LIMITS: ThinkLimits = { calls: 4, withinMs: 30_000 };

/** What one answer of the model came to. */
interface Round {
  readonly said: string;
  /** Undefined: it answered without a call. */
  readonly call: { readonly written: string; readonly wrong?: string | undefined } | undefined;
}

/**
 * The answer to `messages`, in pieces as they come; no part of a call is among them.
 * @throws PeerError `provider-failed` when the model calls and calls and says nothing; what `generate` throws; the signal's reason
 */
export async function* thinkWithTools(messages: readonly ChatMessage[], options: ThinkOptions): AsyncGenerator<string> {
  const { toolbox, limits = THINK_LIMITS, begun = NOT_BEGUN } = options;
  const untilMs = performance.now() + limits.withinMs;
  const history = [...offered(messages, toolbox.tools), ...historyOf(begun)];
  if (begun.text !== "") yield begun.text;
  let { length } = begun.text;
  let last = lastOf(begun.text);
  let left = limits.calls - begun.calls.length;
  // Of the round that was cut.
  let said = begun.text.slice(begun.calls.at(-1)?.at ?? 0);
  let written: Promise<void> | undefined;
  for (;;) {
    const goesOn = said.trim() !== "";
    const asked = goesOn ? [...history, { role: "assistant" as const, content: said }] : [...history];
    const count = (chars: number): number => (length += chars);
    const round: Round = yield* spaced(one(behind(written, options.generate(asked))), goesOn ? "" : last, count);
    said += round.said;
    last = lastOf(said) || last;
    const { call } = round;
    // Below 0: it was told that there are no more.
    if (call === undefined || left < 0) {
      if (last === "" && history.length > messages.length + 1) throw saysNothing();
      return;
    }
    const mayCall = left > 0 && performance.now() <= untilMs;
    left = mayCall ? left - 1 : -1;
    const { name, outcome } = mayCall ? await carriedOut(call, options) : NO_MORE;
    options.onCall?.({ name: name ?? "none", outcome: outcome.ok ? "done" : outcome.code });
    options.note?.({ at: length, written: call.written, name, outcome });
    written = options.written?.();
    history.push(...resultMessages(said, { written: call.written, name }, outcome));
    said = "";
  }
}

const NOT_BEGUN: BegunAnswer = { text: "", calls: [] };

/** The calls of a begun answer, each with what was said before it. */
function historyOf({ text, calls }: BegunAnswer): readonly ChatMessage[] {
  return calls.flatMap(({ at, written, name, outcome }, n) =>
    resultMessages(text.slice(calls[n - 1]?.at ?? 0, at), { written, name }, outcome),
  );
}

interface CarriedOut {
  readonly name: string | undefined;
  readonly outcome: ToolOutcome;
}

const NO_MORE: CarriedOut = {
  name: undefined,
  outcome: { ok: false, code: "too-many", message: "no more tools for this answer: answer now with what you know" },
};

async function carriedOut({ written, wrong }: NonNullable<Round["call"]>, options: ThinkOptions): Promise<CarriedOut> {
  const call = wrong ?? readCall(written);
  if (typeof call !== "string") return { name: call.name, outcome: await options.toolbox.call(call, options) };
  const message = `${call}; write <tool>{"name": "…", "arguments": {…}}</tool>`;
  return { name: undefined, outcome: { ok: false, code: "malformed", message } };
}

/** The model writes while `before` is waited for. */
async function* behind(before: Promise<void> | undefined, tokens: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const token of tokens) {
    await before;
    yield token;
  }
}

/** One answer of the model, to its end or its first call: then the model is stopped. */
async function* one(tokens: AsyncIterable<string>): AsyncGenerator<string, Round> {
  const parser = new CallParser();
  let said = "";
  for await (const token of tokens) {
    for (const found of parser.push(token)) {
      if (found.type === "call") return { said, call: { written: found.written } };
      if (found.type === "broken") return { said, call: { written: "", wrong: found.why } };
      said += found.text;
      yield found.text;
    }
  }
  const [broken] = parser.end();
  return { said, call: broken?.type === "broken" ? { written: "", wrong: broken.why } : undefined };
}

/** What is said behind a call does not stick to what was said before it. @param count told how much is given out */
async function* spaced(
  answer: AsyncGenerator<string, Round>,
  before: string,
  count: (chars: number) => void,
): AsyncGenerator<string, Round> {
  let isFirst = before !== "";
  let isOver = false;
  try {
    for (;;) {
      const next = await answer.next();
      isOver = next.done === true;
      if (next.done === true) return next.value;
      const isStuck = isFirst && !/^\s/.test(next.value) && !/\s$/.test(before);
      isFirst = false;
      count(next.value.length + (isStuck ? 1 : 0));
      if (isStuck) yield " ";
      yield next.value;
    }
  } finally {
    // Who leaves early stops the model.
    if (!isOver) await answer.return({ said: "", call: undefined });
  }
}

/** The end of what was said; empty while nothing was. */
function lastOf(said: string): string {
  return said.trim() === "" ? "" : said.slice(-1);
}

function saysNothing(): PeerError {
  return new PeerError("provider-failed", "the language model asked for tools and gave no answer", {
    nextStep: "Ask again, or switch tools off for this model: llm.tools = off.",
  });
}
