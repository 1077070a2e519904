/**
 * Whether this peer belongs, and to what: it founds, enters, yields, leaves, and takes newcomers in. What a member runs is in
 * `member/`, the way in is in `joining/`.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { PeerError } from "../../errors.ts";
import { withoutCorrelation } from "../../log.ts";
import { addressesForOthers, addressOf } from "../../mesh/host/addresses.ts";
import type { DoorEvent } from "../../mesh/door/server/ports.ts";
import { readJoinSecret } from "../../mesh/door/code/join-secret.ts";
import type { MeshHost } from "../../mesh/host/mesh-host.ts";
import { Bell } from "../consensus/bell.ts";
import type { PairingEnd } from "../face.ts";
import type { SleepWatch } from "../sleep/events.ts";
import { MACHINE, type Ground } from "./ground.ts";
import { Here, notMember } from "./here.ts";
import { WaitingWrites } from "./home/waiting-writes.ts";
import { belongs, checkIdentity, ClusterHome, founderRecord, type ClusterRecord } from "./home/cluster-home.ts";
import { Kin } from "./joining/kin.ts";
import { Reception } from "./joining/reception.ts";
import type { OwnCluster } from "./joining/seeker.ts";
import { recordOf, type Welcome } from "./joining/welcome.ts";
import { EMPTY_STATE, type ClusterState } from "../state/model.ts";
import { holdsNothing } from "./member/contents.ts";
import { startMember, type Member, type MemberOptions } from "./member/member.ts";
import { Roster } from "./member/roster.ts";
import type { ClusterOptions } from "./options.ts";
import { openPremises, type Premises } from "./premises.ts";
import { Trouble } from "./trouble.ts";
import { WayOut } from "./way-out.ts";

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
  readonly #here = new Here();
  readonly #out: WayOut;
  #reception: Reception | undefined;
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
    this.#out = new WayOut({
      options,
      here: this.#here,
      home: this.#home,
      writes: this.#writes,
      trouble: this.#trouble,
      open: () => this.open(),
      belong: (record, how) => this.#belong(record, how),
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
    this.#here.record = record;
    await this.#home.sweep(belongs(record) ? record : undefined);
    if (belongs(record)) this.#here.roster = new Roster(this.options.identity.peerId, record);
    const premises = await openPremises({
      options: this.options,
      listen: (options) => this.#ground.listen(options),
      files: this.#ground.files,
      secret: this.#secret,
      sealingKey,
      standingOf: (peer) => this.#here.roster?.standingOf(peer) ?? "stranger",
      hasCompany: () => (this.#here.roster?.members.size ?? 0) > 1,
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
    this.#kin = new Kin({ visits: premises.visits, member: () => this.#here.member, log, over: this.#over.signal });
    this.#sleep = this.options.watchSleep?.(
      {
        fallAsleep: async (options) => {
          await Promise.all([this.#here.member?.fallAsleep(options), this.options.beforeSleep?.(options)]);
        },
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
    return this.#here.member;
  }

  get premises(): Premises | undefined {
    return this.#premises;
  }

  /** What was written down of the cluster that it belongs to, or did. */
  get record(): ClusterRecord | undefined {
    return this.#here.record;
  }

  /** Why it takes no part though it belongs; for people. */
  get trouble(): string | undefined {
    return this.#trouble.why;
  }

  get wayOutOfTrouble(): Pick<Trouble, "nextStep" | "isRetried"> {
    return this.#trouble;
  }

  get windowEnd(): PairingEnd | undefined {
    return this.#windowEnd;
  }

  get isAloneAndEmpty(): boolean {
    const { shared, outbox } = this.#here.member ?? {};
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
    withoutCorrelation(() => seeker.step({ type: "paired", cluster: welcome.cluster }));
  }

  /** @throws PeerError `not-member` */
  belongs(): Member {
    return this.#here.belongs();
  }

  /** How many writes were dropped that waited. @throws PeerError `not-member`, `no-quorum` */
  leave(): Promise<number> {
    return this.#out.leave();
  }

  /** As {@link leave}, without a word to the others, who go on counting on it. @throws PeerError `not-member` */
  abandon(): Promise<number> {
    return this.#out.abandon();
  }

  /** The last resort: goes on alone, as a cluster of its own, with what it has. @throws PeerError `not-member` */
  recover(): Promise<void> {
    return this.#out.recover();
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
    await this.#here.member?.stop();
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
    await this.#here.member?.stop();
    this.#here.member = undefined;
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
    const own = this.#here.member;
    if (own?.roster.cluster === welcome.cluster) return;
    if (own !== undefined && !(this.isAloneAndEmpty && this.#reception?.isBusy !== true)) {
      throw new PeerError("already-member", "this peer belongs to a cluster that holds something", {
        nextStep: "Leave it first: parley leave.",
      });
    }
    this.#here.isMoving = true;
    try {
      await own?.stop();
      this.#here.member = undefined;
      await this.#writes.drop("this peer belongs to another cluster now");
      const record = recordOf(welcome);
      await this.#home.write(record);
      await this.#home.sweep(record);
      await this.#belong(record, { isAgain: welcome.isBack === true });
      this.options.onNews?.("This peer belongs to a cluster now.");
    } finally {
      this.#here.isMoving = false;
      this.#premises?.knocker.stop();
    }
  }

  /** Whoever it had asked did not let it in after all. */
  #notLetIn(): void {
    if (this.#here.record === undefined) this.#premises?.seeker.step({ type: "started", as: "fresh" });
  }

  async #dissolve(to: string): Promise<void> {
    const own = this.#here.member;
    if (own === undefined || own.roster.cluster === to) return;
    // A client has come in this very moment: it stays.
    if (!this.isAloneAndEmpty) return this.#premises?.seeker.step({ type: "paired", cluster: own.roster.cluster });
    await own.stop();
    this.#here.member = undefined;
    this.#here.roster = undefined;
    this.#here.record = undefined;
    await this.#writes.drop("this peer gave its cluster up for another one");
    await this.#home.forget(own.roster);
    this.#bell.ring();
  }

  async #belong(
    record: ClusterRecord,
    // A founder's first entry may not have reached its log yet.
    { beginning = record.standing === "founding" ? EMPTY_STATE : undefined, isAgain = false }: Beginning = {},
  ): Promise<void> {
    const { host, sealingKey, visits, door } = this.open();
    const { name, timing, log, identity, describe } = this.options;
    const roster = new Roster(identity.peerId, record);
    this.#here.roster = roster;
    const given: MemberOptions = {
      host,
      home: this.#home,
      openLog: (folder, options) => this.#ground.openLog(folder, options),
      openOutbox: () => this.#writes.open(),
      roster,
      name,
      sealingKey,
      record: () => ({ ...describe(), addresses: addressesForOthers(host.addresses()).slice(0, 16) }),
      beginning,
      isLogExpected: isAgain && beginning === undefined,
      timing,
      log,
      waiting: () => door.waiting,
      changed: () => this.#bell.ring(),
      endingAsTold: (place, signal) => visits.endingAsTold(place, roster, signal),
      shownAt: async (place, signal) => (await visits.hello(place, signal)).about.cluster?.id,
      ended: (how) => this.#out.isOver(how),
      failed: (error) => this.#trouble.fell(error),
    };
    // It outlives the request that has made it a member.
    this.#here.member = await withoutCorrelation(() => startMember(given));
    this.#here.record = record;
    this.#trouble.over();
    this.#bell.ring();
  }

  #receive(host: MeshHost): Reception {
    this.#reception = new Reception({
      options: this.options,
      member: () => this.#here.member,
      isMember: (peer) => this.#here.roster?.standingOf(peer) === "member",
      revokedBy: (peer) => (this.#here.roster?.standingOf(peer) === "revoked" ? this.#here.roster.cluster : undefined),
      isAloneAndEmpty: () => this.isAloneAndEmpty,
      isMoving: () => this.#here.isMoving || this.#premises?.seeker.isPairing === true,
      isDoorOpen: () => this.#premises?.seeker.isDoorOpen === true,
      addresses: () => addressesForOthers(host.addresses()),
      changed: () => this.#bell.ring(),
    });
    return this.#reception;
  }

  #atDoor(event: DoorEvent): void {
    const { log } = this.options;
    // It may know of this peer alone: who is visited returns the visit, or two founders might never both know.
    if (event.type === "visited") return this.#heard(event.peerId, [addressOf(event)]);
    if (event.type === "window-closed") this.#windowEnd = event.why;
    if (event.type === "admitted") log.info({ remote: event.peerId, name: event.name, by: event.by }, "let in");
    if (event.type === "proof-failed") log.warn({ remote: event.peerId, method: event.method }, "a wrong proof");
    this.#bell.ring();
  }

  /** Others may be elsewhere by now, and so may this host. */
  #wake(awayMs: number): void {
    this.#here.member?.wake(awayMs);
    this.options.afterSleep?.();
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
    if (this.#here.roster?.standingOf(peer) === "member") this.#here.member?.links.learn(peer, addresses);
  }

  /** Something has changed: whoever has to know it is told. */
  #noticed(): void {
    const premises = this.#premises;
    if (premises === undefined || this.#closed !== undefined) return;
    premises.outside.update();
    const own = this.#own;
    // Whoever has no cluster lets nobody in; who has one that holds something goes nowhere else.
    if (this.#here.roster === undefined) premises.door.sendAway();
    if (own?.isAloneAndEmpty === false) premises.knocker.withdraw();
    if (own === undefined || isDeepStrictEqual(own, this.#told)) return;
    this.#told = own;
    premises.seeker.step({ type: "own", ...own });
  }

  get #own(): OwnCluster | undefined {
    const { isAloneAndEmpty } = this;
    const isBusy = this.#reception?.isBusy === true || this.#premises?.door.window !== undefined;
    return this.#here.member === undefined ? undefined : { isAloneAndEmpty, isBusy };
  }
}
