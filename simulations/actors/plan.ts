/** What a seed decides before anything happens: the hosts, their bounds, and which faults may befall them (swarm testing). */
import type { Overflow } from "@parley/actors";
import { Random } from "../kit/random.ts";
import { MS, SECOND, type Micros } from "../kit/timeline.ts";

export const FAULTS = [
  "delay",
  "stall",
  "loss",
  "duplication",
  "reorder",
  "partition",
  "one-way-cut",
  "reset",
  "kill",
  "graceful-restart",
  "pause",
  "suspend",
  "slow-handlers",
  "crashing-handlers",
  "small-mailboxes",
  "small-outboxes",
  "leader-change",
  "consensus-cut",
  "table-change",
  "member-change",
  "sleepy-entities",
  "idle-entities",
  "small-regions",
  "memory-trouble",
  "slow-streams",
  "crashing-streams",
  "slow-trees",
  "crashing-trees",
] as const;

export type Fault = (typeof FAULTS)[number];

export interface MailboxPlan {
  readonly capacity: number;
  readonly overflow: Overflow;
}

export interface Plan {
  readonly seed: number;
  readonly hosts: number;
  /** Ledgers on each host: actors that live as long as it does. */
  readonly ledgers: number;
  readonly faults: ReadonlySet<Fault>;
  /** Faults come this many times as often as usual. */
  readonly intensity: number;
  /** Mean time between two things that a host does. */
  readonly thinkTime: Micros;
  /** How long faults happen. */
  readonly safetyPhase: Micros;
  /** How long the healed hosts may take until everything is settled. */
  readonly livenessBound: Micros;
  readonly maxOutboxMessages: number;
  readonly mailboxOf: (ledger: number) => MailboxPlan;
}

/** @param only when given, other faults are left out; what is left stays as it was. */
export function planOf(seed: number, only?: ReadonlySet<Fault>): Plan {
  const random = new Random(seed, "plan");
  const density = 0.2 + 0.6 * random.next();
  const drawn = new Set(FAULTS.filter(() => random.chance(density)));
  const faults = only === undefined ? drawn : drawn.intersection(only);
  const smallOutbox = random.between(2, 10);
  return {
    seed,
    hosts: random.oneOf(2, 3, 3, 4, 5),
    ledgers: random.between(1, 3),
    faults,
    intensity: 0.5 + 1.5 * random.next(),
    thinkTime: random.oneOf(10, 30, 100) * MS,
    safetyPhase: random.between(3, 8) * SECOND,
    livenessBound: 16 * SECOND,
    maxOutboxMessages: faults.has("small-outboxes") ? smallOutbox : 1_024,
    mailboxOf(ledger) {
      const own = new Random(seed, `plan/mailbox/${ledger}`);
      const capacity = own.between(1, 6);
      const overflow = own.oneOf<Overflow>("refuse", "drop-oldest", "back-pressure");
      return { capacity: faults.has("small-mailboxes") ? capacity : 1_000, overflow };
    },
  };
}
