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
import { Tries } from "./tries.ts";
import { FORMING_TIMES, type FormingInput, type FormingOutput, type FormingTimes, type Sighting } from "./words.ts";

/** Of clusters, in one life of the peer: anybody may claim to be one. */
const MAX_REPORTS = 256;

/** How often the patience that one peer is owed is had with all lower ones: anybody can come up again and again under another name. */
const PATIENCE_WITH_LOWER = 3;

/** The same with clusters of which nobody has proven that they take this peer's secret. */
const PATIENCE_WITH_CLUSTERS = 10;

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
  readonly #tries = new Tries();
  readonly #reported = new Set<string>();
  #phase: FormingPhase = "idle";
  #own: Own | undefined;
  #mayFound = false;
  /** A person wanted this cluster. */
  #isWanted = false;
  /** Since when it has no cluster, whatever it has seen since. */
  #withoutSinceMs = 0;
  #lookingSinceMs = 0;
  #secondLookMs: number | undefined;
  #beside: string | undefined;
  /** It has knocked somewhere, and has not withdrawn. */
  #isKnocking = false;
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
    this.#withoutSinceMs += lateMs;
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
        } else this.#begin(nowMs);
        this.#mayFound = input.as === "fresh";
        return;
      case "sighting":
        if (input.sighting.peer !== this.#self) this.#sightings.add(input.sighting, nowMs);
        return;
      case "silence":
        this.#sightings.remove(input.peer);
        this.#tries.forget(input.peer);
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
        this.#mayFound = false;
        this.#begin(nowMs);
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
    const isOver = this.#hasSecret && this.#mayFound && this.#isPatienceOver(this.#withoutSinceMs, nowMs);
    const clusters = this.#sightings.clusters().filter((seen) => !isOver || this.#hasProven(seen));
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
      if (!this.#tries.isResting(nowMs) && this.#pairWithOneOf(better, nowMs)) return Infinity;
      return Math.min(nextMs, nowMs + this.#times.retryMs);
    }
    const [best] = better;
    if (best === undefined) return nextMs;
    this.#say({ type: "yield", to: best.id });
    this.#begin(nowMs);
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
    const isOpen = peers.some(({ peer, pairing }) => pairing !== "closed" && !this.#tries.isHopeless(peer));
    return isOpen || nowMs - sinceMs < this.#patienceMs();
  }

  /** Whether somebody there has proven that the secret is taken. */
  #hasProven({ peers }: Seen): boolean {
    return peers.some(({ peer }) => this.#tries.hasProven(peer));
  }

  #isPatienceOver(sinceMs: number, nowMs: number): boolean {
    return nowMs - sinceMs >= PATIENCE_WITH_CLUSTERS * this.#patienceMs();
  }

  /** The best first; in a siege each in its turn, and of those who came last the last. */
  #pairWithOneOf(clusters: readonly Seen[], nowMs: number): boolean {
    const ways = clusters.flatMap(({ id, sinceMs, peers }) => {
      const open = peers.filter(({ peer, pairing }) => pairing !== "closed" && this.#tries.mayTry(peer, nowMs));
      const via = open.find(({ pairing }) => pairing === "secret") ?? open[0];
      return via === undefined ? [] : [{ id, sinceMs, peer: via.peer }];
    });
    if (this.#tries.isSiege) {
      ways.sort((one, other) => this.#tries.compare(one.peer, other.peer) || one.sinceMs - other.sinceMs);
    }
    const [first] = ways;
    if (first === undefined) return false;
    this.#phase = "pairing";
    this.#beside = first.id;
    this.#say({ type: "pair-by-secret", peer: first.peer, cluster: first.id });
    return true;
  }

  #failed({ cluster, peer, why }: FormingInput & { readonly type: "pairing-failed" }, nowMs: number): void {
    if (why === "wrong-secret") {
      // The peer, not the cluster: anybody can show the id of another one.
      this.#sightings.setForeign(peer, cluster);
      this.#tries.wrong(peer);
      this.#say({ type: "report", about: "foreign", cluster, peer });
    } else {
      const againMs = nowMs + this.#times.retryMs;
      this.#tries.failed(peer, { hasProven: why === "later", againMs, nowMs });
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
    if (first === undefined) return;
    this.#isKnocking = true;
    this.#say({ type: "knock", peer: first.peer, cluster: id });
  }

  /** @returns when to look again by itself */
  #foundWhenDue(nowMs: number): number {
    if (!this.#mayFound) return Infinity;
    const { discoveryMs, lookAgainMs } = this.#times;
    const lower = this.#sightings.freshBefore(this.#self);
    const waitedMs = Math.max(-Infinity, ...lower.map(({ sinceMs }) => sinceMs + this.#patienceMs()));
    const longestMs = this.#withoutSinceMs + PATIENCE_WITH_LOWER * this.#patienceMs();
    const dueMs = Math.max(this.#lookingSinceMs + discoveryMs, Math.min(waitedMs, longestMs));
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
  }

  /** Without a cluster from now on. */
  #begin(nowMs: number): void {
    this.#own = undefined;
    this.#withoutSinceMs = nowMs;
    this.#look(nowMs);
  }

  #become(id: string, isAloneAndEmpty: boolean, nowMs: number): void {
    this.#phase = "member";
    this.#beside = undefined;
    this.#own = { id, sinceMs: nowMs, isAloneAndEmpty, isBusy: false, lookedMs: undefined };
    if (this.#isKnocking) this.#say({ type: "withdraw" });
    this.#isKnocking = false;
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
    if (!isQuietOver) return false;
    // Whoever keeps saying that it is better, and does not prove it, keeps nobody out for long.
    const isOver = this.#isPatienceOver(own.sinceMs, nowMs);
    return !this.#better(nowMs).some((seen) => !isOver || this.#hasProven(seen));
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
