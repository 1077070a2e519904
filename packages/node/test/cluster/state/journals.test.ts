import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sessionsIn, journalBytesOf } from "../../../src/cluster/state/journals.ts";
import { LIMITS } from "../../../src/cluster/state/limits.ts";
import type { SessionJournal } from "../../../src/cluster/state/model.ts";
import type { CommandOf } from "../../../src/cluster/state/schemas.ts";
import { Agreed, anyJournalCommand, bytes } from "./support.ts";

const at = (token: number) => ({ scope: "sessions/1", kind: "epoch" as const, token });

function append(turn: number, from: number, ...records: readonly number[]): CommandOf<"journal-append"> {
  return {
    type: "journal-append",
    stamp: at(1),
    session: "s",
    turn,
    from,
    records: records.map((n) => bytes(n)),
    atMs: 5,
  };
}

function settle(turn: number, kept: number | null): CommandOf<"journal-settle"> {
  return {
    type: "journal-settle",
    stamp: at(1),
    session: "s",
    turn,
    kept: kept === null ? null : bytes(kept),
    atMs: 6,
  };
}

const end: CommandOf<"journal-end"> = { type: "journal-end", stamp: at(1), session: "s" };

function journalOf(agreed: Agreed): SessionJournal | undefined {
  return agreed.state.journals.get("s");
}

describe("a session's journal", () => {
  it("is unknown to the commands of version 1", () => {
    const agreed = Agreed.of();
    for (const command of [append(1, 0, 1), settle(1, 1), end]) {
      expect(agreed.run(command)).toMatchObject({ reason: "not-in-force" });
    }
    expect(agreed.state.journals.size).toBe(0);
    expect(agreed.state.fences.size).toBe(0);
  });

  it("holds a turn's records in their order until the turn ends, and then what is kept", () => {
    const agreed = Agreed.at(2);
    expect(agreed.run(append(1, 0, 1, 2), append(1, 2, 3))).toEqual({ outcome: "done", value: 3 });
    expect(journalOf(agreed)?.records).toEqual([bytes(1), bytes(2), bytes(3)]);
    expect(agreed.run(settle(1, 9))).toEqual({ outcome: "done", value: 1 });
    expect(journalOf(agreed)).toEqual({ scope: "sessions/1", turn: 1, records: undefined, kept: bytes(9), atMs: 6 });
    agreed.run(append(2, 0, 4), settle(2, null));
    expect(journalOf(agreed)?.kept).toEqual(bytes(9));
    expect(agreed.run(end)).toEqual({ outcome: "done", value: 2 });
    expect(journalOf(agreed)).toBeUndefined();
    expect(agreed.state.journalBytes).toBe(0);
  });

  it("takes what comes again for what it is, and refuses what differs or leaves something out", () => {
    const agreed = Agreed.at(2);
    agreed.run(append(1, 0, 1, 2));
    expect(agreed.run(append(1, 0, 1, 2))).toEqual({ outcome: "done", value: 2 });
    expect(agreed.run(append(1, 1, 2, 3))).toEqual({ outcome: "done", value: 3 });
    expect(agreed.run(append(1, 1, 7))).toMatchObject({ reason: "mismatch" });
    expect(agreed.run(append(1, 4, 5))).toMatchObject({ reason: "mismatch" });
    expect(agreed.run(append(2, 1, 5))).toMatchObject({ reason: "mismatch" });
    expect(journalOf(agreed)?.records).toHaveLength(3);
  });

  it("is not opened again by what comes late of a turn that is over", () => {
    const agreed = Agreed.at(2);
    agreed.run(append(1, 0, 1), settle(1, 9));
    expect(agreed.run(append(1, 0, 1))).toMatchObject({ reason: "overtaken" });
    expect(agreed.run(settle(1, 9))).toEqual({ outcome: "done", value: 1 });
    expect(agreed.run(settle(1, 8))).toMatchObject({ reason: "overtaken" });
    agreed.run(append(2, 0, 5));
    expect(agreed.run(append(1, 0, 1))).toMatchObject({ reason: "overtaken" });
    expect(agreed.run(settle(1, 9))).toMatchObject({ reason: "overtaken" });
    expect(journalOf(agreed)?.records).toEqual([bytes(5)]);
  });

  it("drops a turn that was never ended when the next one begins", () => {
    const agreed = Agreed.at(2);
    agreed.run(append(1, 0, 1, 2), append(3, 0, 7));
    expect(journalOf(agreed)).toMatchObject({ turn: 3, records: [bytes(7)] });
  });

  it("takes nothing of an older owner of its shard, nor of the owner of another", () => {
    const agreed = Agreed.at(2);
    agreed.run(append(1, 0, 1), { type: "fence", stamp: at(2) });
    for (const command of [append(1, 1, 2), settle(1, 3), end]) {
      expect(agreed.run(command)).toMatchObject({ reason: "stale-epoch" });
      const elsewhere = { ...command, stamp: { ...at(9), scope: "sessions/2" } };
      expect(agreed.run(elsewhere)).toMatchObject({ reason: "mismatch" });
    }
    expect(journalOf(agreed)).toMatchObject({ turn: 1, records: [bytes(1)] });
  });

  it("is found by the shard that its session lives in", () => {
    const agreed = Agreed.at(2);
    agreed.run(append(1, 0, 1), { ...append(1, 0, 1), session: "r", stamp: at(1) });
    agreed.run({ ...append(1, 0, 1), session: "t", stamp: { ...at(1), scope: "sessions/2" } });
    expect(sessionsIn(agreed.state, "sessions/1")).toEqual(["r", "s"]);
    expect(sessionsIn(agreed.state, "sessions/3")).toEqual([]);
  });

  it("has bounds: a turn's records and bytes, the sessions, and the bytes of all", () => {
    const agreed = Agreed.at(2);
    const large = new Uint8Array(LIMITS.journalRecordBytes);
    const eight = { ...append(1, 0), records: Array.from({ length: 8 }, () => large) };
    expect(agreed.run(eight)).toEqual({ outcome: "done", value: 8 });
    expect(agreed.run(append(1, 8, 1))).toMatchObject({ reason: "full" });
    const many = Array.from({ length: LIMITS.journalRecords }, (_, i) => i % 7);
    expect(agreed.run(append(2, 0, ...many))).toMatchObject({ outcome: "done" });
    expect(agreed.run(append(2, many.length, 1))).toMatchObject({ reason: "full" });
    let last = agreed.run(end);
    let sessions = 0;
    while (last.outcome === "done") {
      last = agreed.run({ ...eight, session: `s${sessions}` });
      sessions += last.outcome === "done" ? 1 : 0;
    }
    expect(last).toMatchObject({ reason: "full" });
    expect(agreed.state.journalBytes).toBeLessThanOrEqual(LIMITS.journalBytes);
    // What frees some is done all the same.
    expect(agreed.run({ ...settle(1, 1), session: "s0" })).toMatchObject({ outcome: "done" });
    const small = Agreed.at(2);
    for (let i = 0; i < LIMITS.journals; i += 1) small.run({ ...settle(1, null), session: `s${i}` });
    expect(small.run(settle(1, null))).toMatchObject({ reason: "full" });
  });

  it("is what a plain model of it says, whatever comes in whatever order", () => {
    fc.assert(
      fc.property(fc.array(anyJournalCommand, { maxLength: 40, size: "max" }), (commands) => {
        const agreed = Agreed.at(2);
        const model = new Map<string, SessionJournal>();
        const fences = new Map<string, { kind: string; token: number }>();
        for (const command of commands) {
          const isTaken = modelled(model, fences, command);
          expect(agreed.run(command).outcome === "done").toBe(isTaken);
        }
        expect(new Map(agreed.state.journals.range())).toEqual(model);
        const counted = [...model].reduce((sum, [session, journal]) => sum + journalBytesOf(session, journal), 0);
        expect(agreed.state.journalBytes).toBe(counted);
      }),
    );
  });

  it("is the same when each command comes twice, or again after those that followed it in its turn", () => {
    const turnOf = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(turnOf, fc.array(fc.nat(), { maxLength: 6 }), (sizes, again) => {
        const [once, often] = [Agreed.at(2), Agreed.at(2)];
        let from = 0;
        const commands = sizes.map((size) => {
          const command = append(1, from, ...Array.from({ length: size }, (_, i) => (from + i) % 200));
          from += size;
          return command;
        });
        for (const command of commands) once.run(command);
        for (const [i, command] of commands.entries()) {
          often.run(command);
          for (const each of again) often.run(commands[each % (i + 1)] ?? command);
        }
        expect(journalOf(often)).toEqual(journalOf(once));
      }),
    );
  });
});

