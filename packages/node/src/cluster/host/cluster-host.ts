/**
 * Whether this peer belongs, and to what: it founds, enters, yields, leaves, and takes newcomers in. What a member runs is in
 * `member/`, the way in is in `joining/`.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { PeerError } from "../../errors.ts";
import type { DoorEvent } from "../../mesh/door/server/ports.ts";
import { readJoinSecret } from "../../mesh/door/code/join-secret.ts";
import type { MeshHost } from "../../mesh/host/mesh-host.ts";
import { Bell } from "../consensus/bell.ts";
import type { PairingEnd } from "../face.ts";
import type { SleepWatch } from "../sleep/events.ts";
import { MACHINE, type Ground } from "./ground.ts";
import { WaitingWrites } from "./home/waiting-writes.ts";
import { belongs, checkIdentity, ClusterHome, founderRecord, type ClusterRecord } from "./home/cluster-home.ts";
import { Kin } from "./joining/kin.ts";
import { Reception } from "./joining/reception.ts";
import type { OwnCluster } from "./joining/seeker.ts";
import { recordOf, type Welcome } from "./joining/welcome.ts";
import { EMPTY_STATE, type ClusterState } from "../state/model.ts";
import { aloneWith } from "./member/last-resort.ts";
import { holdsNothing } from "./member/contents.ts";
import { startMember, type Member } from "./member/member.ts";
import { Roster } from "./member/roster.ts";
import type { ClusterOptions } from "./options.ts";
import { openPremises, type Premises } from "./premises.ts";
import { Trouble } from "./trouble.ts";

const LEAVE_MS = 10_000;
const DRAIN_MS = 5_000;

interface Beginning {
  /** What a log that begins with this peer begins with. */
  readonly beginning?: ClusterState | undefined;
  /** It has taken part before. */
  readonly isAgain?: boolean;
}

