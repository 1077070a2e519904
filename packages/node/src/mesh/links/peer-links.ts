/** The link with one peer: carries out what the machine decides. */
import type { Logger } from "pino";
import type { PeerError } from "../../errors.ts";
import { withoutCorrelation } from "../../log.ts";
import { refusedBy } from "../host/dial-any.ts";
import { isShutOut, type MeshConnection } from "../host/connection.ts";
import type { MeshHost } from "../host/mesh-host.ts";
import { AddressBook, toldBy } from "./address-book.ts";
import { DialAttempt, type Wires } from "./dial-attempt.ts";
import type { Hello } from "./greeting.ts";
import type { LinkLimits } from "./limits.ts";
import { LiveLink, type Link, type LinkEvent } from "./link.ts";
import { LinkMachine, type LinkChange, type LinkEffect, type LinkFacts, type Offer } from "./machine.ts";
import type { WholeOffer } from "./offers.ts";
import { TwinWatch } from "./twin.ts";

/** How it stands with one peer; for `parley status`. */
export interface PeerLinkStatus {
  readonly peer: string;
  readonly state: "up" | "dialling" | "waiting";
  readonly roundTripMs: number | undefined;
  /** The best first. */
  readonly addresses: readonly string[];
  /** Why there was none the last time. */
  readonly lastError: string | undefined;
  /** Where another process with that peer's identity tries to take its place. */
  readonly twinAt?: string | undefined;
  /** That peer has a link with another process of this one's identity, and wants none with this. */
  readonly hasOwnTwin?: boolean;
  /** It is there, and takes this peer for no member. */
  readonly isShutOut: boolean;
}

export interface PeerLinksOptions {
  readonly peer: string;
  readonly host: MeshHost;
  readonly log: Logger;
  readonly random: () => number;
  readonly limits: LinkLimits;
  /** A new link's, without what this peer adds. */
  readonly hello: () => Omit<Hello, "kind" | "lost">;
  readonly emit: (event: LinkEvent) => void;
}

export class PeerLinks {
  readonly #options: PeerLinksOptions;
  readonly #machine: LinkMachine;
  readonly #book = new AddressBook();
  readonly #offers = new Map<string, WholeOffer>();
  #link: LiveLink | undefined;
  #attempt: DialAttempt | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Where the other side of the link listens, as far as that is certain. */
  #linkedAt: string | undefined;
  /** The same of a link that was closed, while nothing has told since whether the process behind it lives. */
  #bereavedAt: string | undefined;
  #lastError: PeerError | undefined;
  readonly #twin = new TwinWatch();
  readonly #ownTwin = new TwinWatch();
  #isClosed = false;

