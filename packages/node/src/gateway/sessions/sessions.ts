/** The sessions of a peer's clients: how far each is, since when, and why it ended. */
import { systemClock, type Clock, type Timer } from "@parley/actors";
import { SESSION_TIMEOUT_MS, type SessionState } from "@parley/sdk";
import { FIRST_STATE, nextState, type SessionEvent } from "./machine.ts";

/** Who says nothing for so long is idle. */
export const PAUSED_AFTER_MS = 300_000;
/** Sessions that have ended and are still shown. */
const ENDED_KEPT = 256;

/** A session, for people and programs. Times are milliseconds since 1970. */
export interface SessionReport {
  readonly sessionId: string;
  /** Undefined until it is known. */
  readonly clientId: string | undefined;
  readonly clientType: string | undefined;
  readonly state: SessionState;
  /** When it entered each state last. */
  readonly since: Readonly<Partial<Record<SessionState, number>>>;
  readonly lastSaidMs: number;
  /** Why it ended. */
  readonly reason: string | undefined;
}

export interface SessionTime {
  readonly clock: Clock;
  /** The clock of the wall. */
  readonly nowMs: () => number;
}

/** One client's connection to its session, from its first moment to its end. */
export class ClientSession {
  #sessionId: string = crypto.randomUUID();
  readonly #time: SessionTime;
  readonly #onExpired: () => void;
  readonly #onEnded: () => void;
  #state: SessionState = FIRST_STATE;
  #since: Partial<Record<SessionState, number>>;
  #who: { readonly clientId: string; readonly clientType: string } | undefined;
  #reason: string | undefined;
  #lastSaidMs: number;
  /** By the clock of timers, which no one sets. */
  #saidAtMs: number;
  #timer: Timer | undefined;

  constructor(time: SessionTime, on: { readonly expired: () => void; readonly ended: () => void }) {
    this.#time = time;
    this.#onExpired = on.expired;
    this.#onEnded = on.ended;
    this.#lastSaidMs = time.nowMs();
    this.#saidAtMs = time.clock.nowMs();
    this.#since = { [FIRST_STATE]: this.#lastSaidMs };
    this.#watch(PAUSED_AFTER_MS);
  }

  /** Of the session that it goes on with; until it is known whose it is, one that nothing is said under. */
  get sessionId(): string {
    return this.#sessionId;
  }

  get state(): SessionState {
    return this.#state;
  }

  get report(): SessionReport {
    return {
      sessionId: this.sessionId,
      clientId: this.#who?.clientId,
      clientType: this.#who?.clientType,
      state: this.#state,
      since: { ...this.#since },
      lastSaidMs: this.#lastSaidMs,
      reason: this.#reason,
    };
  }

  /** It is known whose it is. */
  registered(who: { readonly clientId: string; readonly clientType: string; readonly sessionId: string }): void {
    this.#who = who;
    this.#sessionId = who.sessionId;
    this.#said();
    this.#step("registered");
  }

  /** It said something. */
  said(): void {
    this.#said();
    this.#step("said");
  }

  /** It said that nobody is at it. */
  rested(): void {
    this.#said();
    this.#step("rested");
  }

  closed(reason: string): void {
    this.#end("closed", reason);
  }

  #said(): void {
    this.#lastSaidMs = this.#time.nowMs();
    this.#saidAtMs = this.#time.clock.nowMs();
  }

  /** Looks at its silence from time to time: what is said sets no timer. */
  #watch(inMs: number): void {
    this.#timer = this.#time.clock.after(inMs, () => {
      const silentMs = this.#time.clock.nowMs() - this.#saidAtMs;
      if (silentMs >= SESSION_TIMEOUT_MS) {
        this.#end("expired", `it said nothing for ${SESSION_TIMEOUT_MS / 1000} s`);
        this.#onExpired();
        return;
      }
      if (silentMs >= PAUSED_AFTER_MS) this.#step("paused");
      this.#watch((silentMs < PAUSED_AFTER_MS ? PAUSED_AFTER_MS : SESSION_TIMEOUT_MS) - silentMs);
    });
  }

  #end(event: "closed" | "expired", reason: string): void {
    if (this.#state === "DISCONNECTED") return;
    this.#reason = reason;
    this.#timer?.cancel();
    this.#step(event);
    this.#onEnded();
  }

  #step(event: SessionEvent): void {
    const next = nextState(this.#state, event);
    if (next === undefined) return;
    this.#state = next;
    this.#since = { ...this.#since, [next]: this.#time.nowMs() };
  }
}

/** All of them. */
export class Sessions {
  readonly #time: SessionTime;
  readonly #open = new Set<ClientSession>();
  #ended: readonly SessionReport[] = [];

  constructor(time: SessionTime = { clock: systemClock(), nowMs: Date.now }) {
    this.#time = time;
  }

  /** Those that go on, then those that have ended, the latest first. */
  list(): readonly SessionReport[] {
    return [...[...this.#open].map(({ report }) => report), ...this.#ended];
  }

  /** Of a connection that was just made. @param onExpired called when it has said nothing for too long */
  open(onExpired: () => void): ClientSession {
    const session: ClientSession = new ClientSession(this.#time, {
      expired: onExpired,
      ended: () => {
        this.#open.delete(session);
        this.#ended = [session.report, ...this.#ended].slice(0, ENDED_KEPT);
      },
    });
    this.#open.add(session);
    return session;
  }
}
