/**
 * The shell round the machine of forming: it says hello to who is heard of, tells the machine, and carries out what that
 * decides. What a decision does to this peer's own cluster is the owner's.
 */
import type { Logger } from "pino";
import { isPeerError, messageOf, PeerError } from "../../../errors.ts";
import type { About } from "../../../mesh/door/protocol/messages.ts";
import { Forming, type FormingPhase } from "../../forming/forming.ts";
import { FORMING_TIMES, type FormingInput, type FormingOutput, type FormingTimes } from "../../forming/words.ts";
import { pause } from "../pause.ts";
import { Neighbours, SILENT_AFTER, type Neighbour } from "./neighbours.ts";
import type { Meeting } from "./news.ts";
import { HELLO_MS, type Visits } from "./visits.ts";
import type { Welcome } from "./welcome.ts";

export interface SeekerOptions {
  readonly self: string;
  /** As `readJoinSecret` gave it. */
  readonly secret: string | undefined;
  readonly visits: Visits;
  readonly log: Logger;
  readonly times?: FormingTimes | undefined;
  /** Members are not visited: there are links with them. */
  readonly isMember: (peer: string) => boolean;
  /** Whether others belong to this peer's cluster. */
  readonly hasCompany: () => boolean;
  readonly owner: SeekerOwner;
}

/** Of this peer's cluster, what decides whether it may give it up. */
export interface OwnCluster {
  readonly isAloneAndEmpty: boolean;
  /** Somebody is being let in, or a person has opened a window. */
  readonly isBusy: boolean;
}

/** What the seeker does to this peer. */
export interface SeekerOwner {
  /** What it holds now; undefined while it has no cluster. */
  own(): OwnCluster | undefined;
  /** Founds a cluster. @returns its id */
  found(): Promise<string>;
  /** Belongs from now on; a cluster of its own, alone and empty, is given up. */
  enter(welcome: Welcome): Promise<void>;
  /** Gives up the cluster of its own, alone and empty; does nothing where that has been done on the way into `to`. */
  dissolve(to: string): Promise<void>;
  /** Looks everywhere. */
  look(): void;
  /** Waits for a person's approval there. */
  knock(peer: string, cluster: string): void;
  /** Waits nowhere any more, unless its own person wants to go there. */
  withdraw(): void;
  report(about: Meeting, cluster: string, peer: string | undefined): void;
  /** That peer is there. */
  reached(peer: string, address: string): void;
  /** Its door shows that cluster. */
  shown(cluster: string | undefined, peer: string, address: string): void;
  changed(): void;
}

/** Between two rounds of hellos when something has changed, longer and longer while nothing does … */
const OFTEN_MS = 1_000;
const GROWTH = 1.25;
/** … up to this. */
const RARE_MS = 10_000;
/** Once it has company: only to report. */
const SELDOM_MS = 30_000;
/** After a refusal that may be another one later; doubled with each in a row. */
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5_000;
const MAX_VISITS_AT_ONCE = 16;
/** Who has answered before, and did not in time, may have too much to do: it is given more time, so many times as much. */
const MAX_LONGER = 2;
const PAIR_MS = 30_000;
/** Of it, until the other side has proven that it knows the secret: nothing else is tried meanwhile. */
const PROOF_MS = 10_000;
/** After founding has failed. */
const FOUND_AGAIN_MS = 3_000;

export class Seeker {
  readonly neighbours = new Neighbours();
  readonly #options: SeekerOptions;
  #machine: Forming;
  readonly #over = new AbortController();
  /** Found, enter and dissolve, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #wake: NodeJS.Timeout | undefined;
  #round: NodeJS.Timeout | undefined;
  #roundMs = OFTEN_MS;
  #roundAtMs = 0;
  #visiting = 0;
  #isDoorOpen = false;

  constructor(options: SeekerOptions) {
    this.#options = options;
    this.#machine = this.#newMachine(options.secret !== undefined);
  }

  get phase(): FormingPhase {
    return this.#machine.phase;
  }

  get beside(): string | undefined {
    return this.#machine.beside;
  }

  /** Whether newcomers are let in by secret. */
  get isDoorOpen(): boolean {
    return this.#isDoorOpen;
  }

  /** Another cluster is about to take this peer in: it takes in nobody. */
  get isPairing(): boolean {
    return this.#machine.phase === "pairing";
  }

  start(as: (FormingInput & { readonly type: "started" }) | "gone"): void {
    if (as === "gone") this.gone();
    else this.step(as);
    this.#nextRound();
  }

