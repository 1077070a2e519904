/**
 * This peer hands over what it does and stays a member: until a person takes that back, or it is started anew. Its leadership goes
 * first, its engines take no more work of others, what runs is finished, shards go to other peers with the sessions in them, and at
 * last its clients are told to go elsewhere. Who comes all the same is served.
 */
import type { Logger } from "pino";
import type { Cluster } from "../../cluster/face.ts";
import { PeerError } from "../../errors.ts";
import { withoutCorrelation } from "../../log.ts";
import type { SessionHouse } from "../session/house.ts";
import type { Services } from "../services.ts";
import {
  beginDrain,
  dueMs,
  mayStop,
  nextOf,
  type DrainCourse,
  type DrainLeft,
  type DrainPhase,
  type DrainSeen,
} from "./course.ts";

/** The clients of this peer. */
export interface DrainedClients {
  /** Connected, for more than to look how the peer fares. */
  readonly count: number;
  /** Those among them that were not told to go yet. */
  readonly untold: number;
  /** One of them is told, that it goes on elsewhere. */
  sendOne(): void;
  /** All may be told again. */
  forgetTold(): void;
}

export interface DrainParts {
  readonly cluster: Pick<Cluster, "belonging" | "draining" | "peers">;
  readonly services: Pick<Services, "withdraw" | "jobs">;
  readonly conversations: Pick<SessionHouse, "drain" | "stay" | "list">;
  readonly clients: () => DrainedClients | undefined;
  readonly log: Logger;
  /** A monotonic clock. Default: the machine's. */
  readonly nowMs?: () => number;
}

/** How far it is. */
export interface DrainReport {
  readonly isDraining: boolean;
  /** Null: it does not drain. */
  readonly phase: DrainPhase | null;
  /** Nothing would be cut off. */
  readonly mayStop: boolean;
  readonly isPrime: boolean;
  readonly isVoter: boolean;
  readonly left: DrainLeft;
  /** For how long it has drained. */
  readonly sinceMs: number | null;
  readonly timeoutMs: number | null;
}

const LOOK_EVERY_MS = 50;
/** All clients are told within so long, one after the other: the others are not to be asked by all at once. */
const SPREAD_MS = 2_000;
const BETWEEN_MS = 100;

