/** What a run of conversations says in the end. */
import type { Output } from "../report.ts";
import type { Finding, Findings } from "./check.ts";
import type { FaultRecord } from "./faults.ts";
import { MOMENTS, type Schedule } from "./schedule.ts";
import type { TimedTurn } from "./taken.ts";

/** In milliseconds. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
}

/** Of one kind of fault, or one moment. */
export interface FaultRow {
  readonly planned: number;
  /** It came in the midst of what it was meant for. */
  readonly landed: number;
  readonly lost: number;
  readonly repeated: number;
  readonly differing: number;
  readonly unknownCalls: number;
  readonly gapMs: Spread;
  readonly addedWaitMs: Spread;
}

export interface ConversationReport {
  readonly chaos: "conversation";
  readonly seed: number;
  readonly turns: number;
  readonly lostTurns: number;
  readonly repeatedSentences: number;
  readonly repeatedToolRuns: number;
  readonly unknownCalls: number;
  readonly differing: number;
  /** Clients whose sessions remember in the end other questions than were asked, or in another order, or twice. */
  readonly misremembered: number;
  /** Silence in a reply that a fault came into, beyond the undisturbed run's. */
  readonly gapMs: Spread;
  /** Until the first sound, of turns that a fault came into before, beyond the undisturbed run's. */
  readonly addedWaitMs: Spread;
  /** How long clients were without a peer, each time; and the turns in which that happened more than once. */
  readonly awayMs: Spread;
  readonly awayAgain: number;
  readonly newPrimeMs: Spread;
  readonly byKind: Readonly<Record<string, FaultRow>>;
  readonly byMoment: Readonly<Record<string, FaultRow>>;
  readonly faults: readonly FaultRecord[];
  readonly findings: Findings;
  readonly violations: readonly string[];
  readonly schedule: Schedule;
}

export interface Course {
  readonly schedule: Schedule;
  readonly undisturbed: readonly TimedTurn[];
  readonly given: readonly TimedTurn[];
  readonly faults: readonly FaultRecord[];
  readonly findings: Findings;
  /** Beside what was found in turns. */
  readonly violations: readonly string[];
}

export const GAP_GOAL_MS = 500;

export function reportOf(course: Course): ConversationReport {
  const { schedule, faults, findings } = course;
  const { lost, repeatedSentences, repeatedToolRuns, unknownCalls, differing, misremembered } = findings;
  const hurt = [...course.given].filter((turn) => faults.some((fault) => isIn(turn, fault)));
  const planned = schedule.turns.flatMap(({ number, fault }) => (fault === undefined ? [] : [{ number, ...fault }]));
  const rowsBy = (names: readonly string[], of: "kind" | "moment"): Record<string, FaultRow> =>
    Object.fromEntries(
      names.flatMap((name) => {
        const turns = planned.filter((fault) => fault[of] === name).map(({ number }) => number);
        return turns.length === 0 ? [] : [[name, rowOf(course, turns)]];
      }),
    );
  const spoiled = [
    ...told("lost turn", lost),
    ...told("repeated sentence", repeatedSentences),
    ...told("repeated tool run", repeatedToolRuns),
    ...told("differs", differing),
    ...told("misremembered", misremembered),
  ];
  return {
    chaos: "conversation",
    seed: schedule.seed,
    turns: schedule.turns.length,
    lostTurns: lost.length,
    repeatedSentences: repeatedSentences.length,
    repeatedToolRuns: repeatedToolRuns.length,
    unknownCalls: unknownCalls.length,
    differing: differing.length,
    misremembered: misremembered.length,
    ...delaysOf(course, hurt),
    awayMs: spreadOf(course.given.flatMap(({ awayMs }) => awayMs)),
    awayAgain: course.given.filter(({ awayMs }) => awayMs.length > 1).length,
    newPrimeMs: spreadOf(faults.flatMap(({ newPrimeMs }) => (newPrimeMs === undefined ? [] : [newPrimeMs]))),
    byKind: rowsBy([...new Set(planned.map(({ kind }) => kind))].toSorted(), "kind"),
    byMoment: rowsBy(MOMENTS, "moment"),
    faults,
    findings,
    violations: [...spoiled, ...course.violations],
    schedule,
  };
}

/** 0: no violation, 1: some, 130: interrupted. */
export function exitCodeOf(report: ConversationReport, signal: AbortSignal): number {
  if (signal.aborted) return 130;
  return report.violations.length === 0 ? 0 : 1;
}

