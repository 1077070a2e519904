/**
 * Journals of sessions: what is said in a turn, record by record, until the turn has ended; then only what the session is to know
 * in its next one. All of it is ciphertext. Each command may come again, and late.
 */
import { done, type CommandResult } from "./codec.ts";
import { passFence } from "./fences.ts";
import { LIMITS } from "./limits.ts";
import type { ClusterState, SessionJournal } from "./model.ts";
import type { CommandOf } from "./schemas.ts";
import { refuse, type Step } from "./step.ts";

/** Result: how many records the turn has. A greater turn than the last drops what the last one has written. */
export function appendToJournal(state: ClusterState, command: CommandOf<"journal-append">): Step {
  const { stamp, session, turn, from, records, atMs } = command;
  return fenced(state, command, (open, before) => {
    if (isOver(before, turn)) return overtaken(open, turn);
    const known = before?.turn === turn ? (before.records ?? []) : [];
    if (from > known.length) {
      return refuse(open, "mismatch", `the turn has ${known.length} records, and record ${from} is not the next one`);
    }
    const overlap = known.slice(from, from + records.length);
    if (!overlap.every((record, i) => Buffer.compare(record, records[i] ?? new Uint8Array()) === 0)) {
      return refuse(open, "mismatch", `other records than these follow record ${from}`);
    }
    const all = [...known, ...records.slice(overlap.length)];
    const ofTurn = all.reduce((sum, { length }) => sum + length, 0);
    if (all.length > LIMITS.journalRecords || ofTurn > LIMITS.journalTurnBytes) {
      return refuse(
        open,
        "full",
        `a turn has ${LIMITS.journalRecords} records and ${LIMITS.journalTurnBytes} bytes at most`,
      );
    }
    const { scope } = stamp;
    return written(open, session, { scope, turn, records: all, kept: before?.kept, atMs }, done(all.length));
  });
}

/** The turn is over. Its records go, and `kept` takes the place of what was kept before. Result: the turn. */
export function settleJournal(state: ClusterState, command: CommandOf<"journal-settle">): Step {
  const { stamp, session, turn, kept, atMs } = command;
  return fenced(state, command, (open, before) => {
    if (isOver(before, turn)) {
      // Once more what was done already.
      const isSame = before?.turn === turn && (kept === null || areEqual(before.kept, kept));
      return isSame ? { state: open, result: done(turn) } : overtaken(open, turn);
    }
    const next = { scope: stamp.scope, turn, records: undefined, kept: kept ?? before?.kept, atMs };
    return written(open, session, next, done(turn));
  });
}

/** The session is over. Result: its last turn; 0: it had no journal. */
export function endJournal(state: ClusterState, command: CommandOf<"journal-end">): Step {
  return fenced(state, command, (open, before) => {
    if (before === undefined) return { state: open, result: done(0) };
    const journals = open.journals.without(command.session);
    const journalBytes = open.journalBytes - journalBytesOf(command.session, before);
    return { state: { ...open, journals, journalBytes }, result: done(before.turn) };
  });
}

/** The state with this journal, and what it takes counted. */
export function withJournal(state: ClusterState, session: string, journal: SessionJournal): ClusterState {
  const before = state.journals.get(session);
  const freed = before === undefined ? 0 : journalBytesOf(session, before);
  return {
    ...state,
    journals: state.journals.with(session, journal),
    journalBytes: state.journalBytes - freed + journalBytesOf(session, journal),
  };
}

/** What a journal takes. */
export function journalBytesOf(session: string, { scope, records = [], kept }: SessionJournal): number {
  const ofRecords = records.reduce((sum, { length }) => sum + length + LIMITS.journalRecordCost, 0);
  return session.length + scope.length + LIMITS.journalRecordCost + ofRecords + (kept?.length ?? 0);
}

/** The sessions that have a journal in a scope, in order. */
export function sessionsIn(state: ClusterState, scope: string): readonly string[] {
  return [...state.journals.range()].filter(([, journal]) => journal.scope === scope).map(([session]) => session);
}

function fenced(
  state: ClusterState,
  { stamp, session }: Pick<CommandOf<"journal-end">, "stamp" | "session">,
  change: (open: ClusterState, before: SessionJournal | undefined) => Step,
): Step {
  const passed = passFence(state, stamp);
  if (passed.refusal !== undefined) return { state, result: passed.refusal };
  const before = passed.state.journals.get(session);
  if (before !== undefined && before.scope !== stamp.scope) {
    return refuse(passed.state, "mismatch", `the session is one of ${before.scope}`);
  }
  return change(passed.state, before);
}

function written(state: ClusterState, session: string, journal: SessionJournal, result: CommandResult): Step {
  if (!state.journals.has(session) && state.journals.size >= LIMITS.journals) {
    return refuse(state, "full", `${LIMITS.journals} sessions have journals already`);
  }
  const next = withJournal(state, session, journal);
  // What makes a journal smaller is never refused.
  if (next.journalBytes > LIMITS.journalBytes && next.journalBytes > state.journalBytes) {
    return refuse(state, "full", `all journals together have ${LIMITS.journalBytes} bytes at most`);
  }
  return { state: next, result };
}

/** An earlier turn than the last, or the last, which has ended. */
function isOver(before: SessionJournal | undefined, turn: number): boolean {
  if (before === undefined) return false;
  return turn < before.turn || (turn === before.turn && before.records === undefined);
}

function overtaken(state: ClusterState, turn: number): Step {
  return refuse(state, "overtaken", `turn ${turn} of the session is over`);
}

function areEqual(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}
