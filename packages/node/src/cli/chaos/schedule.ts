/** Which turns there are, and which fault comes into which of them: drawn from a seed, so that the same can be had again. Pure. */
import type { FaultKind, PeerFault } from "../../services/chaos/faults.ts";
import { Dice } from "./dice.ts";

/** `say`: known sentences are spoken; `ask`: the house's own model answers. */
export type TurnKind = "say" | "ask";

/** `mid-thinking`: before the first sound, or word, is there; `mid-sentence`: in the middle of what is given. */
export const MOMENTS = ["mid-sentence", "mid-thinking", "between-turns"] as const;
export type Moment = (typeof MOMENTS)[number];

/** `host`: where the conversation lives; `prime`; `other`: neither. Who that is shows when it is due. */
export const TARGETS = ["host", "prime", "other"] as const;
export type TargetPeer = (typeof TARGETS)[number];

export interface PlannedFault {
  readonly kind: FaultKind;
  readonly target: TargetPeer;
  readonly moment: Moment;
  /** How far into its moment, 0 to 1. */
  readonly share: number;
  readonly holdMs: number;
}

export interface PlannedTurn {
  /** From 1. */
  readonly number: number;
  readonly kind: TurnKind;
  readonly fault?: PlannedFault;
}

export interface Schedule {
  readonly seed: number;
  readonly turns: readonly PlannedTurn[];
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly turns: number;
  /** At least one. */
  readonly kinds: readonly TurnKind[];
  /** Those that may be done to anybody; none: every turn is left alone. */
  readonly faults: readonly FaultKind[];
  /** Of all faults; undefined: each its own. */
  readonly holdMs: number | undefined;
}

export const BOUNDS = { turns: 200, seed: 2 ** 31 - 1 } as const;
const HOLD_MS = { least: 1_000, most: 4_000 } as const;
/** One turn in so many is left alone: it shows whether the house is as before. */
const ALONE_EVERY = 4;

export function scheduleOf({ seed, turns, kinds, faults, holdMs }: ScheduleOptions): Schedule {
  const [dice, deal] = [new Dice(seed), new Dice(seed + 1)];
  let deck: FaultKind[] = [];
  const draw = (): FaultKind | undefined => {
    // As from cards: each comes as often as any other.
    if (deck.length === 0) deck = [...faults];
    return deck.splice(deal.below(deck.length), 1)[0];
  };
  const planned = Array.from({ length: turns }, (_, index): PlannedTurn => {
    const number = index + 1;
    // The first is said, which can be compared word for word.
    const turn = { number, kind: kinds[index % kinds.length] ?? "say" };
    // Drawn for all, so that other faults shift nothing else.
    const [target, moment] = [dice.oneOf(TARGETS), dice.oneOf(MOMENTS)];
    const [share, drawnMs] = [dice.below(86) / 100, dice.between(HOLD_MS.least, HOLD_MS.most)];
    const kind = number % ALONE_EVERY === 0 ? undefined : draw();
    if (kind === undefined) return turn;
    return { ...turn, fault: { kind, target, moment, share, holdMs: holdMs ?? Math.round(drawnMs / 100) * 100 } };
  });
  return { seed, turns: planned };
}

/** A member, as far as it matters for who is hurt. */
export interface Candidate {
  readonly peerId: string;
  readonly isPrime: boolean;
}

/** Who is meant now; where that one may not be hurt so, another that may; undefined: nobody may. */
export function victimOf<Peer extends Candidate>(
  { target, share }: Pick<PlannedFault, "target" | "share">,
  mayBeHurt: readonly Peer[],
  host: string | undefined,
): Peer | undefined {
  const meant = mayBeHurt.filter(({ peerId, isPrime }) => {
    if (target === "host") return peerId === host;
    return target === "prime" ? isPrime : !isPrime && peerId !== host;
  });
  const from = meant.length > 0 ? meant : mayBeHurt;
  return from[Math.min(from.length - 1, Math.floor(share * from.length))];
}

/** For peers' faults alone. */
export function isPeerFault(kind: FaultKind): kind is PeerFault {
  return kind !== "blink";
}
