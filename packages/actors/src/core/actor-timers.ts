/** The timers of one life of an actor. */
import { ActorError } from "../errors.ts";
import type { Timers } from "./behavior.ts";
import { Envelope } from "./envelope.ts";
import type { Clock, Timer } from "./ports.ts";

/** A timer's message. There is one per timer: it waits in the mailbox at most once. */
class Tick extends Envelope {
  readonly #message: unknown;
  readonly #delivered: () => void;
  timer: Timer | undefined = undefined;
  isQueued = false;
  isCancelled = false;

  constructor(message: unknown, delivered: () => void) {
    super(true);
    this.#message = message;
    this.#delivered = delivered;
  }

  override open(): unknown {
    this.isQueued = false;
    this.#delivered();
    return this.#message;
  }

  override isWanted(): boolean {
    return !this.isCancelled;
  }
}

export class ActorTimers<Message> implements Timers<Message> {
  readonly #clock: Clock;
  readonly #send: (tick: Envelope) => void;
  readonly #ticks = new Map<string, Tick>();

  constructor(clock: Clock, send: (tick: Envelope) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  once(key: string, delayMs: number, message: Message): void {
    mustBeTime(delayMs, 0);
    const tick = this.#replace(key, message, () => this.#ticks.delete(key));
    tick.timer = this.#clock.after(delayMs, () => this.#fire(tick));
  }

  every(key: string, periodMs: number, message: Message): void {
    mustBeTime(periodMs, 1);
    const tick = this.#replace(key, message, () => undefined);
    this.#repeat(tick, periodMs, this.#clock.nowMs() + periodMs);
  }

  cancel(key: string): void {
    const tick = this.#ticks.get(key);
    if (tick === undefined) return;
    tick.isCancelled = true;
    tick.timer?.cancel();
    this.#ticks.delete(key);
  }

  isActive(key: string): boolean {
    return this.#ticks.has(key);
  }

  cancelAll(): void {
    for (const key of this.#ticks.keys()) this.cancel(key);
  }

  #replace(key: string, message: Message, delivered: () => void): Tick {
    this.cancel(key);
    const tick = new Tick(message, delivered);
    this.#ticks.set(key, tick);
    return tick;
  }

  /** Keeps to the beat it began with; beats that passed while the process stood still are left out. */
  #repeat(tick: Tick, periodMs: number, dueMs: number): void {
    tick.timer = this.#clock.after(Math.max(0, dueMs - this.#clock.nowMs()), () => {
      this.#fire(tick);
      const behind = Math.floor((this.#clock.nowMs() - dueMs) / periodMs);
      this.#repeat(tick, periodMs, dueMs + (Math.max(0, behind) + 1) * periodMs);
    });
  }

  #fire(tick: Tick): void {
    if (tick.isQueued || tick.isCancelled) return;
    tick.isQueued = true;
    this.#send(tick);
  }
}

function mustBeTime(ms: number, leastMs: number): void {
  if (ms >= leastMs && ms < Infinity) return;
  throw new ActorError("bad-option", `a timer needs at least ${leastMs} ms, not ${ms}`);
}
