/** Takes away mail whose time is over, and what was left by accounts that there are no more; tells senders of it. */
import type { Timer } from "@parley/actors";
import type { Ids } from "./ids.ts";
import type { Known } from "./known.ts";
import { isOverdue, type Letter, type Mail } from "./mail.ts";
import type { Fate, Post } from "./post.ts";
import { HUB, type HubTime } from "./times.ts";

export interface WaitingOptions {
  readonly mail: Mail;
  readonly ids: Ids;
  readonly known: Known;
  readonly time: HubTime;
  /** Told once for each letter, by whoever has taken it away. */
  readonly report: (letter: Letter, fate: Fate) => void;
  /** Something threw that does not throw. */
  readonly onDefect: (error: unknown) => void;
}

/** Peers do not look all at once for what was left. */
const LEFT_MS = 1_000;

export class Waiting {
  readonly #options: WaitingOptions;
  /** What was written down from here and ends some time; by message and receiver. Peers that have it from others look from time to time. */
  readonly #due = new Map<string, Timer>();
  #timer: Timer;
  #leftTimer: Timer | undefined;
  #isClosed = false;

  constructor(options: WaitingOptions) {
    this.#options = options;
    this.#timer = options.time.clock.after(HUB.sweepMs, () => this.#sweep());
  }

  /** A message waits from now on. */
  added(post: Post, to: string): void {
    const { time, onDefect } = this.#options;
    const key = `${post.messageId} ${to}`;
    if (post.expiresAt === undefined || this.#due.size >= HUB.mailTotalMax || this.#due.has(key)) return;
    const waitMs = post.expiresAt - time.nowMs();
    if (waitMs > HUB.mailKeptMs) return;
    const timer = time.clock.after(Math.max(0, waitMs), () => {
      this.#due.delete(key);
      const letter = this.#options.mail.find(post, to);
      if (letter !== undefined) this.#end([letter]).catch(onDefect);
    });
    this.#due.set(key, timer);
  }

  /** Accounts have changed. */
  accountsChanged(): void {
    const { time, onDefect } = this.#options;
    this.#leftTimer ??= time.clock.after(LEFT_MS * time.random(), () => {
      this.#leftTimer = undefined;
      this.#clear().catch(onDefect);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer.cancel();
    this.#leftTimer?.cancel();
    for (const timer of this.#due.values()) timer.cancel();
  }

  #sweep(): void {
    const { time, mail, onDefect } = this.#options;
    const swept = this.#end(mail.all()).then(() => this.#clear());
    void swept.catch(onDefect).finally(() => {
      if (!this.#isClosed) this.#timer = time.clock.after(HUB.sweepMs * (0.5 + time.random()), () => this.#sweep());
    });
  }

  /** Those whose time is over. */
  async #end(letters: readonly Letter[]): Promise<void> {
    const { mail, time, report } = this.#options;
    for (const letter of letters) {
      if (this.#isClosed || !isOverdue(letter, time.nowMs())) continue;
      if ((await mail.take(letter)) === "taken") report(letter, { fate: "expired", attempts: 0 });
    }
  }

  /** What is for accounts that there are no more. */
  async #clear(): Promise<void> {
    const { mail, ids, known, report } = this.#options;
    for (const letter of mail.all()) {
      if (this.#isClosed || !known.isGone(letter.account) || (await mail.take(letter)) !== "taken") continue;
      report(letter, { fate: "failed", attempts: 0, reason: "the receiver is no client of the house any more" });
    }
    for (const { clientId, account } of ids.all()) {
      if (!this.#isClosed && known.isGone(account)) await ids.forget(clientId);
    }
  }
}
