/**
 * Brings commands to whoever leads, each under a number of a client session, so that it is carried out once however often
 * it has to be sent. The session is opened with the first command, and anew when the cluster has given it up.
 */
import type { Leadership } from "@parley/actors";
import { ClientSession, type ProposalOutcome, type RaftNode } from "@parley/raft";
import { Interruption } from "./interruption.ts";
import { notDone, type ProposeOutcome } from "./port.ts";
import { TryTime } from "./try-time.ts";

/** A session remembers 1,024 results for its client; more may not be on their way. */
const MAX_UNDER_WAY = 512;

/** Not ended early: whoever has just come to lead takes a moment. */
const LEAST_PAUSE_MS = 10;
/** Of a try that went to somebody who leads no more. */
const LOST = { outcome: "unknown", reason: "deadline", detail: "somebody else leads by now" } as const;

type Node = Pick<RaftNode, "propose" | "openSession">;

export class Proposing {
  readonly #node: Node;
  readonly #tryTime = new TryTime();
  readonly #stopped = new Interruption();
  /** Somebody else leads: what was on its way to the one before may be lost, and who waited for one need not any more. */
  readonly #elected = new Interruption();
  readonly #stopWatching: () => void;
  #isStopped = false;
  #session: ClientSession | undefined;
  #opening: Promise<void> | undefined;
  #underWay = 0;

  constructor(node: Node, leadership: Pick<Leadership, "current" | "watch">) {
    this.#node = node;
    let ledTerm = 0;
    this.#stopWatching = leadership.watch(() => {
      const { leader, term } = leadership.current();
      if (leader === undefined || term === ledTerm) return;
      ledTerm = term;
      this.#elected.ring();
    });
  }

  async propose(command: Uint8Array, timeoutMs: number): Promise<ProposeOutcome> {
    if (this.#isStopped) return notDone("stopped", "this peer is stopping");
    if (this.#underWay >= MAX_UNDER_WAY) {
      return notDone("overloaded", `${this.#underWay} commands of this peer wait already`);
    }
    this.#underWay += 1;
    try {
      return await this.#stopped.race(this.#untilCertain(command, performance.now() + timeoutMs), () => ({
        outcome: "unknown",
        detail: "this peer stopped before it was known",
      }));
    } finally {
      this.#underWay -= 1;
    }
  }

  /** What is under way ends as unknown. */
  stop(): void {
    this.#isStopped = true;
    this.#stopWatching();
    this.#stopped.ring();
  }

  async #untilCertain(command: Uint8Array, deadlineMs: number): Promise<ProposeOutcome> {
    for (;;) {
      const session = await this.#openBefore(deadlineMs);
      if (session === undefined) return notDone("no-quorum", "nobody leads, or none that could be reached in time");
      const outcome = await session.propose(command, { timeoutMs: Math.max(1, deadlineMs - performance.now()) });
      // A first try under a session that is known no more was not carried out, and never will be.
      const isExpired = outcome.outcome === "refused" && outcome.reason === "session-expired";
      if (!isExpired) return translated(outcome);
      if (this.#session === session) this.#session = undefined;
    }
  }

  async #openBefore(deadlineMs: number): Promise<ClientSession | undefined> {
    while (this.#session === undefined && !this.#isStopped) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return undefined;
      this.#opening ??= this.#open().finally(() => {
        this.#opening = undefined;
      });
      await within(this.#opening, leftMs);
    }
    return this.#session;
  }

  async #open(): Promise<void> {
    const timeoutMs = this.#tryTime.ms;
    const opening = this.#node.openSession({ timeoutMs, forward: true });
    const opened = await this.#elected.race<Awaited<typeof opening> | typeof LOST>(
      this.#timed(opening, timeoutMs),
      () => LOST,
    );
    if (opened.outcome !== "opened") {
      // Refused at once, or lost: either way not in a tight circle.
      await pause(10);
      return;
    }
    this.#session = new ClientSession({
      session: opened.session,
      submit: (command, tag, timeoutMs) => {
        const trying = this.#node.propose(command, { session: tag, timeoutMs, forward: true });
        // Under the same number it is carried out once, also if the try that is not waited for any more succeeds.
        return this.#elected.race<ProposalOutcome>(this.#timed(trying, timeoutMs), () => LOST);
      },
      // Once stopped, nobody waits for its tries any more.
      pause: (delayMs) => {
        if (this.#isStopped) return new Promise<void>(() => undefined);
        return delayMs <= LEAST_PAUSE_MS ? pause(delayMs) : this.#elected.race(pause(delayMs), () => undefined);
      },
      tryMs: () => this.#tryTime.ms,
    });
  }

  /** Learns from a try how long the next may take. */
  async #timed<Outcome extends { readonly outcome: string }>(trying: Promise<Outcome>, timeoutMs: number) {
    const startedMs = performance.now();
    const outcome = await trying;
    const tookMs = performance.now() - startedMs;
    // Only what has been to the leader and back tells something; the last try of a caller in a hurry tells nothing.
    if (outcome.outcome === "committed" || outcome.outcome === "opened") this.#tryTime.answered(tookMs);
    else if (outcome.outcome === "unknown" && timeoutMs >= this.#tryTime.ms && tookMs >= timeoutMs)
      this.#tryTime.lost();
    return outcome;
  }
}

function translated(outcome: ProposalOutcome): ProposeOutcome {
  switch (outcome.outcome) {
    case "committed": {
      const { index, term, result } = outcome;
      return { outcome: "committed", index, term, result };
    }
    case "not-leader":
      return notDone("no-quorum", "nobody led in time");
    case "unknown":
      return { outcome: "unknown", detail: outcome.detail };
    case "refused": {
      const { reason, detail } = outcome;
      if (reason === "already-acknowledged") return { outcome: "unknown", detail };
      const isOwn = reason === "overloaded" || reason === "too-large" || reason === "stopped";
      return notDone(isOwn ? reason : "no-quorum", detail);
    }
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Fulfilled with `promise`, or when the time is over. */
async function within(promise: Promise<void>, timeoutMs: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, timeoutMs);
  try {
    await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
