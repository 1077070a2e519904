/** Brings what waits in an outbox before the cluster: one command after the other, each again until it is known what became of it. */
import type { Logger } from "pino";
import type { ReadOutcome } from "../consensus/port.ts";
import type { Submitted } from "../consensus/shared-state.ts";
import type { Delivered } from "../state/model.ts";
import type { CommandOf, PostponedCommand } from "../state/schemas.ts";
import type { Delivery, Outbox } from "./outbox.ts";
import type { Waiting } from "./records.ts";

const SUBMIT_MS = 5_000;
const READ_MS = 5_000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2_000;

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
      const [waiting] = this.#outbox.waiting;
      if (waiting === undefined || !this.#to.hasPrime()) {
        // Both are told.
        await this.#called();
        continue;
      }
      const delivery = await Promise.race([this.#deliver(waiting), this.#ending.promise]);
      if (delivery === undefined) {
        await this.#called(pauseMs);
        pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
      } else {
        pauseMs = FIRST_PAUSE_MS;
        await this.#outbox.settle(waiting.sequence, delivery);
      }
    }
  }

  /** Undefined: it is to be tried again. */
  async #deliver(waiting: Waiting): Promise<Delivery | undefined> {
    const command = this.#outbox.read(waiting);
    if (command === undefined) {
      this.#log.error({ sequence: waiting.sequence }, "a command of the outbox is none, and is passed over");
      return { outcome: "refused", reason: "malformed", detail: "this software cannot read it" };
    }
    const last = await this.#lastKnown();
    if (last === "unknown" || this.#isStopped) return undefined;
    const submitted = await this.#to.submit(this.#wrapped(waiting, command, last), { timeoutMs: SUBMIT_MS });
    return this.#judge(submitted, waiting);
  }

  /** What the cluster heard last of this peer. Of another box than this one it must be what holds now. */
  async #lastKnown(): Promise<Delivered | undefined | "unknown"> {
    if (this.#to.last()?.box === this.#outbox.box) return this.#to.last();
    const read = await this.#to.read({ timeoutMs: READ_MS });
    return read.outcome === "readable" ? this.#to.last() : "unknown";
  }

  #wrapped({ sequence }: Waiting, command: PostponedCommand, last: Delivered | undefined): CommandOf<"deliver"> {
    const { box } = this.#outbox;
    const replaces = last === undefined || last.box === box ? null : last.box;
    return { type: "deliver", peer: this.#to.self, box, sequence, replaces, command };
  }

  #judge(submitted: Submitted, { sequence }: Waiting): Delivery | undefined {
    if (submitted.outcome === "done") return { outcome: "done", value: submitted.value };
    if (submitted.outcome === "unknown") return undefined;
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
      case "overtaken":
        this.#log.error({ sequence, detail }, "this peer's outbox is older than what it has delivered");
        return { outcome: "unknown", detail };
      default:
        return { outcome: "refused", reason, detail };
    }
  }

  async #called(timeoutMs?: number): Promise<void> {
    this.#call = Promise.withResolvers();
    if (this.#isStopped) return;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.#call.resolve(), timeoutMs);
    await this.#call.promise;
    clearTimeout(timer);
  }
}