export function summarize(report: ConversationReport, print: Output["print"]): void {
  const { turns, seed, lostTurns, repeatedSentences, repeatedToolRuns, unknownCalls, differing } = report;
  const { gapMs, addedWaitMs, awayMs, awayAgain, newPrimeMs } = report;
  const landed = report.faults.filter((fault) => fault.landed).length;
  print(
    `conversation: ${turns} turns of seed ${seed}, ${report.faults.length} faults, ${landed} in the midst of what they were meant for`,
  );
  print(`  ${lostTurns} lost turns, ${repeatedSentences} repeated sentences, ${repeatedToolRuns} repeated tool runs`);
  print(
    `  ${unknownCalls} tool calls ended as unknown, ${differing} transcripts and answers differ from the undisturbed run`,
  );
  print(`  ${report.misremembered} clients whose session remembers otherwise what was asked`);
  print(`  silence within a reply    ${inWords(gapMs)}; goal p95 ${GAP_GOAL_MS} ms`);
  print(`  longer until the first sound ${inWords(addedWaitMs)}`);
  print(`  without a peer            ${inWords(awayMs, "times")}; ${awayAgain} turns more than once`);
  print(`  until another was prime   ${inWords(newPrimeMs, "times")}`);
  for (const rows of [report.byKind, report.byMoment]) {
    print("");
    print("                 planned landed  lost again differ unknown   gap p50/p95 ms  wait p50/p95 ms");
    for (const [name, row] of Object.entries(rows)) print(lineOf(name, row));
  }
  print("");
  for (const violation of report.violations) print(`VIOLATION: ${violation}`);
  print(`${report.violations.length} violations`);
}

function lineOf(name: string, row: FaultRow): string {
  const { planned, landed, lost, repeated, differing, unknownCalls, gapMs, addedWaitMs } = row;
  const counts = [planned, landed, lost, repeated, differing, unknownCalls].map((count) => String(count).padStart(6));
  const spread = ({ count, p50, p95 }: Spread): string => (count === 0 ? "-" : `${p50}/${p95}`).padStart(15);
  return `  ${name.padEnd(14)}${counts.join(" ")} ${spread(gapMs)} ${spread(addedWaitMs)}`;
}

function inWords({ count, p50, p95, most }: Spread, of = "turns"): string {
  return count === 0 ? "not measured" : `p50 ${p50} ms, p95 ${p95} ms, most ${most} ms (${count} ${of})`;
}

function told(kind: string, findings: readonly Finding[]): string[] {
  return findings.map(({ turn, what }) => `${kind}: turn ${turn}: ${what}`);
}

function rowOf(course: Course, turns: readonly number[]): FaultRow {
  const { findings, faults, given } = course;
  const here = (found: readonly Finding[]): number => found.filter(({ turn }) => turns.includes(turn)).length;
  return {
    planned: turns.length,
    landed: faults.filter(({ turn, landed }) => landed && turns.includes(turn)).length,
    lost: here(findings.lost),
    repeated: here(findings.repeatedSentences) + here(findings.repeatedToolRuns),
    differing: here(findings.differing),
    unknownCalls: here(findings.unknownCalls),
    ...delaysOf(
      course,
      given.filter(({ number }) => turns.includes(number)),
    ),
  };
}

/** Of these turns, as far as a fault came into them. */
function delaysOf(
  { undisturbed, faults, findings }: Course,
  turns: readonly TimedTurn[],
): { readonly gapMs: Spread; readonly addedWaitMs: Spread } {
  const [gaps, waits]: [number[], number[]] = [[], []];
  for (const turn of turns) {
    const was = undisturbed.find(({ number }) => number === turn.number);
    const isOther = [...findings.lost, ...findings.unknownCalls].some((found) => found.turn === turn.number);
    const first = turn.firstSoundMs;
    if (isOther || was?.firstSoundMs === undefined || first === undefined) continue;
    const came = faults.filter((fault) => isIn(turn, fault));
    if (came.some(({ atMs }) => atMs >= first)) gaps.push(turn.silentMs - was.silentMs);
    if (came.some(({ atMs }) => atMs < first)) waits.push(first - turn.askedMs - (was.firstSoundMs - was.askedMs));
  }
  return { gapMs: spreadOf(gaps), addedWaitMs: spreadOf(waits) };
}

function isIn({ startedMs, endedMs }: TimedTurn, { atMs }: FaultRecord): boolean {
  return atMs >= startedMs && atMs <= endedMs;
}

/** By nearest rank; below 0 is 0. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.map((value) => Math.max(0, Math.round(value))).toSorted((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, p50: rank(0.5), p95: rank(0.95), most: sorted.at(-1) ?? 0 };
}
