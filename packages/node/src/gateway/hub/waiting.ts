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

interface Due {
  readonly messageId: string;
  readonly to: string;
  readonly atMs: number;
}

/** Peers do not look all at once for what was left. */
const LEFT_MS = 1_000;

export class Waiting {
  readonly #options: WaitingOptions;
  /** What was written down from here and ends some time; by message and receiver. Peers that have it from others look from time to time. */
  readonly #due = new Map<string, Due>();
  #dueTimer: { readonly timer: Timer; readonly atMs: number } | undefined;
  #timer: Timer;
  #leftTimer: Timer | undefined;
  #isClosed = false;

  constructor(options: WaitingOptions) {
    this.#options = options;
    this.#timer = options.time.clock.after(HUB.sweepMs, () => this.#sweep());
  }

  /** A message waits from now on. */
  added({ messageId, expiresAt }: Post, to: string): void {
    if (expiresAt === undefined || this.#due.size >= HUB.mailTotalMax) return;
    this.#due.set(`${messageId} ${to}`, { messageId, to, atMs: expiresAt });
    this.#wait(expiresAt);
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
    this.#dueTimer?.timer.cancel();
  }

  /** One timer for all: it goes off for the first. */
  #wait(atMs: number): void {
    if (this.#isClosed || (this.#dueTimer !== undefined && this.#dueTimer.atMs <= atMs)) return;
    const { time, onDefect } = this.#options;
    this.#dueTimer?.timer.cancel();
    // A clock that was set meanwhile is noticed after a while.
    const waitMs = Math.min(HUB.sweepMs, Math.max(0, atMs - time.nowMs()));
    const timer = time.clock.after(waitMs, () => {
      this.#dueTimer = undefined;
      this.#endDue().catch(onDefect);
    });
    this.#dueTimer = { timer, atMs };
  }

  async #endDue(): Promise<void> {
    const { mail, time } = this.#options;
    const letters: Letter[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [key, { atMs, to, ...about }] of this.#due) {
      if (atMs > time.nowMs()) {
        next = Math.min(next, atMs);
        continue;
      }
      this.#due.delete(key);
      const letter = mail.find(about, to);
      if (letter !== undefined) letters.push(letter);
    }
    if (Number.isFinite(next)) this.#wait(next);
    await this.#end(letters);
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
