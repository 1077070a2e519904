/** Answers that a model writes in several rounds, and answers that are stopped: nothing of them stands in the way of what comes next. */
import { FAIR_WEATHER } from "@parley/actors/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GenerateOptions } from "../../../src/providers/language-model.ts";
import { newRounds, type Rounds } from "../../../src/providers/rounds.ts";
import { REPLY, Village, type Resident } from "./village.ts";

/** Of that size, and never measured: longer than anybody waits for. */
const LARGE = "ollama:qwen3:8b";
const QUESTION = [{ role: "user", content: "What is 17 % of 250?" }] as const;

let village: Village;

beforeEach(() => {
  village = new Village();
  village.network.weather = { ...FAIR_WEATHER, delayMs: 10, jitterMs: 5 };
});
afterEach(() => village.close());

/** Someone without a model asks the only one who has one. */
async function alley(script: { readonly firstMs: number; readonly stepMs: number }) {
  const [hall, attic] = await village.build(
    { name: "hall" },
    { name: "attic", engines: { llm: { model: LARGE, lingersMs: 40, ...script } } },
  );
  if (hall === undefined || attic === undefined) throw new Error("two were asked for");
  return { hall, attic };
}

/** Reads so many pieces, and leaves. */
async function begun(at: Resident, pieces: number, how: GenerateOptions = {}): Promise<string> {
  let text = "";
  let left = pieces;
  for await (const piece of at.house.languageModel({}).generate(QUESTION, how)) {
    text += piece;
    left -= 1;
    if (left === 0) break;
  }
  return text;
}

/** An answer with so many calls of tools: each round but the last is stopped. */
async function answered(at: Resident, calls: number, rounds: Rounds): Promise<string> {
  for (let n = 0; n < calls; n += 1) await begun(at, 2, { rounds });
  return await begun(at, Infinity, { rounds });
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    village.clock.after(ms, resolve);
  });
}

describe("an answer of several rounds", () => {
  it.each([110, 350])(
    "is never refused for its own earlier ones, by an engine that takes %d ms for each word",
    async (stepMs) => {
      const { hall, attic } = await alley({ firstMs: stepMs, stepMs });
      const asked = (async () => {
        const texts: string[] = [];
        for (let n = 0; n < 6; n += 1) {
          texts.push(await answered(hall, n % 4, newRounds()));
          await wait(37 * n);
        }
        return texts;
      })();
      await village.clock.pass(300_000);
      expect(await asked).toEqual(Array.from({ length: 6 }, () => REPLY));
      expect(attic.logs.llm).toMatchObject({ began: 13, now: 0 });
    },
  );

  it("goes on where it began, behind those who have come meanwhile, however long that takes", async () => {
    const { hall, attic } = await alley({ firstMs: 300, stepMs: 300 });
    const rounds = newRounds();
    const others: unknown[] = [];
    const asked = (async () => {
      await begun(hall, 2, { rounds });
      // More than may wait, each for longer than a new question would.
      for (let n = 0; n < 4; n += 1) {
        void begun(attic, Infinity).then((text) => others.push(text));
      }
      await wait(300);
      return await begun(hall, Infinity, { rounds });
    })();
    await village.clock.pass(120_000);
    expect(await asked).toBe(REPLY);
    expect(rounds.peer).toBe("attic");
    expect(others).toHaveLength(4);
  });
});

describe("an answer that is stopped", () => {
  it("has left the books of both peers at once", async () => {
    const { hall, attic } = await alley({ firstMs: 200, stepMs: 200 });
    const loads: unknown[] = [];
    const asked = (async () => {
      for (let n = 0; n < 12; n += 1) {
        await begun(hall, 1 + (n % 3));
        // What was said of it before may come only now.
        await wait(20 * n);
        const { refusal, candidates } = hall.house.house.decide({ capability: "llm" });
        loads.push(refusal?.code ?? candidates[0]?.expected.queueMs);
      }
    })();
    await village.clock.pass(60_000);
    await asked;
    expect(loads).toEqual(Array.from({ length: 12 }, () => 0));
    expect(attic.bench.workload("llm").load).toMatchObject({ running: 0, queued: 0, backlogMs: 0 });
    expect(attic.bench.workload("llm").demand).toBeLessThan(1);
  });

  it("teaches how fast its engine is", async () => {
    const { hall, attic } = await alley({ firstMs: 500, stepMs: 100 });
    const asked = begun(hall, 4);
    await village.clock.pass(5_000);
    await asked;
    const { tokensPerSecond } = attic.bench.speeds.speed("llm", LARGE);
    expect(tokensPerSecond).toBeGreaterThan(9);
    expect(tokensPerSecond).toBeLessThan(11);
  });
});

describe("questions of which more come at once than may wait", () => {
  it("are asked again for a moment before anybody is sent away", async () => {
    const [hall] = await village.build(
      { name: "hall" },
      { name: "attic", engines: { llm: { model: "stories15m", firstMs: 20, stepMs: 1 } } },
    );
    if (hall === undefined) throw new Error("two were asked for");
    const asked = Array.from({ length: 14 }, () => begun(hall, Infinity));
    const texts = await village.clock.until(Promise.all(asked));
    expect(new Set(texts)).toEqual(new Set([REPLY]));
  });
});
