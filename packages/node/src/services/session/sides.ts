/** A session and its like on the other side of a house that was apart: what one begins with, and what it hands over. */
import type { FoundJournal } from "../../cluster/journal/port.ts";
import type { Fork } from "./branch.ts";
import { foundTurns } from "./found-turns.ts";
import { mindWith, readSavedSession, turnsOf, type SavedMind, type SavedSession } from "./saved.ts";
import type { Session } from "./session.ts";

/**
 * What the other side is to know of it, with what is under way, as far as that is: this host may die before it ends. Undefined while nobody
 * has come.
 */
export function sideOf(session: Session): SavedSession | undefined {
  const { saved } = session;
  const { mind } = session.parts;
  return saved && { ...saved, mind: mind.whole };
}

/** What another session of this host begins with that goes on with it; undefined while nobody has come. */
export function forkOf(session: Session): Fork | undefined {
  const saved = sideOf(session);
  return saved && { saved, turns: session.parts.record.all };
}

/** The same of one that lives elsewhere, as it is written down; undefined where nothing is that this host can read. */
export function forkFrom({ kept, turn }: FoundJournal): Fork | undefined {
  const saved = readSavedSession(kept?.value);
  const { turns, written, state } = foundTurns(turn, turnsOf(saved));
  const under = turns.find(({ about }) => about.workId === written);
  const { account, clientId } = saved ?? under?.about.details ?? {};
  if (account === undefined || clientId === undefined) return undefined;
  const begun = (saved?.turns ?? 0) + (under === undefined ? 0 : 1);
  return { saved: { ...saved, account, clientId, turns: begun, mind: mindWith(saved, state) }, turns };
}

/** Begins with what was said on the other side; before the first question. */
export function forkInto(session: Session, { saved, turns }: Fork): void {
  session.count(saved.turns);
  session.parts.record.adopt(turns);
  session.parts.mind.restore(saved.mind);
}

/**
 * What was said on the other side comes to what was said here, in its order, each once; may be done again. False: that is not to be kept
 * before the turn at hand has ended.
 */
export function mergeInto(session: Session, side: SavedSession): boolean {
  const { mind, record } = session.parts;
  session.count(side.turns);
  const endedHere = new Set(exchangesOf(mind.whole).map(({ id }) => id));
  // What was cut on one side may have ended on the other.
  const turns = turnsOf(side).filter(({ about, isOver }) => isOver !== undefined || !endedHere.has(about.workId));
  const ended = exchangesOf(side.mind).flatMap(({ id, question, atMs = 0 }) =>
    id === undefined ? [] : { id, question, atMs, isNew: !endedHere.has(id) },
  );
  record.learn(ended, turns);
  mind.merge(side.mind);
  record.settleBeside();
  return record.isSettled;
}

function exchangesOf({ strands }: SavedMind): readonly SavedMind["strands"][number]["exchanges"][number][] {
  return strands.flatMap(({ exchanges }) => exchanges);
}
