/** The faults that people may have done to their own house, and their bounds: the same for who orders them and who carries them out. */
import * as z from "zod";

/**
 * Carried out by the peer that they hurt.
 *
 * - `kill`: its process ends at once, and is started again
 * - `stop`: its process stands still
 * - `cut`: it reaches no other peer, and none reaches it; clients do
 * - `slow`: what it sends to other peers is held up
 * - `drain`: it hands over what it does, and takes part again
 */
export const PEER_FAULTS = ["kill", "stop", "cut", "slow", "drain"] as const;
export type PeerFault = (typeof PEER_FAULTS)[number];

/** `blink`: the connection of who talks with the house breaks; no peer has a part in it. */
export const FAULTS = [...PEER_FAULTS, "blink"] as const;
export type FaultKind = (typeof FAULTS)[number];

/** After these the others have to do without the peer, its vote included, until they are over. */
const TAKES_AWAY: ReadonlySet<FaultKind> = new Set(["kill", "stop", "cut"]);

export function takesAway(kind: FaultKind): boolean {
  return TAKES_AWAY.has(kind);
}

export const LEAST_HOLD_MS = 500;
export const MAX_HOLD_MS = 30_000;
/** From the end of one to the next: by then everybody has seen that it is over. */
export const BETWEEN_MS = 500;
/** How long a slowed peer holds each thing up. */
export const SLOW_MS = 200;

const id = z.uuid();
export const accountSchema = z.string().min(1).max(128);

/** One fault, for one peer. */
export const faultSchema = z.strictObject({
  /** Of this fault alone. */
  id,
  kind: z.enum(PEER_FAULTS),
  holdMs: z.int().min(LEAST_HOLD_MS).max(MAX_HOLD_MS),
  /** Who has ordered it. */
  by: accountSchema,
  /** The account that talks with the house meanwhile: its turns are no other person's. */
  account: accountSchema,
  /** Also while somebody else is in the middle of a turn. */
  withPeople: z.boolean(),
});
export type Fault = z.output<typeof faultSchema>;

/** Why a fault was not done. */
export interface Refusal {
  readonly message: string;
  readonly nextStep: string;
}
