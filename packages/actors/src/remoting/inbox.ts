/**
 * Messages of one life of a peer that wants an answer for them. Outlives connections: what has come already is not given to
 * its receiver again, only its answer is. Acknowledged messages are handled one after the other per receiver; so their
 * order holds even when the receiver crashes on one of them and is given it again.
 */
import type { RemoteHost } from "../core/remote.ts";
import type { Clock } from "../core/ports.ts";
import { ActorError, isActorError } from "../errors.ts";
import type { RemotingLimits } from "./options.ts";
import { pathOf, type Places } from "./places.ts";
import type { Answer } from "./wire/control.ts";
import { messageIn, type OfferFrame } from "./wire/data.ts";
import { type Failure, failureOf } from "./wire/failure.ts";

/** What is known of a message: not yet, taken, or why not. */
type Outcome = "pending" | "done" | Failure;

interface Waiting {
  readonly frame: OfferFrame;
  readonly dueMs: number;
}

export interface InboxHere {
  readonly host: RemoteHost;
  readonly clock: Clock;
  readonly limits: RemotingLimits;
  readonly places: Places;
}

export class Inbox {
  readonly #here: InboxHere;
  readonly #from: string;
  readonly #answer: (answer: Answer) => void;
  /** By number; what the peer has settled is forgotten. */
  readonly #outcomes = new Map<number, Outcome>();
  #settledBelow = 1;
  /** The last that was taken: they come in the order of their numbers. */
  #newest = 0;
  /** By receiver, whichever of its lives is meant; there while one of its messages is being handled. */
  readonly #queues = new Map<string, Waiting[]>();
  #isClosed = false;

  /**
   * @param from the peer whose messages these are
   * @param answer sends to it, if it can be reached
   */
  constructor(here: InboxHere, from: string, answer: (answer: Answer) => void) {
    this.#here = here;
    this.#from = from;
    this.#answer = answer;
  }

  /** Numbers that are remembered. */
  get size(): number {
    return this.#outcomes.size;
  }

  take(frame: OfferFrame): void {
    this.#forgetBelow(frame.settledBelow);
    const { id } = frame;
    if (id < this.#settledBelow) return;
    const known = this.#outcomes.get(id);
    if (known !== undefined) {
      if (known !== "pending") this.#say(id, known);
      return;
    }
    // One that comes again, and that others have overtaken since there was no room for it: it would be out of order now.
    const isOvertaken = id < this.#newest;
    if (isOvertaken || this.#outcomes.size >= this.#here.limits.maxOutboxMessages) {
      // Not remembered: it has not been taken, so it may come again.
      return this.#answer({ id, failure: { code: "mailbox-full", text: "too many messages wait for an answer" } });
    }
    this.#outcomes.set(id, "pending");
    this.#newest = id;
    const waiting = { frame, dueMs: this.#here.clock.nowMs() + frame.ttlMs };
    if (frame.isAcknowledged) this.#enqueue(waiting);
    else void this.#hand(waiting);
  }

  /** The peer's life is over: nobody waits for answers. */
  close(): void {
    this.#isClosed = true;
    this.#outcomes.clear();
    for (const queue of this.#queues.values()) queue.length = 0;
  }

  #forgetBelow(settledBelow: number): void {
    if (settledBelow <= this.#settledBelow) return;
    this.#settledBelow = settledBelow;
    for (const id of this.#outcomes.keys()) {
      // They came in order, but for the few that found no room at first: these are forgotten a little later.
      if (id >= settledBelow) break;
      this.#outcomes.delete(id);
    }
  }

  #enqueue(waiting: Waiting): void {
    const path = pathOf(waiting.frame.to);
    const queue = this.#queues.get(path);
    if (queue !== undefined) return void queue.push(waiting);
    const fresh = [waiting];
    this.#queues.set(path, fresh);
    void this.#drain(path, fresh);
  }

  /** Never rejects. */
  async #drain(path: string, queue: Waiting[]): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await this.#hand(next);
    this.#queues.delete(path);
  }

  /** Never rejects, but for what must never happen. */
  async #hand(waiting: Waiting): Promise<void> {
    const { id } = waiting.frame;
    let outcome: Outcome = "done";
    try {
      await this.#handOver(waiting);
    } catch (error) {
      if (!isActorError(error)) throw error;
      outcome = failureOf(error);
    }
    if (this.#isClosed || id < this.#settledBelow) return;
    this.#outcomes.set(id, outcome);
    this.#say(id, outcome);
  }

  /** @throws ActorError when the receiver has not taken it, or not finished with it */
  async #handOver({ frame, dueMs }: Waiting): Promise<void> {
    const { host, clock, limits, places } = this.#here;
    const { isAcknowledged: acknowledged } = frame;
    const address = places.read(frame.to);
    for (let crashes = 0; ; crashes += 1) {
      const timeoutMs = dueMs - clock.nowMs();
      if (timeoutMs <= 0) throw new ActorError("ask-timeout", "its sender has given it up");
      try {
        // Read anew each time: a receiver may change what it is given.
        const message = messageIn(frame.payload, (text) => host.resolve(text));
        return await host.offer(address, message, this.#from, { acknowledged, timeoutMs });
      } catch (error) {
        const mayRetry = acknowledged && crashes < limits.redeliveries && !this.#isClosed;
        if (!mayRetry || !isActorError(error, "actor-failed")) throw error;
      }
    }
  }

  #say(id: number, outcome: "done" | Failure): void {
    this.#answer({ id, failure: outcome === "done" ? undefined : outcome });
  }
}
