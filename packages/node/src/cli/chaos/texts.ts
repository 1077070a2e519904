/** Plan and report in lines for people. */
import { table } from "../cluster/texts.ts";
import { onOneLine } from "../one-line.ts";
import type { Plan } from "./plan.ts";
import type { ChaosReport, HurtTurn, Spread } from "./report.ts";
import { hasFailed } from "./report.ts";
import type { Moment, PlannedFault, PlannedTurn, TargetPeer } from "./schedule.ts";

const NAME_CHARS = 24;
const SAID_CHARS = 160;

const MEANT: Readonly<Record<TargetPeer, string>> = {
  host: "where the conversation lives",
  prime: "the prime",
  other: "another one",
};
const MOMENT: Readonly<Record<Moment, string>> = {
  "mid-sentence": "mid-sentence",
  "mid-thinking": "before the first sound",
  "between-turns": "between turns",
};

/** @param victim whom a fault would meet if it came now */
export function planText({ schedule, leftOut, notes }: Plan, victim: (fault: PlannedFault) => string | null): string {
  const rows = schedule.turns.map((turn) => [String(turn.number), turn.kind, ...plannedCells(turn, victim)]);
  const left = leftOut.map(({ fault, peer, why, nextStep }) => [
    fault,
    onOneLine(peer, NAME_CHARS),
    `${onOneLine(why, SAID_CHARS)}. ${nextStep}`,
  ]);
  return [
    table([["turn", "", "fault", "peer", "moment", "for"], ...rows]),
    ...(left.length === 0 ? [] : [`\nLeft out:\n${table(left)}`]),
    ...(notes.length === 0 ? [] : [`\n${notes.map((note) => `${onOneLine(note, 300)}\n`).join("")}`]),
    `\nSeed ${schedule.seed}: --seed ${schedule.seed} draws the same again.\n`,
  ].join("");
}

function plannedCells({ fault }: PlannedTurn, victim: (fault: PlannedFault) => string | null): readonly string[] {
  if (fault === undefined) return ["-", "", "", ""];
  const { kind, target, moment, holdMs } = fault;
  if (kind === "blink") return [kind, "the client's own connection", MOMENT[moment], ""];
  const name = victim(fault);
  const now = name === null ? "" : ` (now ${onOneLine(name, NAME_CHARS)})`;
  return [kind, `${MEANT[target]}${now}`, MOMENT[moment], `${holdMs / 1_000} s`];
}

export function reportText(report: ChaosReport): string {
  const { turns, planned, hurt, lostTurns, repeated, missing, gapMs, newPrimeMs, seed } = report;
  const done = hurt.filter(({ refused }) => refused === null).length;
  const unhurt = report.findings.filter(({ turn }) => hurt.every((each) => each.turn !== turn));
  return [
    hurt.length === 0
      ? "No fault came into any turn.\n"
      : table([["turn", "", "fault", "peer", "moment", "gap", "noticed"], ...hurt.map(hurtCells)]),
    `\n${turns} of ${planned} turns, ${done} faults (seed ${seed})${report.wasInterrupted ? "; interrupted" : ""}\n`,
    `  lost turns          ${lostTurns}\n`,
    `  said or heard twice ${repeated}\n`,
    `  not said or heard   ${missing}\n`,
    `  gap                 ${spreadText(gapMs)}\n`,
    `  until a new prime   ${spreadText(newPrimeMs)}\n`,
    ...unhurt.map(({ turn, what }) => `turn ${turn}, into which no fault came: ${onOneLine(what, SAID_CHARS)}\n`),
    ...report.violations.map((each) => `${onOneLine(each, 300)}\n`),
    `\n${verdictOf(report, done)}\n`,
    ...report.notes.map((note) => `${onOneLine(note, 300)}\n`),
    ...report.nextSteps.map((step) => `${step}\n`),
  ].join("");
}

function verdictOf(report: ChaosReport, done: number): string {
  if (hasFailed(report)) return "This house did not survive all of it.";
  if (done === 0) return "Nothing was done to this house, so nothing is known of what it survives.";
  return `This house survived ${done === 1 ? "it" : `all ${done} of them`}: nothing was lost, nothing was said twice.`;
}

function hurtCells({ turn, of, kind, peer, wasHost, wasPrime, moment, gapMs, noticed }: HurtTurn): readonly string[] {
  const what = [...(wasPrime ? ["prime"] : []), ...(wasHost ? ["host"] : [])].join(", ");
  const name = peer === null ? "-" : `${onOneLine(peer, NAME_CHARS)}${what === "" ? "" : ` (${what})`}`;
  const gap = gapMs === null ? "-" : `${gapMs} ms`;
  return [String(turn), of, kind, name, MOMENT[moment], gap, onOneLine(noticed, SAID_CHARS)];
}

function spreadText({ count, p50, p95, most }: Spread): string {
  return count === 0
    ? "-"
    : `p50 ${p50} ms, p95 ${p95} ms, most ${most} ms (${count === 1 ? "once" : `${count} times`})`;
}
