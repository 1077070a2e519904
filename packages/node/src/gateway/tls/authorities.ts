/**
 * Which authority this peer's certificate comes from. A member's comes from that of its cluster: its key is known to all members
 * and nobody else (`cluster.secrets`). A peer that belongs to no cluster has one of its own at home; the founder of a cluster
 * brings its own along, so that clients which trust it need not begin anew; whoever joins gives its own up.
 *
 * The prime makes the next one: when somebody was revoked who knows the key, when the end comes near, when a person wants it.
 * Who leaves changes nothing. A peer that left or was revoked has a new one of its own, for the cluster's is not its own any more.
 */
import type { Logger } from "pino";
import type { Cluster, FoundSecret, Secrets } from "../../cluster/face.ts";
import { isPeerError, PeerError } from "../../errors.ts";
import {
  fingerprintOf,
  foundAuthority,
  isDue,
  pack,
  succeed,
  unpack,
  type Authority,
  type PackedAuthority,
  type Why,
} from "./authority.ts";
import type { HomeAuthority, Kept } from "./home-authority.ts";

/** Of the cluster's secrets. */
const NAME = "authority";

const LOOK_EVERY_MS = 60_000;
/** What only the clock says must be so for so long: clocks are set when a host has found the network. */
const STEADY_MS = 600_000;
/** So long a prime waits for somebody who knows the key to seal it to it. */
const UNSEALED_MS = 30_000;
/** No clock that says an earlier time is right. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

export type House = Pick<Cluster, "belonging" | "peerId" | "onChange" | "secrets" | "consensus">;

export interface AuthoritiesOptions {
  readonly home: Pick<HomeAuthority, "read" | "write">;
  readonly cluster: House;
  readonly log: Logger;
  /** Wall clock, epoch. Default: that of this machine. */
  readonly nowMs?: () => number;
  /** Time that passes. Default: that of this process. */
  readonly passedMs?: () => number;
}

export class Authorities {
  readonly #options: AuthoritiesOptions;
  readonly #watchers = new Set<() => void>();
  readonly #stops: (() => void)[] = [];
  #kept: Kept | undefined;
  #loading: Promise<Kept | undefined> | undefined;
  /** As the cluster keeps it, and as what it was read. */
  #read: (PackedAuthority & { readonly authority: Authority | undefined }) | undefined;
  #working: Promise<void> = Promise.resolve();
  #isFollowing = false;
  #isClosed = false;
  /** Whose changes are watched. */
  #secrets: Secrets | undefined;
  #stopWatching: (() => void) | undefined;
  #due: { readonly why: Why; readonly sinceMs: number } | undefined;
  #unsealedSinceMs: number | undefined;
  /** The last that was made here: its key is known here first. */
  #made: string | undefined;

  constructor(options: AuthoritiesOptions) {
    this.#options = options;
  }

  /** The one that counts now; made where there is none yet. @throws PeerError `home-unusable` */
  async current(): Promise<Authority> {
    await this.#load();
    // The cluster may have one already that nobody has needed here.
    if (this.#kept === undefined) await this.look();
    if (this.#kept === undefined) await this.#inTurn(async () => void (await this.#own()));
    return (await this.#own()).authority;
  }

  /** From now on what the cluster says counts: it is known whether this peer belongs to one. */
  follow(): void {
    if (this.#isFollowing || this.#isClosed) return;
    this.#isFollowing = true;
    const look = (): void => void this.look();
    this.#stops.push(this.#options.cluster.onChange(look));
    const timer = setInterval(look, LOOK_EVERY_MS);
    timer.unref();
    this.#stops.push(() => clearInterval(timer));
    look();
  }

  /** Calls `changed` when another one counts. The result ends that. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /** Does what is due; fulfilled when it is done, or cannot be for now. Never rejects. */
  look(): Promise<void> {
    return this.#inTurn(async () => {
      this.#followSecrets();
      await this.#look();
    }).catch((error: unknown) => {
      const isUsual = isPeerError(error, "no-quorum", "not-member");
      this.#options.log[isUsual ? "debug" : "warn"](
        { err: error },
        "the authority of certificates could not be renewed",
      );
    });
  }

  /** As a person wants it: another authority takes the place of the one that counts. @throws PeerError `no-quorum`, `not-member` */
  async renew(): Promise<Authority> {
    await this.#load();
    await this.#inTurn(async () => {
      const { secrets, belonging } = this.#options.cluster;
      const next = await succeed((await this.#own()).authority, "asked", this.#nowMs());
      if (secrets !== undefined) return this.#agree(secrets, next, secrets.find(NAME)?.revision ?? 0);
      if (belonging !== "member") return this.#keep({ authority: next, isShared: false }, "a person wanted it");
      throw new PeerError("not-member", "this peer cannot take part in its cluster now", {
        nextStep: "See why: parley status; then try again.",
      });
    });
    await this.look();
    return this.current();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#stopWatching?.();
    await this.#working;
  }

  async #load(): Promise<void> {
    this.#loading ??= this.#options.home.read();
    const kept = await this.#loading;
    this.#kept ??= kept;
  }

