/** What must hold of every turn, told from what its client was given, now and when nobody was hurt. Pure. */
import type { NotedRun } from "@parley/node/testing";
import type { PlannedTurn } from "./schedule.ts";
import { nameOf, plain, resultOf } from "./words.ts";

/** What a client was given in one turn. */
export interface GivenTurn {
  readonly number: number;
  /** Why it has no end, or a bad one; undefined: it ended as it should. */
  readonly failure: string | undefined;
  /** What the peers have understood of what was said, or asked. */
  readonly transcript: string;
  readonly answer: string;
  /** As they were begun to be spoken. */
  readonly sentences: readonly string[];
  readonly soundMs: number;
  /** As long as all its sentences are, as it was told; undefined: it was not. */
  readonly toldMs?: number | undefined;
}

export interface Finding {
  readonly turn: number;
  readonly what: string;
}

export interface Findings {
  readonly lost: readonly Finding[];
  readonly repeatedSentences: readonly Finding[];
  readonly repeatedToolRuns: readonly Finding[];
  readonly differing: readonly Finding[];
  /** Of a client's history as its session tells it in the end: by the number of its last turn. */
  readonly misremembered: readonly Finding[];
  /** Turns in which a tool was called and nobody knows whether it ran: the person is asked. */
  readonly unknownCalls: readonly Finding[];
}

export interface History {
  readonly plan: readonly PlannedTurn[];
  /** In any order. */
  readonly undisturbed: readonly GivenTurn[];
  readonly given: readonly GivenTurn[];
  /** Of the disturbed run. */
  readonly runs: readonly NotedRun[];
  /** By client: the turns that its session remembers in the end, in their order, undisturbed and disturbed. */
  readonly recited: readonly Recited[];
  /**
   * Real ears and voices: they may spell a word otherwise when its sound was cut elsewhere, and say the same sentence once in more time and
   * once in less. Default: engines that do the same each time.
   */
  readonly isReal?: boolean;
}

export interface Recited {
  readonly client: number;
  readonly undisturbed: readonly string[];
  readonly given: readonly string[];
}

/** A real voice that says the sentence at hand again takes so much more or less for it. */
const VOICE_TOLERANCE_MS = 250;
/** Sound may be cut and joined within a sample or so at each place. */
const SOUND_TOLERANCE_MS = 5;
const UNKNOWN = "unknown: ";

/** What does not hold. */
export function check(history: History): Findings {
  const { isReal = false } = history;
  const { plan, undisturbed, given, runs, recited } = isReal ? inPlain(history) : history;
  const unknownMark = isReal ? `${plain(UNKNOWN)} ` : UNKNOWN;
  const found = {
    lost: [] as Finding[],
    repeatedSentences: [] as Finding[],
    repeatedToolRuns: repeatedRuns(plan, runs),
    differing: [] as Finding[],
    misremembered: [] as Finding[],
    unknownCalls: [] as Finding[],
  };
  for (const { number: turn, text } of plan) {
    const [was, is] = [undisturbed, given].map((all) => all.find(({ number }) => number === turn));
    if (was === undefined || was.failure !== undefined)
      found.lost.push({ turn, what: `even undisturbed: ${was?.failure ?? "never asked"}` });
    else if (is === undefined || is.failure !== undefined)
      found.lost.push({ turn, what: is?.failure ?? "nothing is known of it" });
    else {
      found.repeatedSentences.push(...repeated(was, is));
      const unknown = unknownIn(was.answer, is.answer, { turn, unknownMark });
      if (unknown !== undefined) found.unknownCalls.push({ turn, what: unknown });
      else found.differing.push(...differences(was, is));
      if (unknown === undefined) found.differing.push(...unfounded(turn, text, is.answer, runs));
    }
  }
  // What was lost is found as such, and not as forgotten once more.
  const lost = new Set(found.lost.map(({ turn }) => nameOf(turn)));
  found.misremembered.push(...recited.flatMap((each) => misremembered(plan, each, lost)));
  return found;
}

/** As it was heard; there was as much sound as there should be where it is as long as the turn's own sentences were told to be. */
function inPlain(history: History): History {
  const of = (turns: readonly GivenTurn[]): readonly GivenTurn[] =>
    turns.map((turn) => {
      const moreMs = turn.toldMs === undefined ? 0 : turn.soundMs - turn.toldMs;
      const soundMs = Math.abs(moreMs) > VOICE_TOLERANCE_MS ? moreMs : 0;
      const [transcript, answer] = [plain(turn.transcript), plain(turn.answer)];
      return { ...turn, transcript, answer, sentences: turn.sentences.map(plain), soundMs };
    });
  const runs = history.runs.map((run) => ({ ...run, of: plain(run.of) }));
  return { ...history, undisturbed: of(history.undisturbed), given: of(history.given), runs };
}