export class ClusterHost {
  readonly options: ClusterOptions;
  readonly #secret: string | undefined;
  readonly #ground: Ground;
  readonly #home: ClusterHome;
  readonly #writes: WaitingWrites;
  readonly #bell = new Bell();
  readonly #over = new AbortController();
  #premises: Premises | undefined;
  #kin: Kin | undefined;
  #record: ClusterRecord | undefined;
  #roster: Roster | undefined;
  #member: Member | undefined;
  #reception: Reception | undefined;
  /** It goes elsewhere, or away: it takes in nobody. */
  #isMoving = false;
  #told: OwnCluster = { isAloneAndEmpty: false, isBusy: false };
  #windowEnd: PairingEnd | undefined;
  readonly #trouble: Trouble;
  #sleep: SleepWatch | undefined;
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  /** @throws PeerError `config-invalid` for a join secret that is too weak */
  constructor(options: ClusterOptions) {
    this.options = options;
    this.#secret = options.joinSecret === undefined ? undefined : readJoinSecret(options.joinSecret);
    this.#ground = options.ground ?? MACHINE;
    this.#home = new ClusterHome(options.folder, this.#ground.files);
    this.#writes = new WaitingWrites({ ...options, ground: this.#ground });
    this.#trouble = new Trouble({
      log: options.log,
      again: async () => this.#premises?.seeker.inTurn(() => this.#takePartAgain()),
      changed: () => this.#bell.ring(),
    });
    this.#bell.watch(() => this.#noticed());
  }

  /** @throws PeerError `home-unusable`, `port-in-use` */
  start(): Promise<void> {
    this.#started = this.#start();
    // What it says while it works by itself.
    this.#started.catch((error: unknown) => this.#trouble.begin(error));
    return this.#started;
  }

  async #start(): Promise<void> {
    const record = await this.#home.read();
    if (belongs(record)) checkIdentity(record, this.options.identity.peerId);
    const keyPath = join(this.options.folder, "sealing.key");
    const sealingKey = await this.#ground.sealingKey(keyPath, { isExpected: belongs(record) });
    this.#record = record;
    await this.#home.sweep(belongs(record) ? record : undefined);
    if (belongs(record)) this.#roster = new Roster(this.options.identity.peerId, record);
    const premises = await openPremises({
      options: this.options,
      listen: (options) => this.#ground.listen(options),
      files: this.#ground.files,
      secret: this.#secret,
      sealingKey,
      standingOf: (peer) => this.#roster?.standingOf(peer) ?? "stranger",
      hasCompany: () => (this.#roster?.members.size ?? 0) > 1,
      cluster: (host) => this.#receive(host),
      owner: {
        own: () => this.#own,
        found: () => this.#found(),
        enter: (welcome) => this.#enter(welcome),
        dissolve: (to) => this.#dissolve(to),
        reached: (peer, address) => this.#reached(peer, [address]),
        shown: (id, peer, address) => this.#kin?.met(id, { peer, addresses: [address] }),
        changed: () => this.#bell.ring(),
      },
      enter: (welcome) => this.enter(welcome),
      cameToNothing: () => this.#notLetIn(),
      atDoor: (event) => this.#atDoor(event),
      heard: (peer, addresses) => this.#heard(peer, addresses),
    });
    this.#premises = premises;
    const { log } = this.options;
    this.#kin = new Kin({ visits: premises.visits, member: () => this.#member, log, over: this.#over.signal });
    this.#sleep = this.options.watchSleep?.(
      {
        fallAsleep: async (options) => this.#member?.fallAsleep(options),
        wake: (awayMs) => this.#wake(awayMs),
      },
      this.options.log,
    );
    if (belongs(record)) await this.#resume(premises, record);
    else if (record !== undefined) premises.seeker.start("gone");
    // Who may have been let in founds no cluster before that is settled.
    else premises.seeker.start({ type: "started", as: premises.arrival.isOpen ? "left" : "fresh" });
    premises.arrival.pursue();
  }

  get member(): Member | undefined {
    return this.#member;
  }

  get premises(): Premises | undefined {
    return this.#premises;
  }

  /** What was written down of the cluster that it belongs to, or did. */
  get record(): ClusterRecord | undefined {
    return this.#record;
  }

  /** Why it takes no part though it belongs; for people. */
  get trouble(): string | undefined {
    return this.#trouble.why;
  }

  get windowEnd(): PairingEnd | undefined {
    return this.#windowEnd;
  }

  get isAloneAndEmpty(): boolean {
    const { shared, outbox } = this.#member ?? {};
    if (shared === undefined || outbox === undefined || outbox.load.count > 0) return false;
    return holdsNothing(shared.now) && this.options.isInUse?.() !== true;
  }

  watch(changed: () => void): () => void {
    return this.#bell.watch(changed);
  }

  /** A person has opened a window. */
  windowOpened(): void {
    this.#windowEnd = undefined;
    this.#bell.ring();
  }

  /** Belongs from now on, whatever was the way in. @throws PeerError `already-member` */
  async enter(welcome: Welcome): Promise<void> {
    const { seeker, arrival } = this.open();
    await seeker.inTurn(() => this.#enter(welcome));
    await arrival.settled();
    seeker.step({ type: "paired", cluster: welcome.cluster });
  }

  /** How many writes were dropped that waited. @throws PeerError `not-member`, `no-quorum` */
  leave(): Promise<number> {
    return this.#go(async () => {
      const member = this.belongs();
      // The last one takes the cluster with it.
      if (member.roster.members.size === 1) await member.stop();
      else await member.leave({ timeoutMs: LEAVE_MS, drainMs: DRAIN_MS });
    });
  }

  /** As {@link leave}, without a word to the others, who go on counting on it. @throws PeerError `not-member` */
  abandon(): Promise<number> {
    return this.#go(async () => {
      const record = this.#record;
      if (!belongs(record)) throw notMember("this peer belongs to no cluster now");
      // First that, lest a crash in between makes it forget that it has voted.
      await this.#home.leaveBehind(record);
      await this.#member?.stop();
      this.#trouble.over();
      this.options.log.warn({ cluster: record.cluster }, "this peer has left without the others, by a person's word");
    });
  }

  /** Away for good, when `part` has let go. */
  async #go(part: () => Promise<void>): Promise<number> {
    const { seeker } = this.open();
    let dropped = 0;
    await seeker.inTurn(async () => {
      this.#isMoving = true;
      try {
        await part();
        dropped = await this.#end("left");
      } finally {
        this.#isMoving = false;
      }
    });
    seeker.gone();
    return dropped;
  }

  /**
   * The last resort: goes on alone, as a cluster of its own, with what it has. Its old log stays until the new one stands.
   * @throws PeerError `not-member`
   */
  async recover(): Promise<void> {
    const { seeker } = this.open();
    const cluster = randomUUID();
    await seeker.inTurn(async () => {
      const member = this.belongs();
      const before = this.#record;
      const { node, self } = member.roster;
      const saved = aloneWith(member.shared.now, self, { cluster, previousKey: member.identity.open() });
      if (saved === undefined || before === undefined) throw notMember("this peer has not caught up with its cluster");
      await member.stop();
      this.#member = undefined;
      const own = { peer: self, node, name: this.options.name, addresses: [] };
      const record: ClusterRecord = { ...before, standing: "member", cluster, index: 1, members: [own] };
      try {
        await this.#belong(record, { beginning: saved });
      } catch (error) {
        await this.#belong(before, { isAgain: true });
        throw error;
      }
      await this.#home.write(record);
      await this.#home.sweep(record);
      this.options.log.warn({ from: before.cluster, to: cluster }, "this peer goes on alone, by a person's word");
    });
    seeker.step({ type: "paired", cluster });
  }

  /** @throws PeerError `not-member` */
  belongs(): Member {
    if (this.#member !== undefined) return this.#member;
    throw notMember("this peer belongs to no cluster now");
  }

  /** @throws PeerError `not-member` before it has started */
  open(): Premises {
    if (this.#premises !== undefined && this.#closed === undefined) return this.#premises;
    throw notMember("this peer's part in a cluster has not started, or is stopping");
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#trouble.close();
    await Promise.allSettled([this.#started]);
    this.#over.abort(new PeerError("interrupted", "this peer is stopping", { nextStep: "Start it again." }));
    await this.#sleep?.close();
    // Nothing new begins, and what is under way ends, before the ground is taken away.
    await this.#premises?.seeker.close();
    await this.#member?.stop();
    await this.#premises?.close();
    await this.#home.idle();
  }

  async #resume({ seeker }: Premises, record: ClusterRecord): Promise<void> {
    const cluster = record.cluster;
    try {
      await seeker.inTurn(() => this.#belong(record, { isAgain: true }));
    } catch (error) {
      this.#trouble.fell(error);
    }
    seeker.start({ type: "started", as: "member", cluster, isAloneAndEmpty: this.isAloneAndEmpty });
  }

  async #takePartAgain(): Promise<void> {
    await this.#member?.stop();
    this.#member = undefined;
    const record = await this.#home.read();
    if (belongs(record) && this.#closed === undefined) await this.#belong(record, { isAgain: true });
  }

  async #found(): Promise<string> {
    const cluster = randomUUID();
    const { name, identity, onNews } = this.options;
    const record = founderRecord(cluster, { peer: identity.peerId, name });
    await this.#home.write(record);
    await this.#belong(record);
    onNews?.("This peer has founded a cluster. To let another one in: parley pair.");
    return cluster;
  }

  async #enter(welcome: Welcome): Promise<void> {
    const own = this.#member;
    if (own?.roster.cluster === welcome.cluster) return;
    if (own !== undefined && !(this.isAloneAndEmpty && this.#reception?.isBusy !== true)) {
      throw new PeerError("already-member", "this peer belongs to a cluster that holds something", {
        nextStep: "Leave it first: parley leave.",
      });
    }
    this.#isMoving = true;
    try {
      await own?.stop();
      this.#member = undefined;
      await this.#writes.drop("this peer belongs to another cluster now");
      const record = recordOf(welcome);
      await this.#home.write(record);
      await this.#home.sweep(record);
      await this.#belong(record, { isAgain: welcome.isBack === true });
      this.options.onNews?.("This peer belongs to a cluster now.");
    } finally {
      this.#isMoving = false;
      this.#premises?.knocker.stop();
    }
  }

  /** Whoever it had asked did not let it in after all. */
  #notLetIn(): void {
    if (this.#record === undefined) this.#premises?.seeker.step({ type: "started", as: "fresh" });
  }

  async #dissolve(to: string): Promise<void> {
    const own = this.#member;
    if (own === undefined || own.roster.cluster === to) return;
    // A client has come in this very moment: it stays.
    if (!this.isAloneAndEmpty) return this.#premises?.seeker.step({ type: "paired", cluster: own.roster.cluster });
    await own.stop();
    this.#member = undefined;
    this.#roster = undefined;
    this.#record = undefined;
    await this.#writes.drop("this peer gave its cluster up for another one");
    await this.#home.forget();
    await this.#home.sweep(undefined);
    this.#bell.ring();
  }

  async #belong(
    record: ClusterRecord,
    // A founder's first entry may not have reached its log yet.
    { beginning = record.standing === "founding" ? EMPTY_STATE : undefined, isAgain = false }: Beginning = {},
  ): Promise<void> {
    const { host, sealingKey, visits } = this.open();
    const { name, timing, log, identity, describe } = this.options;
    const roster = new Roster(identity.peerId, record);
    this.#roster = roster;
    this.#member = await startMember({
      host,
      home: this.#home,
      openLog: (folder, options) => this.#ground.openLog(folder, options),
      openOutbox: () => this.#writes.open(),
      roster,
      name,
      sealingKey,
      record: () => ({ ...describe(), addresses: host.addresses().slice(0, 16) }),
      beginning,
      isLogExpected: isAgain && beginning === undefined,
      timing,
      log,
      changed: () => this.#bell.ring(),
      isRevokedSays: (place, signal) => visits.isRevokedSays(place, roster.cluster, signal),
      ended: (how) => this.#isOver(how),
      failed: (error) => this.#trouble.fell(error),
    });
    this.#record = record;
    this.#trouble.over();
    this.#bell.ring();
  }

  /** The cluster says that this peer belongs no more. */
  #isOver(how: "left" | "revoked"): void {
    const { seeker } = this.open();
    const run = async (): Promise<void> => {
      await seeker.inTurn(async () => {
        await this.#member?.stop();
        await this.#end(how);
      });
      seeker.gone();
    };
    run().catch((error: unknown) => this.options.log.error({ err: error }, "leaving was not written down"));
  }

  async #end(standing: "left" | "revoked"): Promise<number> {
    const roster = this.#roster;
    this.#member = undefined;
    this.#roster = undefined;
    if (roster === undefined) return 0;
    // Before it is written down that it is over: a crash in between finds nothing that waits for another cluster.
    const dropped = await this.#writes.drop(standing === "left" ? "this peer has left it" : "this peer was revoked");
    this.#record = roster.record(standing);
    await this.#home.write(this.#record);
    await this.#home.sweep(undefined);
    this.#bell.ring();
    return dropped;
  }

  #receive(host: MeshHost): Reception {
    this.#reception = new Reception({
      options: this.options,
      member: () => this.#member,
      isMember: (peer) => this.#roster?.standingOf(peer) === "member",
      revokedBy: (peer) => (this.#roster?.standingOf(peer) === "revoked" ? this.#roster.cluster : undefined),
      isAloneAndEmpty: () => this.isAloneAndEmpty,
      isMoving: () => this.#isMoving || this.#premises?.seeker.isPairing === true,
      isDoorOpen: () => this.#premises?.seeker.isDoorOpen === true,
      addresses: () => host.addresses(),
      changed: () => this.#bell.ring(),
    });
    return this.#reception;
  }

  #atDoor(event: DoorEvent): void {
    const { log } = this.options;
    if (event.type === "window-closed") this.#windowEnd = event.why;
    if (event.type === "admitted") log.info({ remote: event.peerId, name: event.name, by: event.by }, "let in");
    if (event.type === "proof-failed") log.warn({ remote: event.peerId, method: event.method }, "a wrong proof");
    this.#bell.ring();
  }

  /** Others may be elsewhere by now, and so may this host. */
  #wake(awayMs: number): void {
    this.#member?.wake(awayMs);
    const { door, outside } = this.#premises ?? {};
    if (awayMs === 0) return;
    outside?.look();
    // The door's clock may have stood still meanwhile: no code outlives its ten minutes by a night.
    const { expiresAtMs = Infinity } = door?.window ?? {};
    if (expiresAtMs - performance.now() < awayMs) door?.closeWindow();
  }

  /** Somebody may be there. */
  #heard(peer: string | undefined, addresses: readonly string[]): void {
    if (peer !== undefined) this.#reached(peer, addresses);
    this.#premises?.seeker.heard(peer, addresses);
  }

  #reached(peer: string, addresses: readonly string[]): void {
    if (this.#roster?.standingOf(peer) === "member") this.#member?.links.learn(peer, addresses);
  }

  /** Something has changed: whoever has to know it is told. */
  #noticed(): void {
    const premises = this.#premises;
    if (premises === undefined || this.#closed !== undefined) return;
    premises.outside.update();
    const own = this.#own;
    if (own === undefined || isDeepStrictEqual(own, this.#told)) return;
    this.#told = own;
    premises.seeker.step({ type: "own", ...own });
  }

  get #own(): OwnCluster | undefined {
    const { isAloneAndEmpty } = this;
    const isBusy = this.#reception?.isBusy === true || this.#premises?.door.window !== undefined;
    return this.#member === undefined ? undefined : { isAloneAndEmpty, isBusy };
  }
}

function notMember(why: string): PeerError {
  return new PeerError("not-member", why, { nextStep: "See what it waits for: parley status." });
}
