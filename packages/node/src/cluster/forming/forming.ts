/**
 * How peers that start anywhere, at any time, end in one cluster. No clock, no network: inputs with their time go in, what is
 * to be done comes out.
 *
 * A fresh peer looks. If it sees a cluster, it waits beside it and knocks, or is let in by the join secret. If it sees fresh
 * peers only, the lowest of them founds, and the others wait for it, though not for ever: it may be one that left a cluster, and
 * never founds. If it sees nobody for the discovery time, it founds. Right before that it says hello to all it knows once more:
 * whoever started first has founded by then, and shows it. So, when all peers that run have answered each other's first hello
 * within the discovery time, and any later one within the second look, exactly one founds:
 *
 *     Let X and Y found, X first. X did not see Y then, or Y is greater and, seeing X, would have waited for it. So Y had not been
 *     up for the discovery time, and its second look was still to come: that has shown it X's cluster.
 *
 * When they see each other later than that there may be several founders. While one is alone and empty it yields to whatever is
 * better, and lets nobody in by secret while it sees something better or is in its first moments: so no chain of peers that
 * yield to each other leaves anybody in a cluster that is gone. Right before it opens its door it looks once more: whoever it has
 * seen by then, however late, cannot have founded another cluster unnoticed. Two clusters with contents only say so.
 */
import { Sightings, isBetter, type Seen } from "./sightings.ts";
import { FORMING_TIMES, type FormingInput, type FormingOutput, type FormingTimes, type Sighting } from "./words.ts";

/** Of clusters, in one life of the peer: anybody may claim to be one. */
const MAX_REPORTS = 256;

/** Tries at a peer that never comes to prove that it knows the secret, before nobody is held back by it any more. */
const MAX_UNPROVEN = 8;

/** So many lower peers are waited for to found: anybody can come up again and again under another name. */
const MAX_LOWER = 64;

/** So often it is forgiven that it was woken late: a machine that always has too much to do forms a cluster all the same. */
const MAX_STUMBLES = 8;

/** The cluster that this peer belongs to. */
interface Own {
  readonly id: string;
  readonly sinceMs: number;
  isAloneAndEmpty: boolean;
  isBusy: boolean;
  /** When it looked round before it lets anybody in by secret. */
  lookedMs: number | undefined;
}

export interface FormingOptions {
  readonly self: string;
  readonly hasSecret: boolean;
  readonly times?: FormingTimes;
}

/** `pairing`: by secret; a lone founder does that while it still has its own cluster. */
export type FormingPhase = "idle" | "looking" | "waiting" | "pairing" | "founding" | "member";

export class Forming {
  readonly #self: string;
  readonly #hasSecret: boolean;
  readonly #times: FormingTimes;
  readonly #sightings = new Sightings();
  readonly #notBeforeMs = new Map<string, number>();
  /** Lower peers that were waited for, since this one has looked. */
  readonly #lower = new Set<string>();
  /** Tries in a row that ended before that peer had proven that it knows the secret. */
  readonly #unproven = new Map<string, number>();
  readonly #reported = new Set<string>();
  #phase: FormingPhase = "idle";
  #own: Own | undefined;
  #mayFound = false;
  /** A person wanted this cluster. */
  #isWanted = false;
  #lookingSinceMs = 0;
  #secondLookMs: number | undefined;
  #beside: string | undefined;
  #isDoorOpen = false;
  /** When it wanted to be woken. */
  #wakeMs = Infinity;
  #stumbles = 0;
  #outputs: FormingOutput[] = [];

  constructor({ self, hasSecret, times = FORMING_TIMES }: FormingOptions) {
    this.#self = self;
    this.#hasSecret = hasSecret;
    this.#times = times;
  }

  get phase(): FormingPhase {
    return this.#phase;
  }

  /** The cluster beside which it waits. */
  get beside(): string | undefined {
    return this.#phase === "waiting" || this.#phase === "pairing" ? this.#beside : undefined;
  }

