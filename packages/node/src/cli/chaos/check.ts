/** What must hold of every turn, told from what its client was given, then and when nobody was hurt. Pure. */
import type { TurnKind } from "./schedule.ts";
import type { GivenTurn } from "./taken.ts";

/** `lost`: it has no end; `repeated`: something was said twice; `missing`: something was not said; `order`: said in another order. */
export type FindingKind = "lost" | "repeated" | "missing" | "order";

export interface Finding {
  readonly turn: number;
  readonly kind: FindingKind;
  readonly what: string;
}

/** Of each kind of turn one that nobody disturbed. */
export type Undisturbed = Partial<Record<TurnKind, GivenTurn>>;

/** Sound may be cut and joined a little before or behind where it was lost. */
const SAME_VOICE = { ms: 100, share: 0.005 } as const;
/** Another voice takes another time over the same words. */
const OTHER_VOICE = { ms: 100, share: 0.4 } as const;

/**
 * What does not hold.
 * @param hasOneVoice whether whoever goes on speaks with the same voice
 */
export function check(
  turns: readonly GivenTurn[],
  undisturbed: Undisturbed,
  { hasOneVoice }: { readonly hasOneVoice: boolean },
): readonly Finding[] {
  return turns.flatMap((turn) => {
    const { number, kind, failure } = turn;
    if (failure !== undefined) return [{ turn: number, kind: "lost" as const, what: failure }];
    const usual = undisturbed[kind];
    if (usual === undefined || usual.failure !== undefined) return [];
    const found = kind === "say" ? saidOtherwise(turn, usual) : answeredOtherwise(turn, usual);
    // Where words are amiss, so is their sound.
    const sound = found.length > 0 ? [] : soundOf(turn, usual, hasOneVoice);
    return [...found, ...sound].map((each) => ({ turn: number, ...each }));
  });
}

type Amiss = Omit<Finding, "turn">;

/** The same sentences, each once, in order. */
function saidOtherwise(turn: GivenTurn, usual: GivenTurn): readonly Amiss[] {
  const [is, was] = [turn.sentences, usual.sentences].map((all) => all.map(({ text }) => text));
  if (is === undefined || was === undefined) return [];
  const found = differenceOf(is, was);
  if (found.length > 0) return found;
  return is.every((text, index) => text === was[index])
    ? []
    : [{ kind: "order", what: `the sentences came in another order: ${is.join(" ")}` }];
}

function differenceOf(is: readonly string[], was: readonly string[]): readonly Amiss[] {
  const often = (all: readonly string[], one: string): number => all.filter((each) => each === one).length;
  const all = [...new Set([...was, ...is])];
  return all.flatMap((one): readonly Amiss[] => {
    const more = often(is, one) - often(was, one);
    if (more > 0) return [{ kind: "repeated", what: was.includes(one) ? `said again: ${one}` : `said beside: ${one}` }];
    return more < 0 ? [{ kind: "missing", what: `not said: ${one}` }] : [];
  });
}

/** A model may answer otherwise each time: but all that it writes is spoken, once, and it does not begin anew. */
function answeredOtherwise(turn: GivenTurn, usual: GivenTurn): readonly Amiss[] {
  const spoken = turn.sentences.map(({ text }) => text);
  const written = squeezed(turn.text);
  if (written === "" && usual.text !== "") return [{ kind: "missing", what: "the answer is empty" }];
  const again = againIn(written, usual.text);
  if (again !== undefined) return [{ kind: "repeated", what: `written again: ${again}` }];
  // What is spoken may be written otherwise, such as numbers: then nothing can be told from it.
  const isComparable = squeezed(usual.sentences.map(({ text }) => text).join(" ")) === squeezed(usual.text);
  if (!isComparable || usual.sentences.length === 0) return [];
  const said = squeezed(spoken.join(" "));
  if (said === written) return [];
  const twice = spoken.find((one, index) => spoken.indexOf(one) !== index && countOf(written, squeezed(one)) < 2);
  if (twice !== undefined) return [{ kind: "repeated", what: `said again: ${twice}` }];
  return [{ kind: "missing", what: `«${said}» was said, and «${written}» written` }];
}

/** A sentence of some words that stands twice, one behind the other, as it would where an answer was begun anew. */
function againIn(text: string, usual: string): string | undefined {
  const sentences = (all: string): readonly string[] => squeezed(all).split(/(?<=[.!?])\s/);
  const isLong = (one: string): boolean => one.split(" ").length >= 4;
  const twice = (all: readonly string[]): string | undefined =>
    all.find((one, index) => isLong(one) && all.indexOf(one) !== index);
  // Some models do that by themselves.
  return twice(sentences(usual)) === undefined ? twice(sentences(text)) : undefined;
}

function soundOf(turn: GivenTurn, usual: GivenTurn, hasOneVoice: boolean): readonly Amiss[] {
  if (usual.soundMs === 0) return [];
  const silent = turn.sentences.find(({ soundMs }, index) => soundMs === 0 && usual.sentences[index]?.soundMs !== 0);
  if (silent !== undefined) return [{ kind: "missing", what: `no sound of: ${silent.text}` }];
  const isSame = turn.sentences.map(({ text }) => text).join(" ") === usual.sentences.map(({ text }) => text).join(" ");
  if (!isSame) return [];
  const { ms, share } = hasOneVoice ? SAME_VOICE : OTHER_VOICE;
  const moreMs = turn.soundMs - usual.soundMs;
  const leewayMs = ms + share * usual.soundMs;
  if (moreMs > leewayMs) return [{ kind: "repeated", what: `${Math.round(moreMs)} ms of sound came twice` }];
  return moreMs < -leewayMs ? [{ kind: "missing", what: `${Math.round(-moreMs)} ms of sound did not come` }] : [];
}

function squeezed(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function countOf(text: string, part: string): number {
  return part === "" ? 0 : text.split(part).length - 1;
}
