/** What the peers of a house offer each other, as this peer knows it, and who of them does a job. No I/O: others tell it, and it tells others through a port. */
import type { Clock, Timer } from "@parley/actors";
import {
  Breakers,
  decide,
  Directory,
  isUnderstood,
  SentJobs,
  serviceKey,
  type Advert,
  type BreakerView,
  type Candidate,
  type Capability,
  type Decision,
  type Failure,
  type Load,
  type Policy,
  type RouteRequest,
} from "../../routing/index.ts";
import { LeftJobs, withoutJobs } from "./left-jobs.ts";
import type { EngineFacts, Offer } from "./offers.ts";
import { Silences } from "./silences.ts";

/** Changes of load are told this soon, and no more often. */
export const SPREAD_EVERY_MS = 250;
/** Several that come together are told together. */
const TOGETHER_MS = 10;
/** The way to a peer that was never measured, and how long it takes there until a job that is left has gone. */
const ROUND_TRIP_MS = 20;
const LEAVING_MS = 100;

export interface HouseOptions {
  /** This peer. */
  readonly self: string;
  readonly clock: Clock;
  /** What it offers now itself. */
  readonly own: () => readonly Offer[];
  /** Whether others are given that. */
  readonly isGiven: (capability: Capability) => boolean;
  /** To another peer; undefined: unknown. */
  readonly roundTripMs: (peer: string) => number | undefined;
  readonly policy: () => Policy;
  /** Spreads jobs over peers that are as good. */
  readonly random?: (() => number) | undefined;
}

/** Tells all others what this peer gives. */
export type Spread = () => void;

export class House {
  readonly self: string;
  readonly clock: Clock;
  /** How long others may give no sign of life. */
  readonly silences = new Silences();
  readonly #options: HouseOptions;
  readonly #directory = new Directory();
  readonly #facts = new Map<string, EngineFacts>();
  readonly #offers = new Map<string, readonly Offer[]>();
  readonly #sent = new SentJobs();
  readonly #left = new LeftJobs();
  /** When what each peer has said was true. */
  readonly #saidMs = new Map<string, number>();
  readonly #breakers = new Breakers();
  readonly #listeners = new Set<() => void>();
  #spread: Spread | undefined;
  #isWithdrawn = false;
  #timer: Timer | undefined;
  #spreadAtMs = -Infinity;

  constructor(options: HouseOptions) {
    this.#options = options;
    this.self = options.self;
    this.clock = options.clock;
    this.#takeOwn();
  }

