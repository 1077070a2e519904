/** What a side of a house without the quorum may do, and what becomes of its timers. */
import { describe, expect, it } from "vitest";
import { VirtualClock } from "@parley/actors/testing";
import * as z from "zod";
import { Timers, type Timer } from "../../../src/assistant/tools/timers.ts";
import { Toolbox } from "../../../src/assistant/tools/toolbox.ts";
import { defineTool, type Tool } from "../../../src/assistant/tools/tool.ts";
import { aboutTurn, TurnLog, type CutTurn } from "../../../src/services/session/turn-log.ts";
import { Turns, type Ended } from "../../../src/services/session/turns.ts";

const ABOUT = aboutTurn({ account: "anna" }, "ask", "w", {});
const order: Pick<Tool, "name" | "repeats"> = { name: "order", repeats: "at-most-once" };
const look: Pick<Tool, "name" | "repeats"> = { name: "look", repeats: "by-key" };

const ended = (id: string, question = "buy milk"): Ended => ({ id, question, atMs: 0, isNew: true });

// What a log looks at of a tool.
const tool = (given: Pick<Tool, "name" | "repeats">): Tool => ({ ...given }) as Tool;

function turns(): Turns {
  const clock = new VirtualClock();
  return new Turns({ isApart: true, kept: () => null, state: () => undefined, finish: () => undefined, clock });
}

describe("a turn on the side without the quorum", () => {
  it("runs nothing that must not run twice, and does not say that it was not done: its client may have asked the other side for it", async () => {
    const log = turns().begin(ABOUT);
    log.ask("buy milk");
    expect(await log.called("w/1/0", tool(order))).toBe("unknown");
    expect(await log.called("w/1/1", tool(look))).toBe(true);
  });

  it("has the person asked who comes back with a call that the house may have run", async () => {
    const runs: unknown[] = [];
    const schema = z.object({});
    const press = defineTool({
      ...order,
      description: "",
      usage: "{}",
      hasEffects: true,
      parameters: schema,
      run: () => `${runs.push(1)}`,
    });
    const log = turns().begin(ABOUT);
    log.ask("buy milk");
    const manner = { turn: "w", certain: Promise.resolve(), signal: new AbortController().signal };
    const outcome = await new Toolbox([press], 500, log).call({ name: "order", arguments: {} }, manner);
    expect(outcome).toMatchObject({ ok: false, code: "unknown" });
    expect(runs).toEqual([]);
  });

  it("runs it in a turn that may not leave its host: there it is asked for, or nowhere", async () => {
    const log = turns().begin(aboutTurn({ account: "anna" }, "ask", "w", { privacy: "host" }));
    log.ask("buy milk");
    expect(await log.called("w/1/0", tool(order))).toBe(true);
  });

  it("does not, where the house has begun it: the other side may go on with it as well", async () => {
    const begun = new TurnLog({ about: ABOUT });
    begun.ask("buy milk");
    begun.accept();
    const side = turns();
    side.adopt([begun.cut]);
    const cut = side.of("w");
    if (cut === undefined) throw new Error("it is not waited for");
    const log = side.goOn(cut, "");
    expect(await log.called("w/1/0", tool(order))).toBe("unknown");
    expect(await log.called("w/1/1", tool(look))).toBe(true);
    expect(log.recalled.map(({ key }) => key)).toEqual(["w/1/1"]);
  });

  it("is known to the house while it goes on, as far as it is, and over there once it has ended", () => {
    const finished: CutTurn[] = [];
    const ground = { kept: () => null, state: () => undefined, clock: new VirtualClock() };
    const house = new Turns({ ...ground, finish: (cut) => finished.push(cut) });
    const side = new Turns({ ...ground, finish: () => undefined, isApart: true });
    const log = side.begin(ABOUT);
    log.ask("buy milk");
    log.accept();
    log.wrote("It is");
    house.learn([], side.kept);
    expect(house.of("w")).toMatchObject({ question: "buy milk", text: "It is" });
    side.ended(log);
    house.learn([ended("w")], side.kept);
    expect(house.cut).toBeUndefined();
    expect(finished).toEqual([]);
  });

  it("is not waited for any more once the other side has finished it", () => {
    const begun = new TurnLog({ about: ABOUT });
    begun.ask("buy milk");
    begun.accept();
    const side = turns();
    side.adopt([begun.cut]);
    side.learn([ended("other")], []);
    expect(side.cut).toBeDefined();
    side.learn([ended("w")], []);
    expect(side.cut).toBeUndefined();
  });
});

