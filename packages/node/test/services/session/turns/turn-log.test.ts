import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { thinkWithTools } from "../../../../src/assistant/tools/think.ts";
import { Toolbox } from "../../../../src/assistant/tools/toolbox.ts";
import { defineTool, type Repeats } from "../../../../src/assistant/tools/tool.ts";
import type { ChatMessage } from "../../../../src/providers/language-model.ts";
import { cutTurnOf, TurnLog, type CutTurn } from "../../../../src/services/session/turn-log.ts";
import { about, FakeJournal } from "./kit.ts";

const call = (n: number): string => `<tool>${JSON.stringify({ name: "count", arguments: { n } })}</tool>`;
const PARTS = ["First-I-look,-and-I-count.", "Then-once-more.", "That-was-it,-all-of-it."];
const WHOLE = PARTS.join(" ");
const SENTENCES = [26, 42, WHOLE.length];

const bare = (text: string): string => text.replaceAll(/<tool>.*?<\/tool>|\s/g, "");

/** Goes on with what it is shown, wherever that ends; a call that it is not shown it makes, unless it has gone on behind it. */
async function* model(messages: readonly ChatMessage[]): AsyncGenerator<string> {
  const said = messages.flatMap(({ role, content }) => (role === "assistant" ? [content] : []));
  let at = bare(said.join("")).length;
  for (const [n, part] of PARTS.entries()) {
    const length = bare(part).length;
    const rest = part.slice(at);
    at = Math.max(0, at - length);
    for (let from = 0; from < rest.length; from += 3) yield rest.slice(from, from + 3);
    const isKnown = said.some((each) => each.includes(call(n + 1)));
    if (n < 2 && at === 0 && !isKnown) yield call(n + 1);
  }
}

function counter(repeats: Repeats) {
  const runs = new Map<number, number>();
  const tool = defineTool({
    name: "count",
    description: "Counts.",
    usage: "{}",
    repeats,
    hasEffects: true,
    parameters: z.object({ n: z.number() }),
    run: ({ n }) => {
      runs.set(n, (runs.get(n) ?? 0) + 1);
      return "counted";
    },
  });
  return { runs, tool };
}

/** Answers as a host does, to `steps` pieces. @returns what it gave out, from the beginning */
async function host(
  log: TurnLog,
  tool: ReturnType<typeof counter>["tool"],
  steps: number,
  given: (text: string) => void = () => undefined,
): Promise<string> {
  const toolbox = new Toolbox([tool], 500, log);
  toolbox.recall(
    log.recalled,
    log.begun.calls.map(({ name }) => name),
  );
  log.comes();
  let text = "";
  let left = steps;
  const { signal } = new AbortController();
  const noted = { note: log.note.bind(log), written: log.written.bind(log) };
  const how = { turn: "w", certain: Promise.resolve(), signal, ...noted, begun: log.begun };
  for await (const delta of thinkWithTools([{ role: "user", content: "?" }], { toolbox, generate: model, ...how })) {
    log.wrote(delta);
    text += delta;
    given(text);
    SENTENCES.forEach((to, index) => {
      if (to <= text.length) log.sentence(index, to);
    });
    left -= 1;
    if (left <= 0) break;
  }
  return text;
}

const cuts = fc.array(fc.record({ steps: fc.integer({ min: 1, max: 30 }), lost: fc.nat(6), told: fc.nat(80) }), {
  maxLength: 5,
});

