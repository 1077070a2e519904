/** How long the hub waits, and how much it holds. What is said of it in `docs/PROTOCOL.md` is held against this by a test. */
import { systemClock, type Clock } from "@parley/actors";

export const HUB = {
  /** A receiver that acknowledges has so long. */
  ackMs: 10_000,
  /** Tries at a receiver that is there. */
  triesMax: 5,
  againFirstMs: 250,
  againMaxMs: 30_000,
  /** Messages on their way from one client to another one. */
  laneMax: 64,
  /** … and from all clients of a peer, and their bytes. */
  lanesMax: 8_192,
  lanesBytes: 64 * 1024 * 1024,
  /** Given to one client, and not acknowledged. */
  openMax: 64,
  /** Messages that wait for one client that is away, and for all. */
  mailMax: 256,
  mailMaxBytes: 4 * 1024 * 1024,
  mailTotalMax: 8_192,
  /** A quarter of what the house writes down in all. */
  mailTotalBytes: 16 * 1024 * 1024,
  /** Of one message, as it is written down. */
  mailBytes: 180_000,
  mailKeptMs: 7 * 24 * 3_600_000,
  sweepMs: 60_000,
  /** Ids that are remembered for good, of one account, and of all; how many of an account's are written down at once. */
  idsPerAccount: 128,
  idsMax: 8_192,
  idsAtOnce: 64,
  /** That an id is in use is written down again after so long. */
  idSeenMs: 24 * 3_600_000,
  /** Clients that a peer remembers by itself while it lives. */
  knownMax: 4_096,
  /** Ids that are remembered as delivered, per client; and of so many clients. */
  deliveredKept: 256,
  deliveredClients: 512,
  ledgerMax: 8_192,
  /** What senders who are away are to be told: per client, of so many clients, and how long. */
  untoldKept: 32,
  untoldClients: 256,
  untoldMs: 3_600_000,
  /** How long a question to another client holds where it does not say. */
  queryMs: 30_000,
  /** Questions between clients whose asker is remembered. */
  askersMax: 4_096,
} as const;

/** Where time and chance come from. */
export interface HubTime {
  readonly clock: Clock;
  /** The clock of the wall: what `expiresAt` is compared with. */
  readonly nowMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Those of the machine. */
export function machineTime(): HubTime {
  return { clock: systemClock(), nowMs: Date.now, random: Math.random };
}

/** A pause that can be cut short. One waits at a time. */
export class Pause {
  readonly #clock: Clock;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(ms, resolve);
    this.#wake = resolve;
    await promise;
    timer.cancel();
    this.#wake = undefined;
  }

  wake(): void {
    this.#wake?.();
  }
}
