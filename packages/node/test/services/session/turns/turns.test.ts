import { describe, expect, it } from "vitest";
import type { Tool } from "../../../../src/assistant/tools/tool.ts";
import { calculator } from "../../../../src/assistant/tools/calculator.ts";
import type { CutTurn, TurnLog } from "../../../../src/services/session/turn-log.ts";
import { Turns } from "../../../../src/services/session/turns.ts";
import { about, FakeJournal, HandClock } from "./kit.ts";

const TOOL: Tool = { ...calculator, name: "count", repeats: "at-most-once" };

function house(left?: FakeJournal) {
  const clock = new HandClock();
  const journal = new FakeJournal();
  const finished: CutTurn[] = [];
  const turns: Turns = new Turns({
    journal,
    clock,
    kept: () => turns.kept,
    state: () => "{}",
    finish: (cut) => finished.push(cut),
  });
  if (left !== undefined) {
    const found = left.left;
    [journal.turn] = [left.turn];
    turns.restore(found, (found.kept?.value ?? []) as readonly CutTurn[]);
  }
  return { clock, journal, finished, turns };
}

function begun(turns: Turns, work: string, text: string, privacy?: "host"): TurnLog {
  const log = turns.begin(about(work, privacy));
  log.ask(`${work}?`);
  log.accept();
  log.comes();
  log.wrote(text);
  log.sentence(0, text.length);
  return log;
}