export class Drain {
  readonly #parts: DrainParts;
  #course: DrainCourse | undefined;
  #shards: DrainSeen["shards"] = "under-way";
  /** Of the drain that is under way. */
  #over: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();
  /** Nobody asked for it but the host, which is about to sleep. */
  #isForSleep = false;
  #keepsVote = false;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  get isDraining(): boolean {
    return this.#course !== undefined;
  }

  get report(): DrainReport {
    const course = this.#course;
    const { draining } = this.#parts.cluster;
    const left = this.#left;
    const votes = { isPrime: draining?.isPrime ?? false, isVoter: draining?.isVoter ?? false };
    return {
      isDraining: course !== undefined,
      phase: course?.phase ?? null,
      mayStop: mayStop(course?.phase, left, votes),
      ...votes,
      left,
      sinceMs: course === undefined ? null : Math.round(this.#nowMs - course.beganMs),
      timeoutMs: course?.timeoutMs ?? null,
    };
  }

  /**
   * Begins, or begins anew with another time. It goes on by itself: {@link report} tells how far it is.
   * @throws PeerError `not-member` where there is nobody who could take over
   */
  begin({ timeoutMs }: { readonly timeoutMs: number }): void {
    if (this.#others === 0) {
      throw new PeerError("not-member", "there is no other peer that could take over what this one does", {
        nextStep:
          "Start another one of the house (parley peers shows who is there), or stop this one as it is: Ctrl-C.",
      });
    }
    this.#begin({ timeoutMs, keepsVote: false });
  }

  #begin({ timeoutMs, keepsVote }: { readonly timeoutMs: number; readonly keepsVote: boolean }): void {
    this.#over?.abort();
    const over = new AbortController();
    this.#over = over;
    this.#isForSleep = false;
    this.#keepsVote = keepsVote;
    this.#course = beginDrain(timeoutMs, this.#nowMs);
    this.#shards = "under-way";
    this.#parts.services.withdraw(true);
    this.#parts.clients()?.forgetTold();
    this.#parts.log.info({ timeoutMs }, "this peer drains: the others take over what it does");
    this.#ended = withoutCorrelation(() => this.#run(over.signal));
  }

  /** Settles when the drain that is under way is done, or was taken back. Never rejects. */
  ended(): Promise<void> {
    return this.#ended;
  }

  /** Takes it back: this peer takes part as before. Does nothing where it does not drain. */
  undo(): void {
    if (this.#course === undefined) return;
    this.#isForSleep = false;
    this.#over?.abort();
    this.#course = undefined;
    const { services, conversations, cluster, log } = this.#parts;
    services.withdraw(false);
    conversations.stay();
    cluster.draining?.stay();
    log.info("this peer drains no more");
  }

  /** Its host is about to sleep: the same, unless it drains already, for `timeoutMs` at most. Never rejects. */
  async beforeSleep({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    if (this.isDraining || this.#others === 0) return;
    const ended = this.quickly({ timeoutMs });
    this.#isForSleep = true;
    await ended;
  }

  /** What was handed over for a sleep may come back. */
  afterSleep(): void {
    if (this.#isForSleep) this.undo();
  }

  /**
   * Before an end that was not announced: as much of it as `timeoutMs` is enough for, or until `signal` aborts. Its vote it keeps: when
   * all of a house are switched off, one after the other, any majority of them is enough to go on. Never rejects.
   */
  async quickly({ timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<void> {
    if (this.#others === 0 || timeoutMs <= 0 || this.report.mayStop) return;
    this.#begin({ timeoutMs, keepsVote: true });
    const cut = Promise.withResolvers<void>();
    signal?.addEventListener("abort", () => cut.resolve(), { once: true });
    await Promise.race([this.#ended, cut.promise]);
  }

  /** Never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    const { cluster, log } = this.#parts;
    // Its vote may go later than its leadership, and nothing else waits for that.
    if (!this.#keepsVote) void cluster.draining?.giveUpLeading({ timeoutMs: this.#course?.timeoutMs ?? 0 });
    let nextSendMs = 0;
    while (!signal.aborted && this.#course !== undefined && this.#course.phase !== "done") {
      const before = this.#course.phase;
      this.#course = nextOf(this.#course, this.#seen, this.#nowMs);
      const { phase } = this.#course;
      if (phase !== before) {
        log.info({ phase, left: this.#left }, "how far the drain of this peer is");
        if (phase === "moving") void this.#move(signal, dueMs(this.#course) - this.#nowMs);
      }
      if (phase === "sending" && this.#nowMs >= nextSendMs) nextSendMs = this.#nowMs + this.#sendOne();
      await new Promise((resolve) =>
        setTimeout(resolve, Math.min(LOOK_EVERY_MS, Math.max(1, nextSendMs - this.#nowMs))),
      );
    }
  }

  /** Never rejects: what could not be handed over goes on here, and others take it when this peer is gone. */
  async #move(signal: AbortSignal, timeoutMs: number): Promise<void> {
    const { cluster, conversations, log } = this.#parts;
    const within = { timeoutMs: Math.max(1, timeoutMs) };
    const given = await Promise.allSettled([conversations.drain(within), cluster.draining?.giveAway(within)]);
    if (signal.aborted) return;
    const failed = given.flatMap((each) => (each.status === "rejected" ? [each] : []));
    for (const { reason } of failed) log.info({ err: reason }, "the shards of this peer were not all handed over");
    this.#shards = failed.length === 0 ? "gone" : "kept";
  }

  /** @returns how long to wait before the next */
  #sendOne(): number {
    const clients = this.#parts.clients();
    if (clients === undefined || clients.untold === 0) return 0;
    const betweenMs = Math.min(BETWEEN_MS, SPREAD_MS / clients.untold);
    clients.sendOne();
    return betweenMs;
  }

  get #seen(): DrainSeen {
    const { cluster, services, clients } = this.#parts;
    return {
      isPrime: !this.#keepsVote && cluster.draining?.isPrime === true,
      jobs: services.jobs,
      shards: this.#shards,
      clients: clients()?.untold ?? 0,
      others: this.#others,
    };
  }

  get #left(): DrainLeft {
    const { services, conversations, clients } = this.#parts;
    return { clients: clients()?.count ?? 0, sessions: conversations.list().length, jobs: services.jobs };
  }

  /** Other members that can be reached and do not drain themselves. */
  get #others(): number {
    const peers = this.#parts.cluster.peers();
    return peers.filter(({ isSelf, isOnline, isDraining }) => !isSelf && isOnline && isDraining !== true).length;
  }

  get #nowMs(): number {
    return (this.#parts.nowMs ?? (() => performance.now()))();
  }
}