/** Whether the command is taken; `model` is changed then. Written for clearness alone. */
function modelled(
  model: Map<string, SessionJournal>,
  fences: Map<string, { kind: string; token: number }>,
  command: CommandOf<"journal-append"> | CommandOf<"journal-settle"> | CommandOf<"journal-end">,
): boolean {
  const { stamp, session } = command;
  const fence = fences.get(stamp.scope);
  if (fence !== undefined && (fence.kind !== stamp.kind || fence.token > stamp.token)) return false;
  fences.set(stamp.scope, stamp);
  const before = model.get(session);
  if (before !== undefined && before.scope !== stamp.scope) return false;
  if (command.type === "journal-end") {
    model.delete(session);
    return true;
  }
  const { turn, atMs } = command;
  const { scope } = stamp;
  const ended = (before?.turn ?? 0) - (before?.records === undefined ? 0 : 1);
  if (turn <= ended) {
    if (command.type === "journal-append" || turn !== before?.turn) return false;
    return command.kept === null || (before.kept !== undefined && Buffer.from(before.kept).equals(command.kept));
  }
  if (command.type === "journal-settle") {
    model.set(session, { scope, turn, records: undefined, kept: command.kept ?? before?.kept, atMs });
    return true;
  }
  const known = turn === before?.turn ? (before.records ?? []) : [];
  const all = [...known];
  for (const [i, record] of command.records.entries()) {
    const place = command.from + i;
    if (place > all.length) return false;
    const there = all[place];
    if (there !== undefined && !Buffer.from(there).equals(record)) return false;
    all[place] = record;
  }
  model.set(session, { scope, turn, records: all, kept: before?.kept, atMs });
  return true;
}
