import { describe, expect, it } from "vitest";
import { isAbleToUseTools } from "../../../src/assistant/tools/able.ts";
import { sayTool } from "../../../src/assistant/tools/say.ts";
import { isZone, timeIn, timeTool, zoneOf } from "../../../src/assistant/tools/time.ts";
import { timerTool } from "../../../src/assistant/tools/timer.ts";
import {
  LONGEST_TIMER_MS,
  MAX_TIMERS,
  Timers,
  type Timer,
  type TimerClock,
} from "../../../src/assistant/tools/timers.ts";
import type { Tool } from "../../../src/assistant/tools/tool.ts";
import type { Privacy } from "../../../src/routing/index.ts";

const NOON = Date.UTC(2026, 10, 20, 12, 0);
const context = (key = "k", privacy?: Privacy) => ({ signal: new AbortController().signal, key, privacy });
const run = async (tool: Tool, given: unknown, key?: string, privacy?: Privacy): Promise<string> => {
  const outcome = await tool.call(given, context(key, privacy));
  return outcome.ok ? outcome.result : `${outcome.code}: ${outcome.message}`;
};

/** Time that passes when the test says so. */
function fakeClock(): TimerClock & { pass(ms: number): void } {
  let nowMs = NOON;
  const waiting = new Set<{ atMs: number; ring: () => void }>();
  return {
    nowMs: () => nowMs,
    after: (ms, then) => {
      const each = { atMs: nowMs + ms, ring: then };
      waiting.add(each);
      return () => waiting.delete(each);
    },
    pass: (ms) => {
      nowMs += ms;
      for (const each of [...waiting].filter(({ atMs }) => atMs <= nowMs)) {
        waiting.delete(each);
        each.ring();
      }
    },
  };
}

describe("the time", () => {
  const time = timeTool({ nowMs: () => NOON, zone: "Europe/Berlin" });

  it("is told where the person is, and elsewhere by city, country or zone", async () => {
    expect(await run(time, {})).toBe("Friday, 20 November 2026, 13:00 (Europe/Berlin)");
    expect(await run(time, { zone: "" })).toBe("Friday, 20 November 2026, 13:00 (Europe/Berlin)");
    expect(await run(time, { zone: "tokyo" })).toBe("Friday, 20 November 2026, 21:00 (Asia/Tokyo)");
    expect(await run(time, { zone: "new york" })).toBe("Friday, 20 November 2026, 07:00 (America/New_York)");
    expect(await run(time, { zone: "München" })).toContain("13:00 (Europe/Berlin)");
    expect(await run(time, { zone: "UTC" })).toContain("12:00 (UTC)");
  });

  it("of a place that nobody knows is not made up", async () => {
    expect(await run(time, { zone: "Entenhausen" })).toBe(
      'failed: no time zone is known for "Entenhausen": name a larger city near it',
    );
    expect(await run(time, { zone: "constructor" })).toContain("no time zone is known");
    expect(zoneOf("../../etc/localtime")).toBeUndefined();
    expect(isZone("US/Pacific")).toBe(true);
  });

  it("has two digits at midnight", () => {
    expect(timeIn("UTC", Date.UTC(2026, 0, 1))).toBe("Thursday, 1 January 2026, 00:00 (UTC)");
  });
});

