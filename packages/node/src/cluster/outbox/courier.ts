/** Brings what waits in an outbox before the cluster: in order, some at a time, and again until it is known what became of them. */
import type { Logger } from "pino";
import type { ReadOutcome } from "../consensus/port.ts";
import type { Submitted } from "../consensus/shared-state.ts";
import type { CommandResult } from "../state/codec.ts";
import { LIMITS } from "../state/limits.ts";
import type { Delivered } from "../state/model.ts";
import type { CommandOf } from "../state/schemas.ts";
import type { Delivery, Outbox } from "./outbox.ts";

const SUBMIT_MS = 5_000;
const READ_MS = 5_000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2_000;
/** Half of what a command of the cluster may be. */
const MAX_BATCH_BYTES = LIMITS.commandBytes / 2;

type Batch = CommandOf<"deliver">["commands"];
type Deliveries = readonly (readonly [sequence: number, delivery: Delivery])[];

/** The cluster as a courier sees it. */
export interface Destination {
  readonly self: string;
  /** Never rejects. */
  submit(command: CommandOf<"deliver">, options: { readonly timeoutMs: number }): Promise<Submitted>;
  /** As `SharedState.read`. */
  read(options: { readonly timeoutMs: number }): Promise<ReadOutcome>;
  /** This peer's last delivery, as far as it is known here. */
  last(): Delivered | undefined;
  /** Whether somebody leads. */
  hasPrime(): boolean;
  /** Calls `changed` when somebody else leads, or nobody. */
  watchPrime(changed: () => void): () => void;
}

export class Courier {
  readonly #outbox: Outbox;
  readonly #to: Destination;
  readonly #log: Logger;
  readonly #stops: (() => void)[];
  readonly #ending = Promise.withResolvers<void>();
  #isStopped = false;
  /** How many at a time. */
  #most: number = LIMITS.deliveries;
  /** Fulfilled when there may be something to do. */
  #call = Promise.withResolvers<void>();
  readonly #running: Promise<void>;

  constructor(outbox: Outbox, to: Destination, log: Logger) {
    this.#outbox = outbox;
    this.#to = to;
    this.#log = log;
    const call = (): void => this.#call.resolve();
    this.#stops = [outbox.watch(call), to.watchPrime(call)];
    this.#running = this.#run();
  }

  /** Fulfilled when nothing is under way any more. May be called twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const stop of this.#stops) stop();
    this.#call.resolve();
    this.#ending.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#isStopped) {
      if (this.#outbox.waiting.length === 0 || !this.#to.hasPrime()) {
        // Both are told.
        await this.#called();
        continue;
      }
      const deliveries = await Promise.race([this.#deliver(), this.#ending.promise]);
      if (deliveries === undefined) {
        await this.#called(pauseMs);
        pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
      } else {
        pauseMs = FIRST_PAUSE_MS;
        await this.#outbox.settle(deliveries);
      }
    }
  }

  /** Undefined: to be tried again. */
  async #deliver(): Promise<Deliveries | undefined> {
    const batch = this.#batch();
    const [first] = this.#outbox.waiting;
    if (batch.length === 0 && first !== undefined) {
      this.#log.error({ sequence: first.sequence }, "a command of the outbox is none, and is passed over");
      return [[first.sequence, { outcome: "refused", reason: "malformed", detail: "this software cannot read it" }]];
    }
    const last = await this.#lastKnown();
    if (last === "unknown" || this.#isStopped) return undefined;
    const { box } = this.#outbox;
    const replaces = last === undefined || last.box === box ? null : last.box;
    const command = { type: "deliver", peer: this.#to.self, box, replaces, commands: batch } as const;
    return this.#judge(await this.#to.submit(command, { timeoutMs: SUBMIT_MS }), batch);
  }

  /** The next ones, up to the first that cannot be read. */
  #batch(): Batch {
    const batch: Batch[number][] = [];
    let bytes = 0;
    for (const waiting of this.#outbox.waiting.slice(0, this.#most)) {
      const command = this.#outbox.read(waiting);
      bytes += waiting.command.length;
      if (command === undefined || (batch.length > 0 && bytes > MAX_BATCH_BYTES)) break;
      batch.push({ sequence: waiting.sequence, command });
    }
    return batch;
  }

  /** What the cluster heard last of this peer. Of another box than this one it must be what holds now. */
  async #lastKnown(): Promise<Delivered | undefined | "unknown"> {
    if (this.#to.last()?.box === this.#outbox.box) return this.#to.last();
    const read = await this.#to.read({ timeoutMs: READ_MS });
    return read.outcome === "readable" ? this.#to.last() : "unknown";
  }

  #judge(submitted: Submitted, batch: Batch): Deliveries | undefined {
    if (submitted.outcome === "unknown") return undefined;
    if (submitted.outcome === "done") {
      this.#most = LIMITS.deliveries;
      const results = new Map(this.#to.last()?.results);
      return batch.map(({ sequence }) => [sequence, this.#told(sequence, results.get(sequence))]);
    }
    const { reason, detail } = submitted;
    switch (reason) {
      case "no-quorum":
      case "overloaded":
      case "stopped":
      case "not-a-member":
      case "not-in-force":
      case "not-founded":
      case "other-outbox":
        return undefined;
      default:
        // One of them is at fault: alone it is found.
        if (batch.length > 1) this.#most = 1;
        return batch.length > 1
          ? undefined
          : batch.map(({ sequence }) => [sequence, { outcome: "refused", reason, detail }]);
    }
  }

  #told(sequence: number, result: CommandResult | undefined): Delivery {
    if (result?.outcome === "done") return result;
    if (result !== undefined && result.reason !== "overtaken") return result;
    // After a power cut, what was settled last may wait again.
    this.#log.info({ sequence }, "a command of the outbox had been delivered before");
    return { outcome: "unknown", detail: result?.detail ?? "it was delivered before" };
  }

  async #called(timeoutMs?: number): Promise<void> {
    this.#call = Promise.withResolvers();
    if (this.#isStopped) return;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.#call.resolve(), timeoutMs);
    await this.#call.promise;
    clearTimeout(timer);
  }
}
