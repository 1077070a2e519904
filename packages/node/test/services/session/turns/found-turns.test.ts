/** What one side of a house begins with that knows a session from its journal only. */
import { describe, expect, it } from "vitest";
import type { FoundJournal } from "../../../../src/cluster/journal/port.ts";
import { fittedTurns } from "../../../../src/services/session/saved.ts";
import { forkFrom } from "../../../../src/services/session/sides.ts";
import { Turns } from "../../../../src/services/session/turns.ts";
import { about, FakeJournal, HandClock } from "./kit.ts";
import type { Tool } from "../../../../src/assistant/tools/tool.ts";

const TOOL = { name: "count", repeats: "by-key" } as Tool;
const NOTHING = { kept: undefined, turn: undefined };
const timer = { id: "t1", label: "eggs", setAtMs: 1, endsAtMs: 2, key: "a/timer/x" };

/** The session of the house, whose journal is read. */
function house(timers: readonly (typeof timer)[] = []): { readonly turns: Turns; readonly journal: FakeJournal } {
  const journal = new FakeJournal();
  const turns: Turns = new Turns({
    journal,
    clock: new HandClock(),
    kept: () => ({
      account: "anna",
      clientId: "c",
      host: "b",
      turns: 3,
      mind: { strands: [{ exchanges: [] }], timers: [] },
      kept: fittedTurns(turns.kept),
    }),
    state: () => JSON.stringify({ strands: [], timers }),
    finish: () => undefined,
  });
  return { turns, journal };
}

/** Of one side, which may go on with what the other has begun. */
function side(found: FoundJournal): Turns {
  const ground = { isApart: true, clock: new HandClock(), kept: () => null, state: () => undefined };
  const turns = new Turns({ ...ground, finish: () => undefined });
  turns.adopt(forkFrom(found)?.turns ?? []);
  return turns;
}

describe("a session that is known from its journal", () => {
  it("is that of the turn at hand: its question, its text, its calls, and what has changed with it", async () => {
    const { turns, journal } = house([timer]);
    turns.settle();
    const log = turns.begin(about("a"));
    log.ask("how many?");
    log.accept();
    log.comes();
    log.wrote("Let me see. ");
    log.note({ at: 12, written: "{}", name: "count", outcome: { ok: true, result: "7" } });
    await log.called("a/count/x", TOOL);
    log.ended("a/count/x", { ok: true, result: "7" });
    log.wrote("Seven.");
    log.sentence(0, 12);
    const fork = forkFrom(journal.left);
    expect(fork?.saved).toMatchObject({ account: "anna", clientId: "c", turns: 4, mind: { timers: [timer] } });

    const there = side(journal.left);
    const cut = there.of("a", "how many?");
    expect(cut).toMatchObject({
      text: "Let me see. ",
      calls: [{ at: 12, name: "count", outcome: { ok: true, result: "7" } }],
      recalled: [{ key: "a/count/x", outcome: { ok: true, result: "7" } }],
    });
    if (cut === undefined) throw new Error("it is not waited for");
    // Its client may have more of it than was written down.
    expect(there.goOn(cut, "Let me see. Sev").begun).toMatchObject({ text: "Let me see. Sev", calls: [{ at: 12 }] });
  });

  it("is that of the turns beside it as well, each with what its tools did, and of those that have ended", async () => {
    const { turns, journal } = house();
    const done = turns.begin(about("done"));
    done.ask("one?");
    done.accept();
    turns.ended(done);
    const [first, second] = [turns.begin(about("first")), turns.begin(about("second"))];
    for (const log of [first, second]) {
      log.ask("two?");
      log.accept();
    }
    await second.called("second/count/x", TOOL);
    const fork = forkFrom(journal.left);
    expect(fork?.turns.map((turn) => [turn.about.workId, turn.isOver, turn.recalled.length])).toEqual([
      ["done", true, 0],
      ["second", undefined, 1],
      ["first", undefined, 0],
    ]);
    expect(side(journal.left).cut?.about.workId).toBe("first");
  });

  it("is the turn's alone before one has ended, and nothing where nothing can be read", () => {
    const { turns, journal } = house();
    const log = turns.begin(about("a"));
    log.ask("first?");
    log.accept();
    expect(forkFrom(journal.left)).toMatchObject({
      saved: { account: "anna", clientId: "c", turns: 1, mind: { strands: [], timers: [] } },
      turns: [{ question: "first?" }],
    });
    const lost = { kept: "keys-lost", turn: "keys-lost" } as const;
    expect(forkFrom({ ...NOTHING, lost })).toBeUndefined();
    expect(forkFrom({ ...NOTHING, kept: { value: "?" }, lost: { kept: undefined, turn: undefined } })).toBeUndefined();
  });
});