  /** What is to be done, in this order. */
  step(input: FormingInput, nowMs: number): readonly FormingOutput[] {
    this.#outputs = [];
    this.#forgive(nowMs);
    this.#take(input, nowMs);
    const wakeMs = this.#decide(nowMs);
    this.#setDoor(nowMs);
    this.#wakeMs = Math.max(nowMs, wakeMs);
    if (wakeMs < Infinity) this.#say({ type: "wake", atMs: this.#wakeMs });
    return this.#outputs;
  }

  /** Time in which this peer itself stood still counts for nothing: what it was told meanwhile it has yet to hear. */
  #forgive(nowMs: number): void {
    const lateMs = nowMs - this.#wakeMs;
    if (lateMs <= this.#times.lookAgainMs / 2 || this.#stumbles >= MAX_STUMBLES) return;
    this.#stumbles += 1;
    this.#lookingSinceMs += lateMs;
    this.#secondLookMs = undefined;
    if (this.#own === undefined || this.#isDoorOpen) return;
    this.#own = { ...this.#own, sinceMs: this.#own.sinceMs + lateMs, lookedMs: undefined };
  }

  #take(input: FormingInput, nowMs: number): void {
    switch (input.type) {
      case "started":
        this.#say({ type: "look" });
        if (input.as === "member") {
          this.#become(input.cluster, input.isAloneAndEmpty, nowMs);
          this.#isWanted = input.isWanted === true;
        } else this.#look(nowMs);
        this.#mayFound = input.as === "fresh";
        return;
      case "sighting":
        if (input.sighting.peer !== this.#self) this.#sightings.add(input.sighting, nowMs);
        return;
      case "silence":
        this.#sightings.remove(input.peer);
        this.#notBeforeMs.delete(input.peer);
        this.#unproven.delete(input.peer);
        return;
      case "paired":
        if (this.#own !== undefined && this.#own.id !== input.cluster) this.#say({ type: "yield", to: input.cluster });
        this.#mayFound = false;
        this.#isWanted = false;
        this.#become(input.cluster, false, nowMs);
        return;
      case "pairing-failed":
        this.#failed(input, nowMs);
        return;
      case "founded":
        // Meanwhile somebody may have let it in.
        if (this.#phase === "founding") this.#become(input.cluster, true, nowMs);
        return;
      case "own":
        if (this.#own !== undefined) Object.assign(this.#own, pick(input));
        return;
      case "left":
        this.#own = undefined;
        this.#mayFound = false;
        this.#look(nowMs);
        return;
      case "told-to-found":
        if (this.#phase !== "looking" && this.#phase !== "waiting") return;
        this.#isWanted = true;
        this.#found();
        return;
      case "timer":
        return;
    }
  }

  /** @returns when to look again by itself */
  #decide(nowMs: number): number {
    switch (this.#phase) {
      case "looking":
      case "waiting":
        return this.#seek(nowMs);
      case "member":
        return this.#stay(nowMs);
      case "idle":
      case "pairing":
      case "founding":
        // Something is under way, and its end is an input.
        return Infinity;
    }
  }

  /** Of a peer without a cluster. */
  #seek(nowMs: number): number {
    const clusters = this.#sightings.clusters();
    const [best] = clusters;
    if (this.#hasSecret && this.#pairWithOneOf(clusters, nowMs)) return Infinity;
    if (best === undefined) {
      if (this.#phase === "waiting") this.#look(nowMs);
      return this.#foundWhenDue(nowMs);
    }
    this.#waitBeside(best);
    const retryMs = this.#hasSecret ? nowMs + this.#times.retryMs : Infinity;
    // Clusters that take no secrets hold nobody back for ever who has one.
    const isHeldBack = !this.#hasSecret || clusters.some((seen) => this.#mayOpen(seen, nowMs));
    if (!isHeldBack) return Math.min(retryMs, this.#foundWhenDue(nowMs));
    this.#secondLookMs = undefined;
    return retryMs;
  }

  /** Of a peer that belongs. */
  #stay(nowMs: number): number {
    const own = this.#own;
    if (own === undefined) return Infinity;
    for (const seen of this.#sightings.clusters()) {
      const isNoMatter = seen.id === own.id || seen.isAloneAndEmpty || (own.isAloneAndEmpty && !this.#isWanted);
      if (!isNoMatter) this.#report("two-clusters", seen.id, seen.peers[0]);
    }
    const better = this.#better(nowMs);
    const nextMs = this.#hasSecret && own.isAloneAndEmpty ? this.#lookBeforeOpening(own, nowMs) : Infinity;
    if (better.length === 0 || !this.#wouldYield(own)) return nextMs;
    if (this.#hasSecret) {
      if (this.#pairWithOneOf(better, nowMs)) return Infinity;
      return Math.min(nextMs, nowMs + this.#times.retryMs);
    }
    const [best] = better;
    if (best === undefined) return nextMs;
    this.#say({ type: "yield", to: best.id });
    this.#own = undefined;
    this.#look(nowMs);
    return this.#seek(nowMs);
  }

  /** @returns when to look again by itself */
  #lookBeforeOpening(own: Own, nowMs: number): number {
    const { quietMs, lookAgainMs } = this.#times;
    const dueMs = own.sinceMs + quietMs - lookAgainMs;
    if (nowMs < dueMs) return dueMs;
    if (own.lookedMs === undefined) {
      own.lookedMs = nowMs;
      this.#say({ type: "look-again" });
    }
    const openMs = own.lookedMs + lookAgainMs;
    return nowMs < openMs ? openMs : Infinity;
  }

  #wouldYield({ isAloneAndEmpty, isBusy }: Own): boolean {
    return isAloneAndEmpty && !isBusy && !this.#isWanted;
  }

  /** Clusters that a lone founder would yield to, the best first. */
  #better(nowMs: number): readonly Seen[] {
    const own = this.#own;
    if (own === undefined) return [];
    const better = this.#sightings.clusters().filter((seen) => seen.id !== own.id && isBetter(seen, own));
    return this.#hasSecret ? better.filter((seen) => this.#mayOpen(seen, nowMs)) : better;
  }

  /** Whether a secret is taken there, or may be soon: a founder takes none while it is new, or sees something better. */
  #mayOpen({ peers, sinceMs }: Seen, nowMs: number): boolean {
    const isOpen = peers.some(
      ({ peer, pairing }) => pairing !== "closed" && (this.#unproven.get(peer) ?? 0) < MAX_UNPROVEN,
    );
    return isOpen || nowMs - sinceMs < this.#patienceMs();
  }

  #pairWithOneOf(clusters: readonly Seen[], nowMs: number): boolean {
    for (const { id, peers } of clusters) {
      const open = peers.filter(
        ({ peer, pairing }) => pairing !== "closed" && (this.#notBeforeMs.get(peer) ?? 0) <= nowMs,
      );
      const via = open.find(({ pairing }) => pairing === "secret") ?? open[0];
      if (via === undefined) continue;
      this.#phase = "pairing";
      this.#beside = id;
      this.#say({ type: "pair-by-secret", peer: via.peer, cluster: id });
      return true;
    }
    return false;
  }

  #failed({ cluster, peer, why }: FormingInput & { readonly type: "pairing-failed" }, nowMs: number): void {
    if (why === "wrong-secret") {
      // The peer, not the cluster: anybody can show the id of another one.
      this.#sightings.setForeign(peer, cluster);
      this.#say({ type: "report", about: "foreign", cluster, peer });
    } else {
      this.#notBeforeMs.set(peer, nowMs + this.#times.retryMs);
      if (why === "unproven") this.#unproven.set(peer, (this.#unproven.get(peer) ?? 0) + 1);
      else this.#unproven.delete(peer);
    }
    if (this.#phase !== "pairing") return;
    this.#beside = undefined;
    if (this.#own === undefined) this.#phase = "looking";
    else this.#phase = "member";
  }

  #waitBeside({ id, peers }: Seen): void {
    this.#phase = "waiting";
    if (this.#beside === id) return;
    this.#beside = id;
    this.#say({ type: "wait-beside", cluster: id });
    const [first] = peers;
    if (first !== undefined) this.#say({ type: "knock", peer: first.peer, cluster: id });
  }

  /** @returns when to look again by itself */
  #foundWhenDue(nowMs: number): number {
    if (!this.#mayFound) return Infinity;
    const { discoveryMs, lookAgainMs } = this.#times;
    const waits = this.#lowerOnes().map((sinceMs) => sinceMs + this.#patienceMs());
    const dueMs = Math.max(this.#lookingSinceMs + discoveryMs, ...waits);
    if (nowMs < dueMs) {
      this.#secondLookMs = undefined;
      return dueMs;
    }
    if (this.#secondLookMs === undefined) {
      this.#secondLookMs = nowMs;
      this.#say({ type: "look-again" });
    }
    const overMs = this.#secondLookMs + lookAgainMs;
    if (nowMs < overMs) return overMs;
    this.#found();
    return Infinity;
  }

  /** Since when each of them has been of no cluster. */
  #lowerOnes(): readonly number[] {
    const sinceMs: number[] = [];
    for (const known of this.#sightings.freshBefore(this.#self)) {
      if (this.#lower.size < MAX_LOWER) this.#lower.add(known.peer);
      if (this.#lower.has(known.peer)) sinceMs.push(known.sinceMs);
    }
    return sinceMs;
  }

  /** How long a lower peer may take to found, or a founder to open its door: each may have to wait for others itself. */
  #patienceMs(): number {
    const { discoveryMs, lookAgainMs, quietMs } = this.#times;
    return 2 * (discoveryMs + lookAgainMs) + quietMs;
  }

  #found(): void {
    this.#phase = "founding";
    this.#beside = undefined;
    this.#say({ type: "found" });
  }

  #look(nowMs: number): void {
    this.#phase = "looking";
    this.#beside = undefined;
    this.#secondLookMs = undefined;
    this.#lookingSinceMs = nowMs;
    this.#lower.clear();
  }

  #become(id: string, isAloneAndEmpty: boolean, nowMs: number): void {
    this.#phase = "member";
    this.#beside = undefined;
    this.#own = { id, sinceMs: nowMs, isAloneAndEmpty, isBusy: false, lookedMs: undefined };
  }

  #setDoor(nowMs: number): void {
    const isOpen = this.#hasSecret && this.#isOpenTo(nowMs);
    if (isOpen === this.#isDoorOpen) return;
    this.#isDoorOpen = isOpen;
    this.#say({ type: "door", isOpen });
  }

  #isOpenTo(nowMs: number): boolean {
    const own = this.#own;
    if (own === undefined || this.#phase !== "member") return false;
    if (!own.isAloneAndEmpty || this.#isWanted) return true;
    const isQuietOver = own.lookedMs !== undefined && nowMs >= own.lookedMs + this.#times.lookAgainMs;
    return isQuietOver && this.#better(nowMs).length === 0;
  }

  #report(about: "two-clusters" | "foreign", cluster: string, via: Sighting | undefined): void {
    if (via === undefined || this.#reported.has(cluster) || this.#reported.size >= MAX_REPORTS) return;
    this.#reported.add(cluster);
    this.#say({ type: "report", about, cluster, peer: via.peer });
  }

  #say(output: FormingOutput): void {
    this.#outputs.push(output);
  }
}

function pick({
  isAloneAndEmpty,
  isBusy,
}: FormingInput & { readonly type: "own" }): Pick<Own, "isAloneAndEmpty" | "isBusy"> {
  return { isAloneAndEmpty, isBusy };
}
