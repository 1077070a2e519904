/**
 * How a client gets to a peer and, when it loses it, to another: a pure state machine. What happened comes in, what is to be done
 * comes out; time, chance and sockets are somebody else's.
 *
 *     resting -> seeking -> up -> seeking -> … -> over
 *                  ^  |
 *                  |  v
 *                 waiting
 *
 * Peers are tried one a little after the other (RFC 8305 does so with addresses), so that a silent one holds nobody up. Only one at a
 * time is told who this client is: to be registered twice would split what is sent to it.
 */
import type { AddressBook, Ending } from "./address-book.ts";

/** What is to be done. */
export type SeekerEffect =
  /** Open a socket; tell `opened` or `failed`. */
  | { readonly do: "open"; readonly url: string }
  /** Say who we are on the open socket; tell `welcomed` or `failed`. */
  | { readonly do: "register"; readonly url: string }
  /** Close the socket; nothing is told. */
  | { readonly do: "drop"; readonly url: string }
  /** Call `timer` after so long; there is one timer, which this sets anew. */
  | { readonly do: "set-timer"; readonly ms: number }
  | { readonly do: "clear-timer" }
  /** This is the connection now. */
  | { readonly do: "up"; readonly url: string }
  /** Nobody was there; the next round begins after so long. */
  | { readonly do: "wait"; readonly ms: number; readonly round: number }
  /** Nothing is tried any more: `failures` of the last round, by address. */
  | { readonly do: "give-up"; readonly failures: ReadonlyMap<string, Failed> };

/** Why a peer could not be used. */
export interface Failed {
  /** `refused`: it is there, and does not let this client in. */
  readonly kind: "refused" | "unreachable";
  readonly error: unknown;
}

/** Numbers that the machine keeps to. */
export interface SeekerOptions {
  /** Between one peer and the next within a round. */
  readonly staggerMs: number;
  /** After the first round in vain; twice as long each time. */
  readonly firstPauseMs: number;
  /** Asked before each pause. */
  readonly mostPauseMs: () => number;
  /** A connection that lasted less counts as a round in vain. */
  readonly stableMs: number;
  /** Whether rounds follow one another until somebody is there; otherwise one is all. */
  readonly again: boolean;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/** Rounds in a row in which somebody refused and nobody accepted: a token that was taken back stays so. */
const ROUNDS_REFUSED = 2;

type Phase = "resting" | "seeking" | "waiting" | "up" | "over";

export class Seeker {
  readonly #options: SeekerOptions;
  readonly #book: AddressBook;
  #phase: Phase = "resting";
  /** Not yet tried in this round. */
  #queue: string[] = [];
  readonly #opening = new Set<string>();
  /** Open, and waiting for their turn. */
  #open: string[] = [];
  /** Being told who we are; or, when up, the connection. */
  #chosen: string | undefined;
  /** In vain, in a row. */
  #rounds = 0;
  #refusedRounds = 0;
  #failures = new Map<string, Failed>();
  /** More addresses may come: a round with nobody in it is not over. */
  #searching = false;
  #again: boolean;
  #effects: SeekerEffect[] = [];