  /** That of this peer, made where it has none: only in turn, or once there is one. */
  async #own(): Promise<Kept> {
    if (this.#kept !== undefined) return this.#kept;
    const made = { authority: await foundAuthority(this.#nowMs()), isShared: false };
    await this.#keep(made, undefined);
    this.#options.log.info({ fingerprint: fingerprintOf(made.authority) }, "a new authority for certificates");
    return made;
  }

  async #look(): Promise<void> {
    if (this.#isClosed || !this.#isFollowing) return;
    await this.#load();
    const { belonging, secrets } = this.#options.cluster;
    if (secrets !== undefined) return this.#lookInCluster(secrets);
    // It belongs and cannot take part: what counted still does. Where there is none yet, it is made when somebody asks.
    if (belonging === "member" || this.#kept === undefined) return;
    const { authority, isShared } = this.#kept;
    if (isShared && belonging !== "off") {
      return this.#keep({ authority: await foundAuthority(this.#nowMs()), isShared: false }, WORDS.left);
    }
    const why = this.#steady(isDue(authority, this.#nowMs()));
    if (why === undefined) return;
    await this.#keep({ authority: await succeed(authority, why, this.#nowMs()), isShared: false }, WORDS[why]);
  }

  async #lookInCluster(secrets: Secrets): Promise<void> {
    const found = secrets.find(NAME);
    if (found === undefined) {
      if (!this.#isPrime) return;
      const { authority, isShared } = await this.#own();
      return this.#agree(secrets, isShared ? await foundAuthority(this.#nowMs()) : authority, 0);
    }
    const authority = this.#unpacked(found);
    if (authority === undefined) return this.#lookUnsealed(secrets, found);
    this.#unsealedSinceMs = undefined;
    await this.#adopt(authority, found);
    const why = found.isExposed ? "revoked" : this.#steady(isDue(authority, this.#nowMs()));
    if (why === undefined || !this.#isPrime) return;
    await this.#agree(secrets, await succeed(authority, why, this.#nowMs()), found.revision);
  }

  /** It is looked at every minute, and changes once in years. */
  #unpacked({ about, secret }: FoundSecret): Authority | undefined {
    if (secret === undefined) return undefined;
    if (this.#read?.about !== about || this.#read.secret !== secret) {
      this.#read = { about, secret, authority: unpack({ about, secret }) };
    }
    return this.#read.authority;
  }

  async #lookUnsealed(secrets: Secrets, { revision }: FoundSecret): Promise<void> {
    const passedMs = this.#passedMs();
    this.#unsealedSinceMs ??= passedMs;
    if (!this.#isPrime || passedMs - this.#unsealedSinceMs < UNSEALED_MS) return;
    this.#options.log.warn("nobody seals the authority of certificates to the prime: it makes another");
    await this.#agree(secrets, await foundAuthority(this.#nowMs()), revision);
  }

  async #adopt(authority: Authority, { isShared }: FoundSecret): Promise<void> {
    const before = this.#kept;
    const fingerprint = fingerprintOf(authority);
    const known = before && fingerprintOf(before.authority);
    const isOwn = fingerprint === known ? before?.isShared === false : fingerprint === this.#made;
    const next = { authority, isShared: isShared || !isOwn };
    if (before === undefined) return this.#keep(next, undefined);
    if (fingerprint !== known) {
      const { fingerprint: previous, why = "joined" } = authority.predecessor ?? {};
      return this.#keep(next, WORDS[previous === known ? why : "joined"]);
    }
    if (next.isShared === before.isShared && isAlike(authority, before.authority)) return;
    await this.#keep(next, undefined);
  }

  /** What the cluster agrees on is adopted when it is known here. @throws PeerError `no-quorum` */
  async #agree(secrets: Secrets, authority: Authority, revision: number): Promise<void> {
    this.#made = fingerprintOf(authority);
    if (await secrets.replace(NAME, pack(authority), revision))
      this.#options.log.info({ fingerprint: this.#made }, "the cluster has an authority for certificates");
  }

  /** @param why for people; undefined: it is the same for clients */
  async #keep(next: Kept, why: string | undefined): Promise<void> {
    await this.#options.home.write(next);
    this.#kept = next;
    if (why !== undefined) {
      const nextStep = "Let clients trust the new certificate, and forget the old one: parley trust.";
      this.#options.log.warn(
        { why, fingerprint: fingerprintOf(next.authority), nextStep },
        "clients see another authority",
      );
    }
    for (const changed of this.#watchers) changed();
  }

  #followSecrets(): void {
    const { secrets } = this.#options.cluster;
    if (secrets === this.#secrets || this.#isClosed) return;
    this.#stopWatching?.();
    this.#unsealedSinceMs = undefined;
    this.#secrets = secrets;
    this.#stopWatching = secrets?.watch(NAME, () => void this.look());
  }

  /** Only what has been so for a while. */
  #steady(why: Why | undefined): Why | undefined {
    if (why === undefined || this.#due?.why !== why) {
      this.#due = why && { why, sinceMs: this.#passedMs() };
      return undefined;
    }
    return this.#passedMs() - this.#due.sinceMs >= STEADY_MS ? why : undefined;
  }

  get #isPrime(): boolean {
    const { consensus, peerId } = this.#options.cluster;
    return consensus?.leadership.current().leader === peerId;
  }

  #nowMs(): number {
    return Math.max(EARLIEST_MS, (this.#options.nowMs ?? Date.now)());
  }

  #passedMs(): number {
    return this.#options.passedMs?.() ?? performance.now();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#working.then(work);
    // Whoever asked for it hears of its failure; the next begins all the same.
    this.#working = done.catch(() => undefined);
    return done;
  }
}

const WORDS: Readonly<Record<Why | "joined" | "left", string>> = {
  age: "the one before comes to its end",
  revoked: "a peer was revoked that knew its key",
  asked: "a person wanted it",
  clock: "the one before was made by a clock that was wrong, or has ended",
  joined: "this peer belongs to a cluster now, and its certificate comes from there",
  left: "this peer does not belong to its cluster any more",
};

function isAlike(one: Authority, other: Authority): boolean {
  return Buffer.from(pack(one).about).equals(Buffer.from(pack(other).about));
}
