import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { calculator } from "../../../src/assistant/tools/calculator.ts";
import { thinkWithTools, type BegunAnswer, type DoneCall } from "../../../src/assistant/tools/think.ts";
import { Toolbox, type RecalledCall, type ToolLedger } from "../../../src/assistant/tools/toolbox.ts";
import { defineTool, type Repeats, type Tool, type ToolOutcome } from "../../../src/assistant/tools/tool.ts";
import type { ChatMessage } from "../../../src/providers/language-model.ts";

const call = (name: string, args: unknown = {}): string => `<tool>${JSON.stringify({ name, arguments: args })}</tool>`;

/** What the model of these tests writes in all: the rounds, joined, are its whole mind. */
const ROUNDS = [
  `Let me see what that is. ${call("calculator", { expression: "17% of 250" })}`,
  `So far 42.5, and I count. ${call("count")}`,
  "That was it, all of it.",
];
const WHOLE = "Let me see what that is. So far 42.5, and I count. That was it, all of it.";

/** Goes on with what it is shown, wherever that ends: as a model does that is asked with the beginning of its answer. */
async function* model(messages: readonly ChatMessage[]): AsyncGenerator<string> {
  const results = messages.filter(({ role, content }) => role === "user" && /^\[(?:No r|R)esult/.test(content)).length;
  const last = messages.at(-1);
  const begun = last?.role === "assistant" ? last.content : "";
  const round = ROUNDS[results] ?? "";
  // Begun text of a later round has the space before it that joins the rounds.
  const rest = round.slice(begun.trimStart().length);
  if (!round.startsWith(begun.trimStart())) throw new Error(`"${begun}" is no beginning of "${round}"`);
  for (let at = 0; at < rest.length; at += 3) yield rest.slice(at, at + 3);
}

function counting(repeats: Repeats) {
  const state = { count: 0 };
  const tool = defineTool({
    name: "count",
    description: "Counts.",
    usage: "{}",
    repeats,
    hasEffects: true,
    parameters: z.object({}),
    run: () => `${(state.count += 1)}`,
  });
  return { state, tool };
}

/** What a journal would have. */
class Ledger implements ToolLedger {
  readonly calls: DoneCall[] = [];
  readonly recalled = new Map<string, RecalledCall>();
  async called(key: string, { name }: Tool): Promise<boolean> {
    this.recalled.set(key, { key, name, outcome: undefined });
    return true;
  }
  ended(key: string, outcome: ToolOutcome): void {
    const begun = this.recalled.get(key);
    if (begun !== undefined) this.recalled.set(key, { ...begun, outcome });
  }
}

const question: readonly ChatMessage[] = [{ role: "user", content: "how much is it?" }];

function think(toolbox: Toolbox, ledger: Ledger, begun?: BegunAnswer): AsyncGenerator<string> {
  const signal = new AbortController().signal;
  const note = (done: DoneCall): number => ledger.calls.push(done);
  return thinkWithTools(question, {
    toolbox,
    generate: model,
    turn: "7",
    certain: Promise.resolve(),
    signal,
    note,
    begun,
  });
}

describe("an answer with tools that is gone on with elsewhere", () => {
  it("is the same answer wherever it is cut, and each tool has run once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(30), { maxLength: 4 }), async (cuts) => {
        const ledger = new Ledger();
        const { state, tool } = counting("at-most-once");
        let text = "";
        for (const pieces of [...cuts, undefined]) {
          const toolbox = new Toolbox([calculator, tool], 500, ledger);
          toolbox.recall([...ledger.recalled.values()]);
          // What was called behind the text that is kept is called again, and answered by what is recalled.
          const calls = ledger.calls.filter(({ at }) => at <= text.length);
          ledger.calls.splice(calls.length);
          let given = "";
          let n = 0;
          for await (const delta of think(toolbox, ledger, { text, calls })) {
            given += delta;
            n += 1;
            if (n > (pieces ?? Infinity)) break;
          }
          expect(given.startsWith(text)).toBe(true);
          text = given;
        }
        expect(text).toBe(WHOLE);
        expect(state.count).toBe(1);
        expect(ledger.calls.map(({ name }) => name)).toEqual(["calculator", "count"]);
      }),
      { numRuns: 150 },
    );
  });

  it("asks the person about a call that may have taken effect and is not to be repeated, and runs one again that may be", async () => {
    for (const repeats of ["at-most-once", "by-key"] as const) {
      const ledger = new Ledger();
      const { state, tool } = counting(repeats);
      const first = new Toolbox([calculator, tool], 500, ledger);
      for await (const delta of think(first, ledger)) expect(delta).not.toBe("");
      const [begun] = [...ledger.recalled.values()];
      expect(begun).toMatchObject({ name: "count", outcome: { ok: true, result: "1" } });
      const second = new Toolbox([calculator, tool], 500, ledger);
      if (begun !== undefined) second.recall([{ ...begun, outcome: undefined }]);
      const told: DoneCall[] = [];
      ledger.calls.length = 0;
      for await (const delta of think(second, ledger)) expect(delta).not.toBe("");
      told.push(...ledger.calls);
      expect(state.count).toBe(repeats === "by-key" ? 2 : 1);
      expect(told[1]?.outcome).toMatchObject(repeats === "by-key" ? { ok: true } : { ok: false, code: "unknown" });
    }
  });

  it("does not run what must not be repeated before it is written down", async () => {
    const { state, tool } = counting("at-most-once");
    const mute = { called: async () => false, ended: () => undefined };
    const ledger = new Ledger();
    for await (const delta of think(new Toolbox([calculator, tool], 500, mute), ledger)) expect(delta).not.toBe("");
    expect(state.count).toBe(0);
    expect(ledger.calls[1]?.outcome).toMatchObject({ ok: false, code: "failed" });
  });
});
