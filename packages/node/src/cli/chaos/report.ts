/** What came of it, as figures. Pure. */
import type { FaultKind } from "../../services/chaos/faults.ts";
import { check, type Finding, type Undisturbed } from "./check.ts";
import type { Moment, Schedule, TurnKind } from "./schedule.ts";
import type { GivenTurn } from "./taken.ts";

/** Of a fault that was due. */
export interface FaultRecord {
  readonly turn: number;
  readonly kind: FaultKind;
  /** The name of the peer; null: none, it was the client's connection. */
  readonly peer: string | null;
  readonly wasPrime: boolean;
  readonly wasHost: boolean;
  readonly moment: Moment;
  readonly holdMs: number;
  /** It came before anything of the turn was given. */
  readonly cameFirst: boolean;
  /** The turn went on when it came. */
  readonly landed: boolean;
  /** Why it was not done; null: it was. */
  readonly refused: string | null;
  /** Until another was prime; null: none became it, or none had to. */
  readonly newPrimeMs: number | null;
}

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
}

/** A turn into which a fault came, for people. */
export interface HurtTurn extends FaultRecord {
  /** `say` or `ask`. */
  readonly of: TurnKind;
  /** Silence beyond that of an undisturbed turn, or so much longer until the first sound; null: it was lost, or nothing is known to compare it with. */
  readonly gapMs: number | null;
  /** What the client noticed, in words. */
  readonly noticed: string;
}

export interface ChaosReport {
  readonly seed: number;
  readonly turns: number;
  readonly planned: number;
  readonly hurt: readonly HurtTurn[];
  readonly lostTurns: number;
  readonly repeated: number;
  readonly missing: number;
  readonly gapMs: Spread;
  readonly newPrimeMs: Spread;
  readonly findings: readonly Finding[];
  /** What did not hold beside turns. */
  readonly violations: readonly string[];
  readonly notes: readonly string[];
  readonly nextSteps: readonly string[];
  readonly wasInterrupted: boolean;
}

export interface History {
  readonly schedule: Schedule;
  readonly undisturbed: Undisturbed;
  readonly turns: readonly GivenTurn[];
  readonly faults: readonly FaultRecord[];
  readonly violations: readonly string[];
  readonly notes: readonly string[];
  readonly peers: number;
  readonly hasOneVoice: boolean;
  readonly wasInterrupted: boolean;
}

export function reportOf(history: History): ChaosReport {
  const { schedule, undisturbed, turns, faults, violations, notes, wasInterrupted } = history;
  const findings = check(turns, undisturbed, history);
  const hurt = faults.map((fault) => hurtTurn(fault, history, findings));
  const count = (kind: Finding["kind"]): number => findings.filter((each) => each.kind === kind).length;
  return {
    seed: schedule.seed,
    turns: turns.length,
    planned: schedule.turns.length,
    hurt,
    lostTurns: count("lost"),
    repeated: count("repeated"),
    missing: count("missing") + count("order"),
    gapMs: spreadOf(hurt.flatMap(({ gapMs }) => gapMs ?? [])),
    newPrimeMs: spreadOf(faults.flatMap(({ newPrimeMs }) => newPrimeMs ?? [])),
    findings,
    violations,
    notes,
    nextSteps: nextStepsOf(history, findings),
    wasInterrupted,
  };
}

/** Whether it did not survive something. */
export function hasFailed({ findings, violations }: Pick<ChaosReport, "findings" | "violations">): boolean {
  return findings.length > 0 || violations.length > 0;
}

function hurtTurn(fault: FaultRecord, history: History, findings: readonly Finding[]): HurtTurn {
  const turn = history.turns.find(({ number }) => number === fault.turn);
  const of = history.schedule.turns.find(({ number }) => number === fault.turn)?.kind ?? "say";
  const found = findings.filter((each) => each.turn === fault.turn).map(({ what }) => what);
  if (fault.refused !== null) return { ...fault, of, gapMs: null, noticed: `not done: ${fault.refused}` };
  const gapMs = turn === undefined ? null : gapOf(fault, turn, history.undisturbed[of]);
  const lost = turn?.lost ?? 0;
  const again = lost === 0 ? "" : lost === 1 ? ", connected anew once" : `, connected anew ${lost} times`;
  const late = fault.landed ? "" : " (it came when the turn was over)";
  return { ...fault, of, gapMs, noticed: found.length > 0 ? found.join("; ") : `nothing lost${again}${late}` };
}

/** As whoever listens notices it: nothing comes, where in an undisturbed turn something would. */
function gapOf(fault: FaultRecord, turn: GivenTurn, usual: GivenTurn | undefined): number | null {
  if (turn.failure !== undefined || usual === undefined || turn.firstMs === undefined) return null;
  const longerMs = turn.firstMs - (usual.firstMs ?? 0);
  const silentMs = turn.silentMs - usual.silentMs;
  return Math.max(0, Math.round(fault.cameFirst ? longerMs : silentMs));
}

function nextStepsOf({ peers, faults, turns }: History, findings: readonly Finding[]): readonly string[] {
  const lost = findings.filter(({ kind }) => kind === "lost").map(({ turn }) => turn);
  const isLostAlone = lost.some((turn) => faults.every((fault) => fault.turn !== turn));
  return [
    ...(peers === 1 ? ["This house has one peer: when it ends, all ends. Pair another one: parley pair."] : []),
    ...(peers === 2
      ? [
          "This house has two peers: without either nothing is written down. A third one that votes makes it survive the loss of one.",
        ]
      : []),
    ...(isLostAlone ? ["A turn was lost into which no fault came: look at the peers first, with parley doctor."] : []),
    ...(findings.length > 0
      ? ["Look at the logs of the peers at that time, and run it again with the same --seed: it draws the same faults."]
      : []),
    ...(turns.some(({ failure }) => failure?.includes("connection-lost") === true)
      ? [
          "The client found no other peer: see whether peers' addresses can be reached from here (parley trust shows them).",
        ]
      : []),
  ];
}

/** By nearest rank. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.map((value) => Math.max(0, Math.round(value))).toSorted((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, p50: rank(0.5), p95: rank(0.95), most: sorted.at(-1) ?? 0 };
}