describe("timers", () => {
  function timers() {
    const clock = fakeClock();
    const ended: Timer[] = [];
    const all = new Timers(clock, (timer) => ended.push(timer));
    return { clock, ended, all, tool: timerTool(all) };
  }

  it("are set, listed, end in their order, and are gone then", async () => {
    const { clock, ended, tool } = timers();
    expect(await run(tool, { minutes: 5, label: "tea" }, "a")).toBe("the timer tea (1) is set for 5 min");
    expect(await run(tool, { do: "set", hours: 1, minutes: 30 }, "b")).toBe("timer 2 is set for 1 h 30 min");
    clock.pass(60_000);
    expect(await run(tool, { do: "list" })).toBe("the timer tea (1): 4 min left; timer 2: 1 h 29 min left");
    clock.pass(240_000);
    expect(ended).toMatchObject([{ id: "1", label: "tea", setAtMs: NOON, endsAtMs: NOON + 300_000 }]);
    expect(await run(tool, { do: "list" })).toBe("timer 2: 1 h 25 min left");
  });

  it("are one under the same key", async () => {
    const { all, tool } = timers();
    await run(tool, { minutes: 5 }, "same");
    expect(await run(tool, { minutes: 5 }, "same")).toBe("timer 1 is set for 5 min");
    expect(all.list).toHaveLength(1);
  });

  it("are cancelled by label, id, all, or when there is only one", async () => {
    const { ended, clock, tool } = timers();
    await run(tool, { seconds: 30 }, "a");
    expect(await run(tool, { do: "cancel" })).toBe("timer 1 is cancelled");
    await run(tool, { seconds: 30, label: "Eggs" }, "b");
    await run(tool, { seconds: 40 }, "c");
    await run(tool, { seconds: 50 }, "d");
    expect(await run(tool, { do: "cancel" })).toBe("failed: which one? There run the timer Eggs (2), timer 3, timer 4");
    expect(await run(tool, { do: "cancel", label: "eggs" })).toBe("the timer Eggs (2) is cancelled");
    expect(await run(tool, { do: "cancel", id: 3 })).toBe("timer 3 is cancelled");
    expect(await run(tool, { do: "cancel", label: "all" })).toBe("timer 4 is cancelled");
    expect(await run(tool, { do: "cancel" })).toBe("failed: no timer runs");
    clock.pass(100_000);
    expect(ended).toEqual([]);
  });

  it("keep their label from whoever may be farther away than it may go", async () => {
    const { all, clock, ended, tool } = timers();
    await run(tool, { minutes: 5, label: "insulin" }, "a", "host");
    expect(await run(tool, { do: "list" }, "b")).toBe("timer 1: 5 min left");
    expect(await run(tool, { do: "list" }, "b", "house")).toBe("timer 1: 5 min left");
    expect(await run(tool, { do: "list" }, "b", "host")).toBe("the timer insulin (1): 5 min left");
    expect(all.list).toMatchObject([{ privacy: "host" }]);
    clock.pass(300_000);
    expect(ended).toMatchObject([{ label: "insulin", privacy: "host" }]);
  });

  it("are bounded in number and length", async () => {
    const { all, tool } = timers();
    expect(await run(tool, {})).toContain("say how long");
    expect(await run(tool, { minutes: -5 })).toContain("bad-arguments");
    expect(await run(tool, { hours: 24 * 7, seconds: 1 })).toBe("failed: a timer runs for at most 7 days");
    expect(all.set({ ms: LONGEST_TIMER_MS, label: "", key: "0" })?.id).toBe("1");
    for (let each = 1; each < MAX_TIMERS; each += 1) await run(tool, { minutes: each }, String(each));
    expect(await run(tool, { minutes: 1 }, "more")).toBe(`failed: ${MAX_TIMERS} timers run already: cancel one first`);
    all.close();
    expect(all.list).toEqual([]);
  });
});

describe("saying something", () => {
  it("is done here, or at the peer that is named", async () => {
    const said: string[] = [];
    const tool = sayTool({
      here: async (text) => `here ${said.push(text)}`,
      at: async (peer, text) => `${peer} ${said.push(text)}`,
    });
    expect(await run(tool, { text: "dinner" })).toBe("here 1");
    expect(await run(tool, { text: "dinner", peer: " kitchen " })).toBe("kitchen 2");
    expect(await run(tool, { text: "" })).toContain("bad-arguments");
  });

  it("is done in no other room where what was asked must not leave this host, and here no farther away", async () => {
    const said: unknown[] = [];
    const tool = sayTool({
      here: async (text, privacy) => `here ${said.push([text, privacy])}`,
      at: async (peer) => `${peer} ${said.push(peer)}`,
    });
    expect(await run(tool, { text: "dinner", peer: "kitchen" }, "a", "host")).toContain("must not leave this host");
    expect(await run(tool, { text: "dinner", peer: "kitchen" }, "b", "house")).toBe("kitchen 1");
    expect(await run(tool, { text: "dinner" }, "c", "host")).toBe("here 2");
    expect(said).toEqual(["kitchen", ["dinner", "host"]]);
  });
});

describe("models that are offered tools", () => {
  it.each([
    "ollama:qwen2.5:7b",
    "ollama:qwen3:latest",
    "llama3.2:3b",
    "Meta-Llama-3.1-8B-Instruct",
    "mistral:7b",
    "gpt-oss:20b",
    "gemma3:4b",
  ])("%s is able", (model) => expect(isAbleToUseTools(model)).toBe(true));
  it.each([
    "tinyllama",
    "ollama:tinyllama:1.1b",
    "stories15m",
    "llama3.2:1b",
    "qwen2.5:0.5b",
    "qwen2:7b",
    "llama2:7b",
    "gemma3:270m",
    "gemma3:1b",
    "fixed-delay-llm",
    "",
  ])("%s is not known to be", (model) => expect(isAbleToUseTools(model)).toBe(false));
});
