/** The tools of one conversation, and what came of each call: what took effect once does not take effect twice. */
import { createHash } from "node:crypto";
import type { Privacy } from "../../routing/index.ts";
import type { ToolCall } from "./offer.ts";
import type { Tool, ToolOutcome } from "./tool.ts";

/** How a call is run. */
export interface CallManner {
  /** Names the turn: the same call in the same turn is one call. */
  readonly turn: string;
  /** Resolves once it is certain what was asked; tools with effects wait for it. */
  readonly certain: Promise<void>;
  readonly signal: AbortSignal;
  /** Told to the tools. */
  readonly privacy?: Privacy | undefined;
}

/** What took effect, for whoever goes on with the same turn elsewhere. */
export interface ToolLedger {
  /**
   * It is about to be run. One that runs `at-most-once` waits for this. False: it cannot be written down now; `unknown`: others, who cannot be
   * asked, may have run it. Never rejects.
   */
  called(key: string, tool: Tool): Promise<Written>;
  /** What came of it. */
  ended(key: string, outcome: ToolOutcome): void;
}

export type Written = boolean | "unknown";

/** A call that was begun elsewhere. */
export interface RecalledCall {
  readonly key: string;
  readonly name: string;
  /** Undefined: nobody has seen its end. */
  readonly outcome: ToolOutcome | undefined;
}

/** One call may take so long. */
const CALL_MS = 10_000;
/** Outcomes that are remembered. */
const REMEMBERED = 64;

interface Begun {
  readonly tool: Tool;
  outcome: ToolOutcome | undefined;
}

export class Toolbox {
  readonly tools: readonly Tool[];
  readonly #callMs: number;
  readonly #ledger: ToolLedger | undefined;
  readonly #begun = new Map<string, Begun>();
  /** Begun elsewhere, in turns that are gone on with by a model that was not shown them. */
  readonly #untold = new Map<string, Begun>();

  constructor(tools: readonly Tool[], callMs = CALL_MS, ledger?: ToolLedger) {
    this.tools = tools;
    this.#callMs = callMs;
    this.#ledger = ledger;
  }

  /**
   * What was done elsewhere is not done again here.
   * @param told names of the calls that the model is shown. Of the others it knows nothing: when it calls the same tool, in other words
   *   perhaps, that is what it meant before
   */
  recall(calls: readonly RecalledCall[], told: readonly (string | undefined)[] = []): void {
    const known = [...told];
    for (const { key, name, outcome } of calls) {
      const tool = this.tools.find((each) => each.name === name);
      if (tool === undefined) continue;
      this.#keep(key, { tool, outcome });
      const at = known.indexOf(name);
      if (at >= 0) known.splice(at, 1);
      else if (tool.repeats === "at-most-once" || outcome !== undefined) this.#untold.set(key, { tool, outcome });
    }
    for (const [oldest] of this.#untold) if (this.#untold.size > REMEMBERED) this.#untold.delete(oldest);
  }

  /** Carries a call out. @throws the reason of the manner's signal */
  async call(call: ToolCall, manner: CallManner): Promise<ToolOutcome> {
    const tool = this.tools.find(({ name }) => name === call.name);
    if (tool === undefined) {
      const names = this.tools.map(({ name }) => name).join(", ");
      return { ok: false, code: "no-such-tool", message: `there is no tool ${call.name}; there are ${names}` };
    }
    if (!tool.hasEffects) return this.#run(tool, call, { ...manner, key: "" });
    await settled(manner.certain, manner.signal);
    const key = keyOf(manner.turn, tool.name, call.arguments);
    const before = this.#begun.get(key) ?? this.#meant(manner.turn, tool);
    this.#untold.delete(key);
    if (before?.outcome !== undefined) return before.outcome;
    if (before !== undefined && tool.repeats === "at-most-once") return UNKNOWN;
    const begun: Begun = { tool, outcome: undefined };
    this.#keep(key, begun);
    const written = await this.#written(key, tool, manner.signal);
    if (written !== true) {
      this.#begun.delete(key);
      return written === "unknown" ? PERHAPS_ELSEWHERE : NOT_WRITTEN;
    }
    const outcome = await this.#run(tool, call, { ...manner, key });
    const isUnsure = !outcome.ok && outcome.code === "timed-out";
    // Nobody saw its end: by key it may be run again, otherwise the person is asked.
    if (isUnsure) return tool.repeats === "at-most-once" ? UNKNOWN : outcome;
    begun.outcome = outcome;
    this.#ledger?.ended(key, outcome);
    return outcome;
  }

  /** The call of this tool that was begun elsewhere, and that the model does not know of. */
  #meant(turn: string, tool: Tool): Begun | undefined {
    for (const [key, begun] of this.#untold) {
      if (begun.tool !== tool || turnOf(key) !== turn) continue;
      this.#untold.delete(key);
      return begun;
    }
    return undefined;
  }

  /** Nothing that must not happen twice happens before it is written down. */
  async #written(key: string, tool: Tool, signal: AbortSignal): Promise<Written> {
    const written = this.#ledger?.called(key, tool);
    // Run again, one that goes by its key is the same.
    return written === undefined || tool.repeats === "by-key" || settled(written, signal);
  }

  async #run(
    tool: Tool,
    call: ToolCall,
    { signal: outer, key, privacy }: Pick<CallManner, "signal" | "privacy"> & { readonly key: string },
  ): Promise<ToolOutcome> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.#callMs);
    const signal = AbortSignal.any([outer, late.signal]);
    try {
      return await settled(tool.call(call.arguments, { signal, key, privacy }), signal);
    } catch (error) {
      if (outer.aborted || !late.signal.aborted) throw error;
      return { ok: false, code: "timed-out", message: `${tool.name} took longer than ${this.#callMs / 1000} s` };
    } finally {
      clearTimeout(timer);
    }
  }

  #keep(key: string, begun: Begun): void {
    this.#begun.set(key, begun);
    for (const oldest of this.#begun.keys()) {
      if (this.#begun.size <= REMEMBERED) return;
      this.#begun.delete(oldest);
    }
  }
}

const NOT_WRITTEN: ToolOutcome = {
  ok: false,
  code: "failed",
  message: "the peers of this house cannot agree now, and this must not be done twice: it was not done",
};

const PERHAPS_ELSEWHERE: ToolOutcome = {
  ok: false,
  code: "unknown",
  message: "it was not done now, and whether it was done before, elsewhere in this house, is not known: ask the person",
};

const UNKNOWN: ToolOutcome = {
  ok: false,
  code: "unknown",
  message: "it is not known whether this was done; it is not done again by itself: ask the person",
};

/** `promise`, or the reason of `signal` as soon as it aborts. */
function settled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      const reason: unknown = signal.reason;
      reject(reason instanceof Error ? reason : new Error(String(reason)));
    };
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Names a call among all. */
function keyOf(turn: string, tool: string, given: unknown): string {
  return `${turn}/${tool}/${digestOf(given)}`;
}

/** The turn that a call belongs to, by its key. */
export function turnOf(key: string): string {
  return key.split("/").slice(0, -2).join("/");
}

/** Of arguments that may be long. */
function digestOf(given: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(given)))
    .digest("base64url");
}

/** The same value with the fields of its objects in order: written alike, whatever order they came in. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value ?? {};
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, field]) => [name, sorted(field)]),
  );
}