/** Each question once, in its order, as in the undisturbed run. */
function misremembered(
  plan: readonly PlannedTurn[],
  { client, undisturbed, given }: Recited,
  lost: ReadonlySet<string>,
): Finding[] {
  const own = plan.filter((each) => each.client === client);
  const turn = own.at(-1)?.number ?? -1;
  const isAsking = own.some(({ kind }) => kind !== "say" && kind !== "listen");
  if (isAsking && undisturbed.length === 0)
    return [{ turn, what: `even undisturbed client ${client} is not remembered` }];
  const told = (names: readonly string[]): string => names.join(", ");
  const [before, now] = [undisturbed, given].map((names) => names.filter((name) => !lost.has(name)));
  // Of a window over the latest, one that holds a lost turn begins earlier.
  const most = Math.min(before?.length ?? 0, now?.length ?? 0);
  const isShort = undisturbed.length !== given.length;
  if (!isShort && told(before?.slice(-most) ?? []) === told(now?.slice(-most) ?? [])) return [];
  return [{ turn, what: `client ${client} asked about ${told(undisturbed)}; its session remembers ${told(given)}` }];
}

/** At most once: one run. By key: one key, however often. */
function repeatedRuns(plan: readonly PlannedTurn[], runs: readonly NotedRun[]): Finding[] {
  return plan.flatMap(({ number: turn }) => {
    const own = runs.filter(({ of, point }) => of === nameOf(turn) && point === "begun");
    const pressed = own.filter(({ tool }) => tool === "press");
    const keys = new Set(own.filter(({ tool }) => tool === "ring").map(({ key }) => key));
    const where = own.map(({ peer }) => peer).join(", ");
    if (pressed.length > 1) return [{ turn, what: `press ran ${pressed.length} times (${where})` }];
    if (keys.size > 1) return [{ turn, what: `ring took effect under ${keys.size} keys (${where})` }];
    return [];
  });
}

function repeated(was: GivenTurn, is: GivenTurn): Finding[] {
  const { number: turn } = is;
  const often = (all: readonly string[], one: string): number => all.filter((each) => each === one).length;
  const twice = [...new Set(is.sentences)].filter(
    (one) => often(is.sentences, one) > Math.max(1, often(was.sentences, one)),
  );
  const words = twice.map((one) => ({ turn, what: `said again: ${one}` }));
  const moreMs = is.soundMs - was.soundMs;
  // Its words may be told once, and its sound come twice.
  const isSame = is.answer === was.answer;
  const sound =
    isSame && moreMs > SOUND_TOLERANCE_MS ? [{ turn, what: `${Math.round(moreMs)} ms of sound too much` }] : [];
  return [...words, ...sound];
}

function differences(was: GivenTurn, is: GivenTurn): Finding[] {
  const { number: turn } = is;
  const differ = (what: string, before: string, now: string): Finding[] =>
    before === now ? [] : [{ turn, what: `${what}: «${now}» in place of «${before}»` }];
  const lessMs = was.soundMs - is.soundMs;
  return [
    ...differ("transcript", was.transcript, is.transcript),
    ...differ("answer", was.answer, is.answer),
    ...(lessMs > SOUND_TOLERANCE_MS && was.answer === is.answer
      ? [{ turn, what: `sound: ${Math.round(lessMs)} ms are missing` }]
      : []),
  ];
}

/** An answer that is as it should be but for the outcome of its call, of which nobody knows. */
function unknownIn(
  was: string,
  is: string,
  { turn, unknownMark }: { readonly turn: number; readonly unknownMark: string },
): string | undefined {
  const result = resultOf(nameOf(turn));
  const at = was.indexOf(result);
  if (at < 0) return undefined;
  const [before, behind] = [was.slice(0, at), was.slice(at + result.length)];
  if (!is.startsWith(before) || !is.endsWith(behind) || is.length < before.length + behind.length) return undefined;
  const outcome = is.slice(before.length, is.length - behind.length);
  return outcome.startsWith(unknownMark) ? outcome : undefined;
}

/** An answer that says that something was done which was not. */
function unfounded(turn: number, text: string, answer: string, runs: readonly NotedRun[]): Finding[] {
  const tool = / (?<tool>press|ring) /.exec(text)?.groups?.["tool"];
  if (tool === undefined || !answer.includes(resultOf(nameOf(turn)))) return [];
  const isDone = runs.some(({ of, point }) => of === nameOf(turn) && point === "done");
  return isDone ? [] : [{ turn, what: `says that ${tool} is done, which never ran to its end` }];
}