  /** What others offer that this peer can talk to. */
  others(capability: Capability): readonly Offer[] {
    return [...this.#offers.values()].flat().filter(({ advert }) => this.#isOther(advert, capability));
  }

  hasOthers(capability: Capability): boolean {
    return this.#directory.of(capability).some(({ advert }) => this.#isOther(advert, capability));
  }

  /** All that is offered, by this peer too. */
  get offers(): readonly Offer[] {
    return [...this.#offers.values()].flat();
  }

  factsOf(advert: Advert): EngineFacts {
    return this.#facts.get(serviceKey(advert)) ?? {};
  }

  /** Who does it. */
  decide(request: RouteRequest): Decision {
    return this.#decide(request, this.policy, this.#options.random);
  }

  /** Who would do it, the best and nobody by chance; under another policy where one is given. */
  foresee(request: RouteRequest, policy: Policy = this.policy): Decision {
    return this.#decide(request, policy, undefined);
  }

  #decide(request: RouteRequest, policy: Policy, random: (() => number) | undefined): Decision {
    const { roundTripMs } = this.#options;
    const nowMs = this.clock.nowMs();
    return decide(request, {
      self: this.self,
      nowMs,
      services: this.#directory,
      roundTripMs,
      breaker: (peer, capability) => this.#breakers.view(peer, capability, nowMs),
      inFlight: (peer, capability) => this.#sent.unseen(peer, capability),
      policy,
      ...(random === undefined ? {} : { random }),
    });
  }

  get policy(): Policy {
    return this.#options.policy();
  }

  roundTripMs(peer: string): number | undefined {
    return peer === this.self ? 0 : this.#options.roundTripMs(peer);
  }

  /** Whether that peer is asked at all, after failures; undefined: nothing is known against it. */
  breaker(peer: string, capability: Capability): BreakerView | undefined {
    return this.#breakers.view(peer, capability, this.clock.nowMs());
  }

  /** A job is given to whoever was decided on; over, however it ended, once the result is called. `left`: this peer took it back. */
  began({ advert, expected, isHere }: Candidate): (how: "ended" | "left") => void {
    const { peer, capability } = advert;
    const nowMs = this.clock.nowMs();
    this.#breakers.began(peer, capability, nowMs);
    // This peer's own engine counts it itself.
    if (isHere) return () => undefined;
    const arrivesMs = nowMs + (this.roundTripMs(peer) ?? 0) / 2;
    const over = this.#sent.began(peer, capability, { workMs: expected.workMs, arrivesMs });
    return (how) => {
      over();
      this.#isDone(advert, arrivesMs);
      if (how === "left") this.#left.add(serviceKey(advert), { arrivesMs, goneMs: this.#goneMs(peer) });
    };
  }

  /** A job of this peer has ended elsewhere: what that engine said with the job counted in it is not true any more. */
  #isDone(advert: Advert, arrivesMs: number): void {
    const said = this.#offers.get(advert.peer)?.find((each) => serviceKey(each.advert) === serviceKey(advert));
    if (said === undefined || (this.#saidMs.get(advert.peer) ?? -Infinity) < arrivesMs) return;
    this.learn(advert, withoutJobs(said.advert, 1));
  }

  /** When a job that is left now is known there to be left. */
  #goneMs(peer: string): number {
    return this.clock.nowMs() + (this.roundTripMs(peer) ?? ROUND_TRIP_MS) / 2 + LEAVING_MS;
  }

  /** How it went. `undefined`: it was taken back, or refused for lack of room; nothing is learnt of it. */
  ended(peer: string, capability: Capability, how: "well" | Failure | undefined): void {
    if (how === undefined) this.#breakers.refused(peer, capability);
    else if (how === "well") this.#breakers.succeeded(peer, capability);
    else this.#breakers.failed(peer, capability, how, this.clock.nowMs());
  }

  /** Who is told from now on; undefined: there is nobody. What others have said does not hold then. */
  connect(spread: Spread | undefined): void {
    this.#spread = spread;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const peer of this.#offers.keys()) if (peer !== this.self) this.#drop(peer);
    this.#changed();
  }

  /** What this peer offers has changed, or how much it has to do. */
  refresh(): void {
    this.#takeOwn();
    this.#changed();
    if (this.#spread === undefined || this.#timer !== undefined) return;
    const waitMs = Math.max(TOGETHER_MS, this.#spreadAtMs + SPREAD_EVERY_MS - this.clock.nowMs());
    this.#timer = this.clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#spreadAtMs = this.clock.nowMs();
      this.#spread?.();
    });
  }

  /** Whether this peer gives nothing to others, and has others do its own clients' work where they can. */
  get isWithdrawn(): boolean {
    return this.#isWithdrawn;
  }

  /** From now on, or no more: what runs is finished either way. */
  withdraw(isWithdrawn: boolean): void {
    if (isWithdrawn === this.#isWithdrawn) return;
    this.#isWithdrawn = isWithdrawn;
    this.refresh();
  }

  /** What this peer offers others. */
  get given(): readonly Offer[] {
    if (this.#isWithdrawn) return [];
    const own = this.#offers.get(this.self) ?? [];
    return own.filter(({ advert }) => this.#options.isGiven(advert.capability));
  }

  /** All that another peer says it offers. */
  receive(peer: string, offers: readonly Offer[]): void {
    if (peer === this.self) return;
    this.#put(peer, offers);
    this.#changed();
  }

  /** More is known of what an engine has to do: it has said so with a job that it did not take, or a job there has ended. */
  learn(advert: Advert, load: Partial<Load>): void {
    const { peer } = advert;
    const offers = this.#offers.get(peer);
    const said = offers?.find((each) => serviceKey(each.advert) === serviceKey(advert));
    if (offers === undefined || said === undefined) return;
    const offer = { ...said, advert: { ...said.advert, ...load } };
    this.#offers.set(
      peer,
      offers.map((each) => (each === said ? offer : each)),
    );
    this.#directory.put(offer.advert, this.clock.nowMs());
    this.#changed();
  }

  /** That peer is gone. */
  forget(peer: string): void {
    if (peer === this.self || !this.#offers.has(peer)) return;
    this.#drop(peer);
    // Who comes back is another than who went: a peer that was started anew has done nothing wrong yet.
    this.#breakers.forget(peer);
    this.#changed();
  }

  /** Calls `changed` after anything has. The result ends that. */
  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  #isOther(advert: Advert, capability: Capability): boolean {
    return advert.capability === capability && advert.peer !== this.self && isUnderstood(advert, this.self);
  }

  #takeOwn(): void {
    this.#put(this.self, this.#options.own());
  }

  #put(peer: string, offers: readonly Offer[]): void {
    this.#drop(peer);
    if (offers.length === 0) return;
    const nowMs = this.clock.nowMs() - (this.roundTripMs(peer) ?? 0) / 2;
    const now = peer === this.self ? offers : offers.map((offer) => this.#withoutLeft(offer, nowMs));
    this.#offers.set(peer, now);
    this.#saidMs.set(peer, nowMs);
    for (const { advert, facts } of now) {
      // What this peer's own engine has to do is known as it is: nothing has come unseen since.
      this.#directory.put(peer === this.self ? { ...advert, demand: 0 } : advert, nowMs);
      this.#facts.set(serviceKey(advert), facts);
      this.#sent.reported(peer, advert.capability, nowMs);
    }
  }

  /** What was said while jobs were on their way out that nobody wants any more. */
  #withoutLeft({ advert, facts }: Offer, saidMs: number): Offer {
    const jobs = this.#left.among(serviceKey(advert), saidMs);
    return { facts, advert: jobs === 0 ? advert : { ...advert, ...withoutJobs(advert, jobs) } };
  }

  #drop(peer: string): void {
    for (const { advert } of this.#offers.get(peer) ?? []) this.#facts.delete(serviceKey(advert));
    this.#offers.delete(peer);
    this.#directory.removePeer(peer);
  }

  #changed(): void {
    for (const changed of this.#listeners) changed();
  }
}
