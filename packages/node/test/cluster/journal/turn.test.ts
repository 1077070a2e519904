import { describe, expect, it } from "vitest";
import { openRecords } from "../../../src/cluster/journal/pieces.ts";
import type { TurnRecord } from "../../../src/cluster/journal/records.ts";
import { WrittenTurn } from "../../../src/cluster/journal/turn.ts";

const SESSION = "s";

function heard(index: number): TurnRecord {
  return { type: "heard", index };
}

function begun(): WrittenTurn {
  const turn = new WrittenTurn();
  turn.keysFor(() => 5);
  return turn;
}

describe("a turn that is written down", () => {
  it("gives what was under way again as it was, with what came meanwhile behind it", () => {
    const turn = begun();
    turn.add(heard(0));
    const first = turn.next(SESSION);
    turn.add(heard(1));
    const second = turn.next(SESSION);
    expect(second?.entries.slice(0, 1)).toEqual(first?.entries);
    expect(second?.entries).toHaveLength(2);
    turn.wrote(second?.entries ?? []);
    expect(turn.isWaiting).toBe(false);
    expect(turn.records).toBe(2);
    turn.add(heard(2));
    expect(turn.next(SESSION)?.from).toBe(2);
  });

  it("goes behind what somebody else has written, sealed anew for its place", () => {
    const turn = begun();
    const key = Uint8Array.from(turn.keysFor(() => 5).records);
    turn.add(heard(7));
    const mine = turn.next(SESSION)?.entries ?? [];
    turn.wrote([]);
    turn.add(heard(8));
    turn.moveBehind([...mine, ...mine]);
    const next = turn.next(SESSION);
    expect(next?.from).toBe(2);
    const theirs = begun();
    theirs.add(heard(7));
    const chapter = { session: SESSION, turn: 5, key };
    expect(openRecords(chapter, next?.entries ?? []).isWhole).toBe(false);
    expect(openRecords(chapter, mine)).toEqual({ records: [heard(7)], isWhole: true });
    expect(next?.entries).toHaveLength(1);
  });

  it("overwrites its keys when it is over, and what waits of it is gone", () => {
    const turn = begun();
    const { records, kept } = turn.keysFor(() => 5);
    turn.add(heard(0));
    turn.forget();
    expect([...records, ...kept].every((byte) => byte === 0)).toBe(true);
    expect(turn.isWaiting).toBe(false);
    expect(turn.over.signal.aborted).toBe(true);
  });

  it("waits with no more than a turn may have, however long nothing is taken", () => {
    const turn = new WrittenTurn();
    let count = 0;
    while (turn.off === undefined && count < 1_000) {
      turn.add({ type: "sentence", index: count, text: "x".repeat(10_000) });
      count += 1;
    }
    expect(turn.off).toBe("full");
    expect(count).toBe(14);
    expect(turn.isWaiting).toBe(false);
  });
});