  constructor(options: PeerLinksOptions) {
    this.#options = options;
    const isLower = options.host.peerId < options.peer;
    this.#machine = new LinkMachine({
      isLower,
      pace: options.limits,
      random: options.random,
      nowMs: performance.now(),
    });
    withoutCorrelation(() => this.#schedule());
  }

  get link(): Link | undefined {
    return this.#link;
  }

  learn(addresses: readonly string[]): void {
    this.#book.learn(addresses);
    if (addresses.length > 0) this.#on({ type: "nudged" });
  }

  /** An offer of the other side is whole. */
  offered(whole: WholeOffer): void {
    const { hello } = whole;
    const offer: Offer = { id: hello.link, incarnation: hello.incarnation, lost: hello.lost };
    this.#offers.set(offer.id, whole);
    this.#on({ type: "offer", offer });
  }

  reset(why: string): void {
    this.#link?.giveUp(why);
  }

  beat(nowMs: number, lateMs: number): void {
    this.#link?.beat(nowMs, lateMs, this.#options.limits);
  }

  status(): PeerLinkStatus {
    const state = this.#link !== undefined ? "up" : this.#attempt === undefined ? "waiting" : "dialling";
    const { peer } = this.#options;
    const addresses = this.#book.candidates();
    const lastError = this.#lastError?.message;
    const roundTripMs = this.#link?.roundTripMs;
    const nowMs = performance.now();
    const twinAt = this.#twin.certain(nowMs);
    const hasOwnTwin = this.#ownTwin.certain(nowMs) !== undefined;
    const shut = isShutOut(this.#lastError);
    return { peer, state, addresses, roundTripMs, lastError, isShutOut: shut, twinAt, hasOwnTwin };
  }

  close(why: string): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#attempt?.cancel();
    this.#link?.giveUp(why);
  }

  #on(change: LinkChange): void {
    if (this.#isClosed) return;
    const effects = this.#machine.on(change, performance.now());
    // A link outlives whatever has nudged it.
    withoutCorrelation(() => {
      for (const effect of effects) this.#carryOut(effect);
      this.#schedule();
    });
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { dueMs } = this.#machine;
    if (dueMs === undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => this.#on({ type: "tick" }), Math.max(0, dueMs - performance.now()));
  }

  #carryOut(effect: LinkEffect): void {
    switch (effect.type) {
      case "dial":
        return this.#dial(effect.attempt, effect.lost);
      case "cancel":
        this.#attempt?.cancel();
        this.#attempt = undefined;
        return;
      case "drop":
        // Told as lost before the next one is told as up; the machine knows already.
        if (this.#link?.id === effect.id) this.#link.giveUp("another one took its place");
        return;
      case "take":
        return this.#take(effect.offer);
      case "decline":
        return this.#decline(effect.offer, effect.isTwin);
    }
  }

  #dial(number: number, lost: string | undefined): void {
    const { host, peer, limits } = this.#options;
    const hello = { ...this.#options.hello(), ...(lost === undefined ? {} : { lost }) };
    const addresses = this.#book.candidates();
    this.#attempt = new DialAttempt(
      { host, peer, addresses, hello, timeoutMs: limits.attemptTimeoutMs },
      {
        offered: () => this.#on({ type: "offered", attempt: number }),
        welcomed: (wires, welcome) => {
          this.#attempt = undefined;
          const link = { id: hello.link, incarnation: welcome.incarnation };
          this.#on({ type: "welcomed", attempt: number, link });
          this.#up(link, wires, welcome.addresses);
        },
        failed: (error, why) => {
          this.#attempt = undefined;
          this.#failed(error);
          if (why === "twin") this.#ownTwin.turnedAway(host.peerId, performance.now());
          this.#on({ type: "failed", attempt: number, declined: why === "declined" });
        },
      },
    );
  }

  #failed(error: PeerError): void {
    const { peer, emit, log } = this.#options;
    if (this.#lastError?.message !== error.message) log.debug({ remote: peer, err: error }, "no link came about");
    this.#lastError = error;
    // Only this one proves something: elsewhere may be an earlier life of the peer, or somebody else.
    if (this.#bereavedAt === undefined || !refusedBy(error).includes(this.#bereavedAt)) return;
    this.#bereavedAt = undefined;
    emit({ type: "refused", peer });
  }

  #take(offer: Offer): void {
    const whole = this.#offers.get(offer.id);
    this.#offers.delete(offer.id);
    if (whole === undefined) return;
    const { incarnation, addresses } = this.#options.hello();
    for (const wire of [whole.wires.prompt, whole.wires.bulk]) wire.greet({ say: "welcome", incarnation, addresses });
    this.#up(offer, whole.wires, whole.hello.addresses);
  }

  #decline(offer: Offer, isTwin: boolean): void {
    const whole = this.#offers.get(offer.id);
    this.#offers.delete(offer.id);
    if (isTwin && whole !== undefined) {
      this.#twin.turnedAway(whole.wires.prompt.connection.remoteAddress, performance.now());
    }
    const reason = isTwin ? "another process of the same identity has a link" : "another link takes precedence";
    for (const wire of whole === undefined ? [] : [whole.wires.prompt, whole.wires.bulk]) {
      wire.greet({ say: "decline", reason, ...(isTwin ? { isTwin } : {}) });
      wire.end();
    }
  }

  #up(facts: LinkFacts, wires: Wires, told: readonly string[]): void {
    const { peer, host, log, emit, limits } = this.#options;
    const dialledHere = wires.prompt.connection.direction === "outbound";
    this.#linkedAt = this.#heardOf(told, wires.prompt.connection);
    const link = new LiveLink(peer, facts, wires, dialledHere, (ended, error, closed) =>
      this.#down(ended, error, closed),
    );
    this.#link = link;
    this.#bereavedAt = undefined;
    this.#lastError = undefined;
    this.#twin.settled();
    this.#ownTwin.settled();
    log.info({ remote: peer, link: link.id, dialledHere }, "link up");
    host.gossipOver(link.prompt, AbortSignal.timeout(limits.attemptTimeoutMs)).catch((error: unknown) => {
      log.debug({ remote: peer, err: error }, "no gossip over this link");
    });
    emit({ type: "up", link });
    link.beat(performance.now(), 0, limits);
  }

  #down(link: LiveLink, error: PeerError, closed: boolean): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#bereavedAt = closed ? this.#linkedAt : undefined;
    this.#lastError = error;
    const { peer, log, emit } = this.#options;
    log.info({ remote: peer, link: link.id, why: error.message }, "link down");
    emit({ type: "down", link, error });
    this.#on({ type: "lost", id: link.id, closed });
  }

  /** Where it says that it is, and where it surely listens. */
  #heardOf(addresses: readonly string[], { direction, remoteAddress }: MeshConnection): string | undefined {
    const told = toldBy(addresses, remoteAddress);
    this.#book.learn(told);
    const [asSeen] = told;
    const at = direction === "outbound" ? remoteAddress : addresses.find((address) => address === asSeen);
    if (at !== undefined) this.#book.worked(at);
    return at;
  }
}