  /** It left, or was revoked: from now on only a person brings it into a cluster, whatever secret it was given. */
  gone(): void {
    this.#isDoorOpen = false;
    clearTimeout(this.#wake);
    this.#machine = this.#newMachine(false);
    this.step({ type: "started", as: "left" });
  }

  /** Somebody may be there: visited at once when that is news. */
  heard(peer: string | undefined, addresses: readonly string[]): void {
    if (peer === this.#options.self || this.#over.signal.aborted) return;
    if (this.neighbours.heard(peer, addresses)) this.#visitAll();
  }

  /** Says hello to everybody now. */
  look(): void {
    this.#visitAll();
  }

  step(input: FormingInput): void {
    if (this.#over.signal.aborted) return;
    const before = this.#machine.phase;
    // A client may have come, which nobody tells: whether this peer may yield is asked whenever that is decided.
    const own = input.type === "started" || input.type === "own" ? undefined : this.#options.owner.own();
    const inputs = own === undefined ? [input] : [{ type: "own", ...own } as const, input];
    for (const each of inputs) {
      for (const output of this.#machine.step(each, performance.now())) this.#carryOut(output);
    }
    if (before === this.#machine.phase) return;
    this.#roundMs = OFTEN_MS;
    this.#hurry();
    this.#options.owner.changed();
  }

  /** Carries out `work` when nothing else changes where this peer belongs. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    // Whoever asked for it hears of its failure; the next begins all the same.
    this.#work = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  /** Fulfilled when nothing is under way that changes where this peer belongs. */
  async close(): Promise<void> {
    this.#over.abort(new PeerError("interrupted", "this peer is stopping", { nextStep: "Start it again." }));
    clearTimeout(this.#wake);
    clearTimeout(this.#round);
    await this.#work;
  }

  #newMachine(hasSecret: boolean): Forming {
    const { self, times = FORMING_TIMES } = this.#options;
    return new Forming({ self, hasSecret, times });
  }

  #carryOut(output: FormingOutput): void {
    const { owner, log } = this.#options;
    switch (output.type) {
      case "look":
      case "look-again":
        owner.look();
        return this.#visitAll();
      case "found":
        return this.#found();
      case "wait-beside":
        return owner.report("waiting", output.cluster, undefined);
      case "knock":
        return owner.knock(output.peer, output.cluster);
      case "withdraw":
        return owner.withdraw();
      case "pair-by-secret":
        return this.#pair(output.peer, output.cluster);
      case "yield":
        log.info({ to: output.to }, "this peer gives up the empty cluster that it has founded");
        return this.#run("could not give up its cluster", () => owner.dissolve(output.to));
      case "door":
        this.#isDoorOpen = output.isOpen;
        return;
      case "report":
        return owner.report(output.about, output.cluster, output.peer);
      case "wake":
        return this.#wakeAt(output.atMs);
    }
  }

  #wakeAt(atMs: number): void {
    clearTimeout(this.#wake);
    // A timer may come a little early.
    const delayMs = Math.max(1, Math.ceil(atMs - performance.now()));
    this.#wake = setTimeout(() => this.step({ type: "timer" }), delayMs);
  }

  #found(): void {
    const { owner } = this.#options;
    const found = async (): Promise<void> => {
      try {
        this.step({ type: "founded", cluster: await owner.found() });
      } catch (error) {
        // Its disk is full, perhaps: nobody but this peer would try again.
        this.#wake = setTimeout(() => this.#found(), FOUND_AGAIN_MS);
        throw error;
      }
    };
    this.#run("could not found a cluster", found);
  }

  #pair(peer: string, cluster: string): void {
    const { visits, secret, owner, log } = this.#options;
    const neighbour = this.neighbours.get(peer);
    const failed = (why: "wrong-secret" | "later" | "unproven"): void =>
      this.step({ type: "pairing-failed", cluster, peer, why });
    let hasProven = false;
    const run = async (): Promise<void> => {
      if (neighbour === undefined || secret === undefined) return failed("unproven");
      const unproven = new AbortController();
      const late = setTimeout(() => unproven.abort(noProof()), PROOF_MS);
      const onProven = (): void => {
        hasProven = true;
        clearTimeout(late);
      };
      try {
        const signal = AbortSignal.any([this.#over.signal, AbortSignal.timeout(PAIR_MS), unproven.signal]);
        const place = this.neighbours.placeOf(neighbour);
        const welcome = await visits.pair(place, { clusterId: cluster, method: "secret", secret, onProven }, signal);
        await this.inTurn(() => owner.enter(welcome));
        this.step({ type: "paired", cluster: welcome.cluster });
      } catch (error) {
        if (!isPeerError(error)) throw error;
        log.info({ remote: peer, cluster, why: error.message }, "no admission by secret");
        if (error.code === "pairing-failed") return failed("wrong-secret");
        // What it showed may be over: a founder that has given its cluster up, perhaps.
        if (!neighbour.isVisiting) void this.#visit(neighbour);
        await this.#pause(neighbour, error);
        failed(hasProven ? "later" : "unproven");
      } finally {
        clearTimeout(late);
      }
    };
    // Not from within the step that asks for it.
    setImmediate(() => this.#watch("could not join by secret", run()));
  }

  /** As long as the other side wants, or longer with each of its refusals. */
  async #pause(neighbour: Neighbour, { details }: PeerError): Promise<void> {
    const { retryAfterMs: wanted } = details;
    const pauseMs = typeof wanted === "number" ? wanted : MIN_PAUSE_MS * 2 ** Math.min(neighbour.refusals, 10);
    neighbour.refusals += 1;
    await pause(Math.min(MAX_PAUSE_MS, pauseMs), this.#over.signal);
  }

  #run(what: string, work: () => Promise<void>): void {
    this.#watch(what, this.inTurn(work));
  }

  #watch(what: string, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#over.signal.aborted) this.#options.log.error({ err: error }, `this peer ${what}`);
    });
  }

  #nextRound(): void {
    if (this.#over.signal.aborted) return;
    const isSettled = this.#machine.phase === "member" && this.#options.hasCompany();
    this.#roundIn(isSettled ? SELDOM_MS : this.#roundMs);
    this.#roundMs = Math.min(RARE_MS, this.#roundMs * GROWTH);
  }

  /** What has changed may matter to others, and others may have changed: the round that is due later comes soon. */
  #hurry(): void {
    if (this.#round === undefined || this.#roundAtMs <= performance.now() + OFTEN_MS) return;
    clearTimeout(this.#round);
    this.#roundIn(OFTEN_MS);
  }

  #roundIn(delayMs: number): void {
    this.#roundAtMs = performance.now() + delayMs;
    this.#round = setTimeout(() => {
      this.#visitAll();
      this.#nextRound();
    }, delayMs);
  }

