import type { Clock } from "@parley/actors";
import { VirtualClock } from "@parley/actors/testing";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { Arbitration, type Elsewhere } from "../../../src/services/arbitration/arbitration.ts";
import { readNote } from "../../../src/services/arbitration/wire.ts";
import { hear, Street, type Heard } from "./house.ts";

/** What "within 150 ms" allows, and the window in which bids are waited for. */
const SOON_MS = 150;
const WINDOW_MS = 120;

let street: Street;

async function houses(count: number, seed = 1) {
  street = new Street(seed);
  return street.build(...["ann", "ben", "cay", "dan", "eve"].slice(0, count));
}

afterEach(async () => {
  await street?.close();
});

const answers = (heard: readonly Heard[]): readonly number[] =>
  heard.flatMap(({ verdicts }, index) => (verdicts.at(-1) === "won" ? [index] : []));

describe("conversations that hear one wake word", () => {
  it("settle within 150 ms that exactly one answers, the best of them, whoever hears it a little earlier", async () => {
    const seats = (await houses(5)).map(({ arbitration }) => arbitration.take());
    await street.clock.pass(100);
    const heard: Heard[] = [];
    for (const [index, seat] of seats.entries()) {
      heard.push(hear(seat, [1, 3, 12, 2, 11][index] ?? 0, 100 + 3 * index));
      await street.clock.pass(3);
    }
    await street.clock.pass(SOON_MS);
    expect(answers(heard)).toEqual([2]);
    expect(heard.every(({ verdicts }) => verdicts.length === 1)).toBe(true);
    // All bids were in: nobody waited for the window.
    const settled = [...street.houses.values()].flatMap((house) => house.settled);
    expect(settled.every(({ tookMs }) => tookMs < WINDOW_MS / 2)).toBe(true);
  });

  it("are told apart also at one peer, and where a client of one peer is in the room of another", async () => {
    const [ann, ben] = await houses(2);
    const [parlour, hall] = [ann?.arbitration.take(), ann?.arbitration.take()];
    const kitchen = ben?.arbitration.take();
    if (parlour === undefined || hall === undefined || kitchen === undefined) throw new Error("no seats");
    await street.clock.pass(100);
    const first = [hear(parlour, 1), hear(hall, 3), hear(kitchen, 2)];
    await street.clock.pass(SOON_MS);
    expect(answers(first)).toEqual([1]);
    await street.clock.pass(5_000);
    // Who did not hear it has no part in it; the others wait for it no longer than the window.
    const second = [hear(parlour, 2), hear(kitchen, 3)];
    await street.clock.pass(SOON_MS);
    expect(answers(second)).toEqual([1]);
  });

  it("ask nobody when they are alone, and answer at once", async () => {
    const [ann, ben] = await houses(2);
    const seat = ann?.arbitration.take();
    // A conversation that is over does not count.
    ben?.arbitration.take().leave();
    await street.clock.pass(100);
    const sent: unknown[] = [];
    const elsewhere: Elsewhere = {
      participants: ann?.arbitration.elsewhere ?? [],
      send: (message) => sent.push(message),
    };
    ann?.arbitration.connect(elsewhere);
    if (seat === undefined) throw new Error("no seat");
    const heard = hear(seat, 1);
    await street.clock.settle();
    expect(heard.verdicts).toEqual(["won"]);
    expect(ann?.settled).toMatchObject([{ verdict: "won", tookMs: 0, others: 0 }]);
    expect(sent).toEqual([]);
  });

  it("settle it all the same within 150 ms when one of the peers stands still", async () => {
    const seats = (await houses(3)).map(({ arbitration }) => arbitration.take());
    await street.clock.pass(100);
    for (const other of ["ann", "ben"]) {
      street.network.cut("cay", other);
      street.network.cut(other, "cay");
    }
    const heard = seats.slice(0, 2).map((seat, index) => hear(seat, index));
    await street.clock.pass(SOON_MS);
    expect(answers(heard)).toEqual([1]);
  });

  it("both answer when they cannot hear each other, until they can: then the worse one gives way", async () => {
    const seats = (await houses(2)).map(({ arbitration }) => arbitration.take());
    await street.clock.pass(100);
    street.network.cut("ann", "ben");
    street.network.cut("ben", "ann");
    const heard = seats.map((seat, index) => hear(seat, index));
    await street.clock.pass(300);
    expect(heard.map(({ verdicts }) => verdicts)).toEqual([["won"], ["won"]]);
    street.network.heal();
    await street.clock.pass(100);
    expect(heard.map(({ verdicts }) => verdicts)).toEqual([["won", "lost"], ["won"]]);
  });

  it("forget those that have left, and know those that come", async () => {
    const [ann, ben] = await houses(2);
    const guest = ben?.arbitration.take();
    await street.clock.pass(100);
    expect(ann?.arbitration.elsewhere).toEqual(["ben/1"]);
    guest?.leave();
    ben?.arbitration.take();
    await street.clock.pass(100);
    expect(ann?.arbitration.elsewhere).toEqual(["ben/2"]);
    void ben?.system.stop();
    await street.clock.pass(100);
    expect(ann?.arbitration.elsewhere).toEqual([]);
  });

  it("leave exactly one to answer, whatever is heard when and how well, on a quick network", async () => {
    const hearing = fc.record({ waitMs: fc.nat(20), agoMs: fc.nat(200), score: fc.integer({ min: 0, max: 4 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(hearing, { minLength: 2, maxLength: 5 }), fc.nat(1e6), async (bids, seed) => {
        const seats = (await houses(5, seed + 1)).map(({ arbitration }) => arbitration.take());
        await street.clock.pass(100);
        const heard: Heard[] = [];
        for (const [index, { waitMs, agoMs, score }] of bids.entries()) {
          await street.clock.pass(waitMs);
          const seat = seats[index];
          if (seat !== undefined) heard.push(hear(seat, score, agoMs));
        }
        await street.clock.pass(600);
        expect(answers(heard)).toHaveLength(1);
        await street.close();
      }),
      { numRuns: 25 },
    );
  });

  it("do not answer what was said while they stood still, which others have answered by then", async () => {
    const clock = new VirtualClock();
    // Timers do not fire while a process is stopped; time passes all the same.
    let stoppedMs = 0;
    const still: Clock = {
      nowMs: () => clock.nowMs() + stoppedMs,
      after: (ms, run) => clock.after(ms, run),
      soon: (run) => clock.soon(run),
      later: (run) => clock.later(run),
    };
    const arbitration = new Arbitration({ peer: "ann", clock: still });
    const others = { participants: ["ben/1"] as readonly string[], send: () => undefined };
    arbitration.connect(others);
    const seat = arbitration.take();
    await clock.pass(1_000);
    stoppedMs = 3_000;
    // It takes the others for gone, since it has heard nothing of them.
    others.participants = [];
    const late = hear(seat, 1, 2_000);
    await clock.pass(500);
    const fresh = hear(seat, 1, 100);
    await clock.pass(3_000);
    expect([late.verdicts, fresh.verdicts]).toEqual([["lost"], ["won"]]);
    seat.leave();
    expect(clock.timers).toBe(0);
  });

  it("end with their conversation: a verdict that comes later reaches nobody", async () => {
    street = new Street();
    const arbitration = new Arbitration({ peer: "ann", clock: street.clock });
    arbitration.connect({ participants: ["ben/1"], send: () => undefined });
    const seat = arbitration.take();
    const heard = hear(seat, 1);
    await street.clock.settle();
    seat.leave();
    await street.clock.pass(3_000);
    expect(heard.verdicts).toEqual([]);
    expect(street.clock.timers).toBe(0);
  });
});

describe("a note about a wake word", () => {
  const from = { host: "ann/1", number: 3 };
  const bid = { type: "arbitration", to: "all", message: { type: "bid", from, score: 11.5, agoMs: 80 } };

  it("is taken from the peer that it speaks for, and from no other", () => {
    expect(readNote(bid, "ann")).toEqual(bid);
    expect(() => readNote(bid, "ben")).toThrow(/ben speaks for ann/);
    const seen = {
      type: "arbitration",
      to: "ben/2",
      message: { type: "seen", of: { host: "ben/2", number: 1 }, host: "ann/1" },
    };
    expect(readNote(seen, "ann")).toEqual(seen);
    expect(() => readNote(seen, "ben")).toThrow(TypeError);
  });

  it.each<[string, unknown]>([
    ["a score that is no number", { ...bid, message: { ...bid.message, score: Number.NaN } }],
    ["a boundless score", { ...bid, message: { ...bid.message, score: Number.POSITIVE_INFINITY } }],
    ["a time to come", { ...bid, message: { ...bid.message, agoMs: -1 } }],
    ["a long name", { ...bid, message: { ...bid.message, from: { host: `${"a".repeat(1000)}/1`, number: 1 } } }],
    ["nothing", undefined],
  ])("is refused with %s", (_, note) => {
    expect(() => readNote(note, "ann")).toThrow(TypeError);
  });

  it("is taken from newer software, without what only that knows", () => {
    expect(readNote({ ...bid, mood: "calm" }, "ann")).toEqual(bid);
  });

  it("is refused or taken as it is, whatever comes", () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (note, peer) => {
        expect(() => readNote(note, peer)).toThrow(TypeError);
      }),
      { numRuns: 2000 },
    );
    const anyUtterance = fc.record({ host: fc.constantFrom("ann/1", "ben/1", "ann", "/1", ""), number: fc.anything() });
    const near = fc.record({
      type: fc.constant("arbitration"),
      to: fc.constantFrom("all", "ann/1", "ann/", 7, null),
      message: fc.record({
        type: fc.constantFrom("bid", "claim", "seen", "other"),
        from: anyUtterance,
        score: fc.double(),
        agoMs: fc.double(),
      }),
    });
    fc.assert(
      fc.property(near, (note) => {
        try {
          expect(readNote(note, "ann")).toEqual(note);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