describe("a turn that is written down", () => {
  it("is answered whole, told once and its tools run once, whatever of it was written, told and lost at each host's end", async () => {
    await fc.assert(
      fc.asyncProperty(cuts, async (all) => {
        const { tool, runs } = counter("at-most-once");
        const journal = new FakeJournal();
        let log = new TurnLog({ about: about("w"), journal });
        log.ask("?");
        log.accept();
        let has = "";
        for (const { steps, lost, told } of all) {
          const given = await host(log, tool, steps);
          expect(given.startsWith(has) || has.startsWith(given)).toBe(true);
          has = given.slice(0, Math.max(has.length, Math.min(told, given.length)));
          const found = journal.leftOf((journal.turn?.records.length ?? 0) - lost).turn;
          if (found === undefined) throw new Error("nothing was written");
          journal.turn = { accepted: found.accepted, records: [...found.records] };
          const { cut } = cutTurnOf(found);
          expect(WHOLE.startsWith(cut.text)).toBe(true);
          for (const [index, to] of cut.sentences.entries()) if (to !== undefined) expect(to).toBe(SENTENCES[index]);
          for (const each of cut.calls) expect(each.at).toBeLessThanOrEqual(WHOLE.length);
          log = TurnLog.goOn(cut, has, { journal });
        }
        expect(await host(log, tool, Infinity)).toBe(WHOLE);
        for (const count of runs.values()) expect(count).toBe(1);
      }),
      { numRuns: 150 },
    );
  });

  it.each(["at-most-once", "by-key"] as const)(
    "gives out nothing that was said behind a call of a tool %s before the call is where no crash loses it",
    async (repeats) => {
      const journal = new FakeJournal();
      const log = new TurnLog({ about: about("w"), journal });
      log.ask("?");
      log.accept();
      const known: number[] = [];
      await host(log, counter(repeats).tool, Infinity, (text) => {
        const { turn } = journal.leftOf(0);
        if (turn === undefined) throw new Error("nothing was written");
        const behind = bare(PARTS.slice(0, 2).join("")).length < bare(text).length ? 2 : 1;
        if (text.length > (PARTS[0]?.length ?? 0)) known.push(cutTurnOf(turn).cut.calls.length - behind);
      });
      expect(known.length).toBeGreaterThan(10);
      expect(known.filter((missing) => missing < 0)).toEqual([]);
    },
  );

  it("is not answered twice where it was beside another, and only what its tools did is known", async () => {
    const { tool, runs } = counter("by-key");
    const recalled = [{ key: "w/count/abc", name: "count", outcome: { ok: true, result: "counted" } as const }];
    const unknown = { question: "", text: "", calls: [], sentences: [], heard: -1 };
    const journal = new FakeJournal();
    const log = TurnLog.goOn({ about: about("w"), ...unknown, recalled }, "It is counted. ", { journal });
    log.ask("?");
    log.has("It is counted. ");
    const toolbox = new Toolbox([tool], 500, log);
    toolbox.recall(
      log.recalled,
      log.begun.calls.map(({ name }) => name),
    );
    async function* forgetful(messages: readonly ChatMessage[]): AsyncGenerator<string> {
      const isShown = messages.some(({ content }) => content.startsWith("[Result"));
      const said = messages.at(-1)?.role === "assistant" ? (messages.at(-1)?.content.length ?? 0) : 0;
      yield isShown ? "It is counted. All is well.".slice(said) : call(1);
    }
    const how = { turn: "w", certain: Promise.resolve(), signal: new AbortController().signal, begun: log.begun };
    const question = [{ role: "user", content: "?" }] as const;
    const answer = thinkWithTools(question, { toolbox, generate: forgetful, ...how });
    expect((await Array.fromAsync(answer)).join("")).toBe("It is counted. All is well.");
    expect(runs.size).toBe(0);
  });

  it("is read back as it was, and as it was after it has been written down anew", () => {
    const journal = new FakeJournal();
    const log = new TurnLog({ about: about("w"), journal });
    log.ask("?");
    log.accept();
    log.through(1_200);
    log.comes();
    log.wrote("One. Two. Thr");
    log.sentence(0, 5);
    log.note({ at: 9, written: "x", name: "count", outcome: { ok: true, result: "1" } });
    log.sentence(1, 8);
    log.sounded(0, 100);
    log.sounded(1, 100);
    log.heardMs(120);
    const read = (): CutTurn => {
      const { turn } = journal.left;
      if (turn === undefined) throw new Error("nothing was written");
      return cutTurnOf(turn).cut;
    };
    expect(read()).toMatchObject({
      text: "One. Two.",
      sentences: [5, 8],
      heard: 0,
      about: { details: { throughMs: 1_200 } },
    });
    log.rewrite();
    expect(read()).toEqual(log.cut);
  });

  it("begins its answer anew when it is thought about anew, also to the same words, and keeps what tools did", async () => {
    const { tool, runs } = counter("at-most-once");
    const journal = new FakeJournal();
    const log = new TurnLog({ about: about("w"), journal });
    log.ask("?");
    log.accept();
    await host(log, tool, 12);
    log.ask("?");
    expect(log.begun).toEqual({ text: "", calls: [] });
    expect(await host(log, tool, Infinity)).toBe(WHOLE);
    expect(log.begun.text).toBe(WHOLE);
    expect([...runs.values()]).toEqual([1, 1]);
    const { turn } = journal.left;
    expect(turn === undefined ? "" : cutTurnOf(turn).cut.text).toBe(WHOLE);
  });

  it("runs no tool that must not run twice while that cannot be written down", async () => {
    const { tool, runs } = counter("at-most-once");
    const journal = new FakeJournal();
    journal.isFailing = true;
    const log = new TurnLog({ about: about("w"), journal });
    log.ask("?");
    expect(await host(log, tool, Infinity)).toBe(WHOLE);
    expect(runs.size).toBe(0);
  });

  it("does not run again what another model asks for in other words", async () => {
    const { tool, runs } = counter("at-most-once");
    const journal = new FakeJournal();
    const log = new TurnLog({ about: about("w"), journal });
    log.ask("?");
    log.accept();
    // The host died in the call: nobody knows what came of it.
    await log.called("w/count/abc", tool);
    const { turn } = journal.left;
    if (turn === undefined) throw new Error("nothing was written");
    const next = TurnLog.goOn(cutTurnOf(turn).cut, "", { journal });
    const toolbox = new Toolbox([tool], 500, next);
    toolbox.recall(next.recalled, []);
    const manner = { turn: "w", certain: Promise.resolve(), signal: new AbortController().signal };
    expect(await toolbox.call({ name: "count", arguments: { n: 5 } }, manner)).toMatchObject({ code: "unknown" });
    expect(runs.size).toBe(0);
    expect(await toolbox.call({ name: "count", arguments: { n: 6 } }, manner)).toMatchObject({ ok: true });
    expect([...runs]).toEqual([[6, 1]]);
  });
});
