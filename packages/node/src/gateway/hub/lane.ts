/**
 * What one client sends another one, in its order: one after the other, each until it is handled, written down, or given up.
 *
 * As long as something from the same sender waits for the same receiver in the house's mail, what comes later goes there too: whoever
 * empties it keeps the order.
 */
import { invariant } from "../../errors.ts";
import { backoffMs } from "../../services/backoff.ts";
import { isDurable, type Kept } from "./mail.ts";
import { isExpired, type Fate, type Post, type Try } from "./post.ts";
import { HUB, Pause, type HubTime } from "./times.ts";

/** What a lane needs of the hub. */
export interface LaneWays {
  /** Whether the receiver is connected anywhere, as far as it is known. */
  isThere(clientId: string): boolean;
  /** Gives a message to the receiver where it is. Never rejects. */
  give(post: Post, to: string): Promise<Try>;
  keep(post: Post, to: string): Promise<Kept | "unknown">;
  /** Takes back what was written down after all, though it need not wait any more. */
  retract(post: Post, to: string): Promise<void>;
  /** Whether mail of this sender waits for this receiver. */
  holds(from: string, to: string): boolean;
  /** Told once for each message. */
  report(post: Post, to: string, fate: Fate): void;
  /** Something threw that does not throw. */
  onDefect(error: unknown): void;
  readonly time: HubTime;
}

interface Item {
  readonly post: Post;
  /** What this peer knows of the house is at least what the sender has seen of it. */
  readonly ready: Promise<void>;
  /** Its length. */
  readonly bytes: number;
}

/** What is to be done next with a message: it is settled, or another way is tried, or the same again after a while. */
type Step = "settled" | "direct" | "again";

/** Between two looks whether a receiver is back. */
const LONGEST_MS = 30_000;
const AGAIN = { firstMs: HUB.againFirstMs, maxMs: HUB.againMaxMs };

export class Lane {
  readonly #to: string;
  readonly #ways: LaneWays;
  readonly #onSettled: (bytes: number) => void;
  readonly #items: Item[] = [];
  readonly #pause: Pause;
  #isRunning = false;
  #isClosed = false;

  /** @param on called after each message, when it is not under way any more */
  constructor(to: string, ways: LaneWays, on: { readonly onSettled: (bytes: number) => void }) {
    this.#to = to;
    this.#ways = ways;
    this.#onSettled = on.onSettled;
    this.#pause = new Pause(ways.time.clock);
  }

  /** Messages under way. */
  get size(): number {
    return this.#items.length;
  }

  /** Takes a message. Whoever calls has looked whether there is room. */
  push(item: Item): void {
    invariant(this.#items.length < HUB.laneMax, "a lane takes no more than it may");
    this.#items.push(item);
    if (!this.#isRunning) void this.#run();
  }

  /** Something is known of the receiver: what waits is tried now. */
  wake(): void {
    this.#pause.wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#pause.wake();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let item = this.#items[0]; item !== undefined && !this.#isClosed; item = this.#items[0]) {
      try {
        await item.ready;
        await this.#settle(item.post);
      } catch (error) {
        this.#ways.onDefect(error);
        this.#report(item.post, { fate: "failed", attempts: 0, reason: "the peer failed; see its log" });
      }
      this.#items.shift();
      this.#onSettled(item.bytes);
    }
    this.#isRunning = false;
  }

  async #settle(post: Post): Promise<void> {
    const { time } = this.#ways;
    const about = { attempts: 0 };
    for (let round = 0; !this.#isClosed; round += 1) {
      if (isExpired(post, time.nowMs())) return this.#report(post, { fate: "expired", attempts: about.attempts });
      const step = (await this.#viaMail(post)) ?? "direct";
      if (step === "settled") return;
      if (step === "direct" && (await this.#direct(post, about)) === "settled") return;
      await this.#pause.wait(Math.min(backoffMs(AGAIN, round, time.random()), this.#leftMs(post)));
    }
  }

  /** Of the time in which somebody may get it. */
  #leftMs({ expiresAt }: Post): number {
    return expiresAt === undefined ? LONGEST_MS : Math.max(0, expiresAt - this.#ways.time.nowMs());
  }

  /** Undefined: it need not be written down. */
  async #viaMail(post: Post): Promise<Step | undefined> {
    const from = post.source.clientId;
    const isBehind = this.#ways.holds(from, this.#to);
    const isAway = !this.#ways.isThere(this.#to);
    if (!isBehind && !isAway && !isDurable(post)) return undefined;
    const kept = await this.#kept(post, isBehind || isDurable(post));
    switch (kept) {
      case "back":
        return "direct";
      case "expired":
        return "again";
      case "kept":
      case "known":
        this.#report(post, { fate: "queued" });
        return "settled";
      case "unavailable":
        // It must not overtake, and cannot reach who is away; but who is there is not kept waiting for the house to agree.
        return isBehind || isAway ? "again" : "direct";
      case "unknown":
      case "too-large":
      case "full":
        if (!isBehind && !isAway) return "direct";
        this.#report(post, { fate: "failed", attempts: 0, reason: WHY_NOT_KEPT[kept] });
        return "settled";
    }
  }

  /**
   * What becomes of writing it down. A house that cannot agree may take long to say so: who comes `back` meanwhile is not kept waiting
   * for that, unless it `must` be written first; nor is a sender whose message has `expired`.
   */
  async #kept(post: Post, must: boolean): Promise<Kept | "unknown" | "back" | "expired"> {
    const { time } = this.#ways;
    const keeping = this.#ways.keep(post, this.#to);
    for (;;) {
      const pausing = this.#pause.wait(Math.min(LONGEST_MS, this.#leftMs(post)));
      const kept = await Promise.race([keeping, pausing]);
      this.#pause.wake();
      await pausing;
      if (kept !== undefined) return kept;
      const isLate = isExpired(post, time.nowMs());
      const isBack = !must && this.#ways.isThere(this.#to);
      if (!isLate && !isBack && !this.#isClosed) continue;
      void keeping
        .then((late) => (late === "kept" && !this.#isClosed ? this.#ways.retract(post, this.#to) : undefined))
        .catch((error: unknown) => this.#ways.onDefect(error));
      return isBack && !isLate ? "back" : "expired";
    }
  }

  async #direct(post: Post, about: { attempts: number }): Promise<"settled" | "again"> {
    const tried = await this.#ways.give(post, this.#to);
    if (this.#isClosed) return "settled";
    switch (tried.outcome) {
      case "delivered":
        this.#report(post, { fate: "delivered", attempts: about.attempts + 1 });
        return "settled";
      case "refused":
        this.#report(post, { fate: "failed", attempts: about.attempts + 1, reason: tried.reason });
        return "settled";
      case "unanswered":
        about.attempts += 1;
        if (about.attempts < HUB.triesMax) return "again";
        this.#report(post, { fate: "failed", attempts: about.attempts, reason: UNACKNOWLEDGED });
        return "settled";
      case "gone":
      case "busy":
        return "again";
    }
  }

  #report(post: Post, fate: Fate): void {
    this.#ways.report(post, this.#to, fate);
  }
}

export const UNACKNOWLEDGED = "the receiver did not acknowledge it";

const WHY_NOT_KEPT = {
  unknown: "the receiver is away, and nobody knows any more whose client it is",
  "too-large": `the receiver is away, and a message that waits may have at most ${HUB.mailBytes} bytes`,
  full: "the receiver is away, and as many messages wait as may",
} as const;
