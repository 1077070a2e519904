/** A session's turns as a journal tells of them. */
import { turnOf } from "../../assistant/tools/toolbox.ts";
import type { FoundTurn } from "../../cluster/journal/port.ts";
import { cutTurnOf, type CutTurn } from "./turn-log.ts";

export interface FoundTurns {
  /** Each once; the one that is written down is the last. */
  readonly turns: readonly CutTurn[];
  /** The one that is written down, by its name. */
  readonly written: string | undefined;
  /** What had changed with it: JSON as text. */
  readonly state: string | undefined;
}

const NOTHING = { question: "", text: "", calls: [], recalled: [], sentences: [], heard: -1 } as const;

/** @param turn as its host has left it @param kept beside it */
export function foundTurns(turn: FoundTurn | undefined, kept: readonly CutTurn[]): FoundTurns {
  if (turn === undefined) return { turns: kept, written: undefined, state: undefined };
  const { cut, state } = cutTurnOf(turn);
  const { workId } = cut.about;
  const own = cut.recalled.filter(({ key }) => turnOf(key) === workId);
  const beside = new Set(cut.recalled.map(({ key }) => turnOf(key)));
  beside.delete(workId);
  // Beside it others had begun: of them only what they did is known.
  const others = [...beside].map((name) => {
    const isIt = ({ about, isOver }: CutTurn): boolean => about.workId === name && isOver === undefined;
    const before = kept.find(isIt) ?? { ...cut, ...NOTHING, about: { ...cut.about, workId: name } };
    const calls = cut.recalled.filter(({ key }) => turnOf(key) === name);
    const earlier = before.recalled.filter(({ key }) => calls.every((each) => each.key !== key));
    return { ...before, recalled: [...earlier, ...calls] };
  });
  const news = new Set([workId, ...others.map(({ about }) => about.workId)]);
  const rest = kept.filter(({ about, isOver }) => isOver !== undefined || !news.has(about.workId));
  return { turns: [...rest, ...others, { ...cut, recalled: own }], written: workId, state };
}