  #visitAll(): void {
    const { isMember } = this.#options;
    const visit = (neighbours: readonly Neighbour[]): void => {
      for (const neighbour of neighbours) {
        if (!neighbour.isVisiting && !isMember(neighbour.peer)) void this.#visit(neighbour);
      }
    };
    const [promising, others] = this.neighbours.byPromise();
    visit(promising);
    for (const address of this.neighbours.nameless()) void this.#visitNameless(address);
    visit(others);
  }

  /** Never rejects. */
  async #visit(neighbour: Neighbour): Promise<void> {
    if (this.#visiting >= MAX_VISITS_AT_ONCE) return;
    neighbour.isVisiting = true;
    this.#visiting += 1;
    try {
      const place = this.neighbours.placeOf(neighbour);
      const timeoutMs = HELLO_MS * (neighbour.hasAnswered ? 1 + Math.min(neighbour.failures, MAX_LONGER) : 1);
      const { about, address } = await this.#options.visits.hello(place, this.#over.signal, { timeoutMs });
      this.#met(about, address);
    } catch (error) {
      neighbour.failures += 1;
      this.#options.log.debug({ remote: neighbour.peer, why: messageOf(error) }, "no answer at a door");
      if (neighbour.failures >= SILENT_AFTER) {
        neighbour.about = undefined;
        this.step({ type: "silence", peer: neighbour.peer });
      }
    } finally {
      neighbour.isVisiting = false;
      this.#visiting -= 1;
    }
  }

  /** Never rejects. */
  async #visitNameless(address: string): Promise<void> {
    if (this.#visiting >= MAX_VISITS_AT_ONCE) return;
    this.#visiting += 1;
    this.neighbours.forgetNameless(address);
    try {
      const hello = await this.#options.visits.hello({ peer: undefined, addresses: [address] }, this.#over.signal);
      if (hello.about.peerId === this.#options.self) return;
      this.#met(hello.about, hello.address);
    } catch (error) {
      // Who has revoked this peer says no more, but has proven who it is: it may be a member that nobody knew the address of.
      if (isPeerError(error, "revoked")) this.#options.owner.reached(String(error.details["peer"]), address);
      // Nobody there yet: again with the next round.
      this.neighbours.heard(undefined, [address]);
      this.#options.log.debug({ address, why: messageOf(error) }, "nobody answers at a known address");
    } finally {
      this.#visiting -= 1;
    }
  }

  #met(about: About, address: string): void {
    if (this.#over.signal.aborted) return;
    this.neighbours.met(about, address);
    const { peerId: peer, cluster, pairing } = about;
    this.#options.owner.reached(peer, address);
    this.#options.owner.shown(cluster?.id, peer, address);
    this.step({ type: "sighting", sighting: { peer, cluster, pairing } });
    this.#options.owner.changed();
  }
}

function noProof(): PeerError {
  return new PeerError("peer-silent", "the other peer has not proven in time that it knows the secret", {
    nextStep: "Wait: it is tried again, and others are.",
  });
}