describe("a turn of a live conversation that was cut by a partition", () => {
  const throughMs = 2_000;
  const talk = (id: string, askedAtMs: number) =>
    aboutTurn({ account: "anna", throughMs, askedAtMs }, "talk", `t#${id}`, {});

  /** The side with the quorum, where one turn was taken on and cut. */
  function quorum(finished: CutTurn[] = []): Turns {
    const house: Turns = new Turns({
      kept: () => null,
      state: () => undefined,
      finish: (cut) => finished.push(cut),
      clock: new VirtualClock(),
    });
    const log = house.begin(talk("a", 1));
    log.ask("tea?");
    log.accept();
    house.left(log);
    return house;
  }

  it("is over once the other side has answered it, by whatever name: it is neither answered nor remembered twice", () => {
    const finished: CutTurn[] = [];
    const house = quorum(finished);
    house.learn([ended("t#b", "tea?")], []);
    expect(house.cut).toBeUndefined();
    expect(finished).toEqual([]);
  });

  it("is not taken for one that was asked before in the same words, nor for one of another conversation", () => {
    const house = quorum();
    house.learn([{ ...ended("t#b", "tea?"), isNew: false }, ended("u#b", "tea?"), ended("t#c", "coffee?")], []);
    expect(house.cut).toMatchObject({ question: "tea?" });
  });

  it("keeps what its tools have done, where it was cut on the other side as well", () => {
    const house = quorum();
    const there = new TurnLog({ about: talk("b", 2) });
    there.ask("tea?");
    there.accept();
    house.learn([], [there.cut]);
    expect(house.ofTalk("t", "tea?")?.about.workId).toBe("t#a");
    expect(house.all).toHaveLength(1);
  });

  it("is not answered as news to a client that is done with what was said in it", () => {
    const finished: CutTurn[] = [];
    const house = quorum(finished);
    expect(house.ofTalk("t", "tea?", throughMs)).toBeDefined();
    expect(house.ofTalk("t", undefined, throughMs - 1)).toBeDefined();
    expect(house.ofTalk("t", undefined, throughMs)).toBeUndefined();
    expect(finished).toMatchObject([{ question: "tea?" }]);
    expect(house.ofTalk("t", undefined, throughMs)).toBeUndefined();
  });
});

describe("the timers of two sides", () => {
  function timers(clock: VirtualClock, ended: Timer[]): Timers {
    const after = (ms: number, then: () => void) => {
      const timer = clock.after(ms, then);
      return () => timer.cancel();
    };
    return new Timers({ nowMs: () => clock.nowMs(), after }, (timer) => ended.push(timer));
  }

  it("run once in the whole house: what was set on either side runs, what ended or was taken back on one does on none", async () => {
    const clock = new VirtualClock();
    const ended: Timer[] = [];
    const [house, side] = [timers(clock, ended), timers(clock, [])];
    for (const label of ["tea", "eggs", "cake"]) house.set({ ms: 10_000, label, key: label });
    side.restore(house.saved);
    await clock.pass(1_000);
    side.cancel(({ label }) => label === "tea");
    house.cancel(({ label }) => label === "eggs");
    side.set({ ms: 10_000, label: "soup", key: "ask4/1" });
    house.set({ ms: 9_500, label: "bread", key: "ask4/1" });
    await clock.pass(500);
    // Handed over again: the answer to the first was lost.
    for (let n = 0; n < 2; n += 1) house.merge(side.saved, side.past);
    expect(house.list.map(({ label }) => label)).toEqual(["cake", "bread", "soup"]);
    await clock.pass(20_000);
    expect(ended.map(({ label }) => label)).toEqual(["cake", "bread", "soup"]);
    house.merge(side.saved, side.past);
    expect(house.list).toEqual([]);
  });
});
