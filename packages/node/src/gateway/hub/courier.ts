/** Brings a client that is connected here what waits for it in the house's mail, in order, and takes it away there. */
import { backoffMs } from "../../services/backoff.ts";
import { UNACKNOWLEDGED } from "./lane.ts";
import { isOverdue, type Letter, type Mail } from "./mail.ts";
import type { Fate, Try } from "./post.ts";
import { HUB, Pause, type HubTime } from "./times.ts";

export interface CourierOptions {
  readonly clientId: string;
  /** Whether a letter is for the account of this client. */
  readonly isFor: (letter: Letter) => boolean;
  readonly mail: Mail;
  readonly time: HubTime;
  /** Whether the client's newest seat is the one that this courier serves. */
  readonly isNewest: () => boolean;
  readonly give: (letter: Letter) => Promise<Try>;
  /** Told once for each letter, by whoever has taken it away. */
  readonly report: (letter: Letter, fate: Fate) => void;
  /** Something threw that does not throw. */
  readonly onDefect: (error: unknown) => void;
}

const AGAIN = { firstMs: HUB.againFirstMs, maxMs: HUB.againMaxMs };
/** A letter that could not be taken away is tried again so often. */
const UNTAKEN_MS = 1_000;

export class Courier {
  readonly #options: CourierOptions;
  readonly #pause: Pause;
  /** What was settled here, and could not be taken away yet. */
  readonly #untaken = new Map<string, Fate>();
  #isAsked = false;
  #isRunning = false;
  #isClosed = false;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#pause = new Pause(options.time.clock);
  }

  /** There may be mail. Never rejects. */
  look(): void {
    this.#isAsked = true;
    this.#pause.wake();
    if (!this.#isRunning) void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    this.#pause.wake();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isAsked && !this.#isClosed) {
      this.#isAsked = false;
      try {
        await this.#round();
      } catch (error) {
        this.#options.onDefect(error);
      }
    }
    this.#isRunning = false;
  }

  async #round(): Promise<void> {
    for (const letter of this.#options.mail.waiting(this.#options.clientId)) {
      if (this.#isClosed || !this.#options.isNewest()) return;
      if (!this.#options.isFor(letter)) continue;
      await this.#bring(letter);
    }
    if (this.#untaken.size === 0 || this.#isClosed) return;
    await this.#pause.wait(UNTAKEN_MS);
    this.#isAsked = true;
  }

  /** One letter, until it is settled or the client is gone. */
  async #bring(letter: Letter): Promise<void> {
    const fate = this.#untaken.get(letter.key) ?? (await this.#deliver(letter));
    if (fate === undefined) return;
    const taken = await this.#options.mail.take(letter);
    if (taken === "unavailable") {
      this.#untaken.set(letter.key, fate);
      return;
    }
    this.#untaken.delete(letter.key);
    if (taken === "taken") this.#options.report(letter, fate);
  }

  async #deliver(letter: Letter): Promise<Fate | undefined> {
    const { time, give, isNewest } = this.#options;
    for (let attempts = 1, round = 0; !this.#isClosed; round += 1) {
      if (isOverdue(letter, time.nowMs())) return { fate: "expired", attempts: attempts - 1 };
      const tried = await give(letter);
      if (tried.outcome === "delivered") return { fate: "delivered", attempts };
      if (tried.outcome === "refused") return { fate: "failed", attempts, reason: tried.reason };
      if (tried.outcome === "gone" || !isNewest()) return undefined;
      if (tried.outcome === "unanswered") {
        if (attempts >= HUB.triesMax) return { fate: "failed", attempts, reason: UNACKNOWLEDGED };
        attempts += 1;
      }
      await this.#pause.wait(backoffMs(AGAIN, round, time.random()));
    }
    return undefined;
  }
}