  constructor(book: AddressBook, options: SeekerOptions) {
    this.#book = book;
    this.#options = options;
    this.#again = options.again;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Begins. @param searching more addresses may be `found` until `searched` */
  start(searching = false): readonly SeekerEffect[] {
    if (this.#phase !== "resting") return [];
    this.#searching = searching;
    this.#seek();
    return this.#done();
  }

  /** From now on rounds follow one another (or do not). */
  goOn(again: boolean): void {
    this.#again = again;
  }

  opened(url: string): readonly SeekerEffect[] {
    if (!this.#opening.delete(url)) return [];
    this.#open.push(url);
    this.#proceed();
    return this.#done();
  }

  failed(url: string, failed: Failed): readonly SeekerEffect[] {
    const isOurs = this.#opening.delete(url) || this.#open.includes(url) || this.#chosen === url;
    if (this.#phase !== "seeking" || !isOurs) return [];
    this.#open = this.#open.filter((each) => each !== url);
    if (this.#chosen === url) this.#chosen = undefined;
    this.#failures.set(url, failed);
    this.#book.failed(url);
    this.#proceed();
    return this.#done();
  }

  welcomed(url: string): readonly SeekerEffect[] {
    if (this.#phase !== "seeking" || this.#chosen !== url) return [];
    this.#phase = "up";
    this.#refusedRounds = 0;
    this.#dropOthers();
    this.#book.welcomed(url);
    this.#effects.push({ do: "clear-timer" }, { do: "up", url });
    return this.#done();
  }

  /** The connection has ended. @param lastedMs since it was `up` */
  lost(url: string, ending: Ending, lastedMs: number): readonly SeekerEffect[] {
    if (this.#phase !== "up" || this.#chosen !== url) return [];
    this.#chosen = undefined;
    if (lastedMs >= this.#options.stableMs) this.#rounds = 0;
    const pauseMs = this.#pauseMs();
    // One that lets in and throws out is no better than one that is silent.
    this.#book.ended(url, this.#rounds > 0 ? "silent" : ending);
    if (lastedMs < this.#options.stableMs) this.#rounds += 1;
    if (!this.#again) this.#giveUp();
    else if (pauseMs > 0) this.#wait(pauseMs);
    else this.#seek();
    return this.#done();
  }

  timer(): readonly SeekerEffect[] {
    if (this.#phase === "waiting") this.#seek();
    else if (this.#phase === "seeking" && this.#chosen === undefined) this.#openNext();
    return this.#done();
  }

  /** An address that was found just now. */
  found(url: string): readonly SeekerEffect[] {
    if (!this.#book.add(url)) return [];
    if (this.#phase === "waiting") this.#seek();
    else if (this.#phase === "seeking") {
      this.#queue.push(url);
      if (this.#opening.size === 0 && this.#chosen === undefined) this.#openNext();
    }
    return this.#done();
  }

  /** No more addresses will be `found`. */
  searched(): readonly SeekerEffect[] {
    this.#searching = false;
    if (this.#phase === "seeking") this.#proceed();
    return this.#done();
  }

  /** There is a reason to believe that it would work now, such as a network that is back. */
  nudge(): readonly SeekerEffect[] {
    if (this.#phase === "waiting") this.#seek();
    return this.#done();
  }

  close(): readonly SeekerEffect[] {
    if (this.#phase === "over") return [];
    const chosen = this.#chosen;
    this.#phase = "over";
    this.#dropOthers();
    if (chosen !== undefined) this.#effects.push({ do: "drop", url: chosen });
    this.#effects.push({ do: "clear-timer" });
    return this.#done();
  }

  #seek(): void {
    this.#phase = "seeking";
    this.#failures = new Map();
    this.#queue = [...this.#book.order(this.#options.random)];
    this.#openNext();
    this.#proceed();
  }

  #openNext(): void {
    const url = this.#queue.shift();
    if (url === undefined) return;
    this.#opening.add(url);
    this.#effects.push({ do: "open", url });
    if (this.#queue.length > 0) this.#effects.push({ do: "set-timer", ms: this.#options.staggerMs });
  }

  /** What follows now that one more has opened or failed. */
  #proceed(): void {
    if (this.#phase !== "seeking" || this.#chosen !== undefined) return;
    const url = this.#open.shift();
    if (url !== undefined) {
      this.#chosen = url;
      this.#effects.push({ do: "register", url });
    } else if (this.#opening.size === 0 && this.#queue.length > 0) this.#openNext();
    else if (this.#opening.size === 0 && !this.#searching) this.#inVain();
    // Somebody was registering while the time of the next came.
    else if (this.#queue.length > 0) this.#effects.push({ do: "set-timer", ms: this.#options.staggerMs });
  }

  #inVain(): void {
    const isRefused = [...this.#failures.values()].some(({ kind }) => kind === "refused");
    this.#refusedRounds = isRefused ? this.#refusedRounds + 1 : 0;
    if (!this.#again || this.#refusedRounds >= ROUNDS_REFUSED) return this.#giveUp();
    this.#rounds += 1;
    this.#wait(this.#pauseMs());
  }

  #wait(ms: number): void {
    this.#phase = "waiting";
    this.#effects.push({ do: "set-timer", ms }, { do: "wait", ms, round: this.#rounds });
  }

  /** None before the first round in vain; then between half and all of what doubles each time. */
  #pauseMs(): number {
    if (this.#rounds === 0) return 0;
    const { firstPauseMs, mostPauseMs, random } = this.#options;
    const whole = Math.min(mostPauseMs(), firstPauseMs * 2 ** Math.min(30, this.#rounds - 1));
    return whole * (0.5 + random() / 2);
  }

  #giveUp(): void {
    this.#phase = "over";
    this.#effects.push({ do: "clear-timer" }, { do: "give-up", failures: this.#failures });
  }

  #dropOthers(): void {
    for (const url of [...this.#opening, ...this.#open]) this.#effects.push({ do: "drop", url });
    this.#opening.clear();
    this.#open = [];
    this.#queue = [];
  }

  #done(): readonly SeekerEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}