describe("the turns of a session", () => {
  it("run no tool twice whose turn was lost with the memory of most voters: who asks at once may ask for that one again", async () => {
    const { turns, clock } = house();
    turns.restore({ kept: undefined, turn: undefined, lost: { kept: undefined, turn: "keys-lost" } });
    turns.met();
    expect(await begun(turns, "again", "").called("again/count/x", TOOL)).toBe("unknown");
    clock.pass(3_001);
    expect(await begun(turns, "new", "").called("new/count/x", TOOL)).toBe(true);
  });

  it("wait for their client, and are over as far as they went when it does not come; nothing is left behind", () => {
    const { turns, clock, finished, journal } = house();
    turns.left(begun(turns, "a", "One."));
    expect(turns.of("a")).toMatchObject({ text: "One." });
    clock.pass(119_000);
    expect(finished).toEqual([]);
    clock.pass(2_000);
    expect(finished).toMatchObject([{ question: "a?", text: "One." }]);
    expect(turns.cut).toBeUndefined();
    expect(journal.turn).toBeUndefined();
    expect(clock.waiting).toBe(0);
  });

  it("are all gone on with, in whatever order a client that comes back asks for them, at another host too", () => {
    const first = house();
    const [talk, ask] = [begun(first.turns, "t#1", "Tea."), begun(first.turns, "a", "Ask.")];
    first.turns.left(talk);
    first.turns.left(ask);
    first.turns.met();
    expect(first.turns.goOn(first.turns.of("a") ?? fail(), "").begun.text).toBe("Ask.");
    expect(first.turns.goOn(first.turns.of("t") ?? fail(), "").begun.text).toBe("Tea.");
    expect(first.finished).toEqual([]);
    const next = house(first.journal);
    expect([next.turns.of("a")?.text, next.turns.of("t")?.text]).toEqual(["Ask.", "Tea."]);
  });

  it("that were cut on another side of the house wait here as well, unless they are known here", () => {
    const { turns, clock, finished } = house();
    turns.ended(begun(turns, "known", "All of it."));
    const other = house();
    for (const work of ["known", "cut"]) other.turns.left(begun(other.turns, work, "So far."));
    turns.learn([], other.turns.kept);
    expect([turns.of("known")?.text, turns.of("cut")?.text]).toEqual(["All of it.", "So far."]);
    clock.pass(121_000);
    expect(finished).toMatchObject([{ question: "cut?" }]);
  });

  it("make room for what was said on another side while they wait for their client, and are gone on with all the same", () => {
    const { turns, journal } = house();
    turns.left(begun(turns, "a", "So far."));
    expect([turns.isSettled, journal.settled]).toEqual([false, []]);
    turns.settleBeside();
    expect([turns.isSettled, journal.turn]).toEqual([true, undefined]);
    const next = house(journal);
    expect(next.turns.goOn(next.turns.of("a") ?? fail(), "").begun.text).toBe("So far.");
    expect(next.journal.turn?.accepted.workId).toBe("a");
  });

  it("that had ended, and are told once more, are known as ended to whoever hears of them then", () => {
    const { turns } = house();
    turns.ended(begun(turns, "a", "All of it."));
    turns.goOn(turns.of("a") ?? fail(), "");
    expect(turns.kept).toMatchObject([{ text: "All of it.", isOver: true }]);
  });

  it("are asked in an order that no clock changes: each later than all that is known where it is asked", () => {
    const aheadMs = Date.now() + 60_000;
    const { turns } = house();
    const cut = begun(turns, "a", "One.").cut;
    turns.adopt([{ ...cut, about: { ...cut.about, details: { ...cut.about.details, askedAtMs: aheadMs } } }]);
    expect(begun(turns, "b", "Two.").about.details.askedAtMs).toBe(aheadMs + 1);
  });

  it("are given up for what is asked instead, but not for what is asked on return", () => {
    const { turns, clock, finished } = house();
    turns.left(begun(turns, "a", "One."));
    turns.met();
    turns.ended(begun(turns, "b", "Two."));
    expect(finished).toEqual([]);
    clock.pass(10_000);
    begun(turns, "c", "Three.");
    expect(finished).toMatchObject([{ question: "a?" }]);
  });

  it("one beside another is written down once that has ended", () => {
    const { turns, journal } = house();
    const [one, other] = [begun(turns, "a", "One."), begun(turns, "t#1", "Two.")];
    expect(journal.turn?.accepted.workId).toBe("a");
    turns.ended(one);
    expect(journal.turn?.accepted.workId).toBe("t#1");
    const next = house(journal);
    expect(next.turns.of("t")).toMatchObject({ text: "Two.", sentences: [4] });
    turns.ended(other);
    expect(journal.turn).toBeUndefined();
  });

  it("one beside another loses none of what its tools did with its host", async () => {
    const { turns, journal } = house();
    const [one, other] = [begun(turns, "a", "One."), begun(turns, "b", "Two.")];
    expect(await other.called("b/count/x", TOOL)).toBe(true);
    const next = house(journal);
    expect(next.turns.of("b", "b?")?.recalled).toMatchObject([{ key: "b/count/x", outcome: undefined }]);
    expect(next.turns.of("a")?.recalled).toEqual([]);
    turns.ended(one);
    expect(house(journal).turns.of("b")?.recalled).toMatchObject([{ key: "b/count/x" }]);
  });

  it("that have ended are told again to a client that has missed the end, at another host too, and not remembered twice", async () => {
    const { turns, journal } = house();
    const log = begun(turns, "a", "One. Two.");
    await log.called("a/count/x", TOOL);
    log.ended("a/count/x", { ok: true, result: "1" });
    turns.ended(log);
    const next = house(journal);
    const again = next.turns.goOn(next.turns.of("a", "a?") ?? fail(), "One.");
    expect(again.isOver).toBe(true);
    expect(again.begun.text).toBe("One. Two.");
    expect(again.recalled).toMatchObject([{ outcome: { ok: true } }]);
    next.turns.ended(again);
    expect(next.finished).toEqual([]);
    expect(next.turns.of("a", "something else")).toBeUndefined();
  });

  it("of a talk, the one that is cut comes before one that has ended", () => {
    const { turns } = house();
    turns.ended(begun(turns, "t#1", "One."));
    turns.left(begun(turns, "t#2", "Two."));
    expect(turns.ofTalk("t", "t#1?")?.text).toBe("Two.");
    expect(turns.ofTalk("t", "something else")?.text).toBe("Two.");
    turns.goOn(turns.ofTalk("t", undefined) ?? fail(), "");
    expect(turns.ofTalk("t", "something else")).toBeUndefined();
  });

  it("that must stay on their host are gone on with there, and written nowhere", async () => {
    const { turns, journal } = house();
    const secret = begun(turns, "a", "Secret.", "host");
    await secret.called("a/count/x", TOOL);
    turns.left(secret);
    expect(turns.of("a")?.text).toBe("Secret.");
    turns.ended(turns.goOn(turns.of("a") ?? fail(), ""));
    turns.ended(begun(turns, "b", "Open."));
    expect(JSON.stringify([journal.settled, journal.turn])).not.toContain("Secret");
    expect(turns.of("a")).toBeDefined();
  });

  it("stay as they are when the session moves", () => {
    const { turns, clock, finished, journal } = house();
    const log = begun(turns, "a", "One.");
    turns.close();
    turns.left(log);
    clock.pass(200_000);
    expect([finished, clock.waiting]).toEqual([[], 0]);
    expect(house(journal).turns.of("a")?.text).toBe("One.");
  });

  it("are bounded, however many are left", () => {
    const { turns, clock, finished } = house();
    for (let n = 0; n < 50; n += 1) turns.left(begun(turns, `w${n}`, "x"));
    expect(finished).toHaveLength(42);
    expect(clock.waiting).toBe(8);
    expect(turns.kept.length).toBeLessThanOrEqual(12);
  });
});

function fail(): never {
  throw new Error("it is not there");
}
