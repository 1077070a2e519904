/** A peer that belongs: everything that it runs for its cluster, from its links up to its actors. */
import type { ElectionTiming } from "@parley/raft";
import { availableParallelism } from "node:os";
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { PeerError } from "../../../errors.ts";
import type { MeshHost } from "../../../mesh/host/mesh-host.ts";
import type { SealingKey } from "../../../mesh/keys/sealing-key.ts";
import { makeMeshKey } from "../../../mesh/keys/mesh-key.ts";
import { createLinks, type Links } from "../../../mesh/links/links.ts";
import type { SharedState, Submitted } from "../../consensus/shared-state.ts";
import { Courier, type Destination } from "../../outbox/courier.ts";
import type { Outbox } from "../../outbox/outbox.ts";
import { depart } from "../../membership/departures.ts";
import { leaving } from "../../membership/sleep.ts";
import type { ClusterState } from "../../state/model.ts";
import { KNOWN_VERSION } from "../../state/versions.ts";
import type { CommandOf, NodeRecord } from "../../state/schemas.ts";
import type { Ground } from "../ground.ts";
import type { Welcome } from "../joining/welcome.ts";
import type { ClusterHome, ClusterRecord } from "../home/cluster-home.ts";
import { startAgreement, type Agreement } from "./agreement.ts";
import { Attendance } from "./attendance.ts";
import { hasPairs } from "./contents.ts";
import { startCompany, type Company, type CompanyOptions } from "./company.ts";
import { Duties } from "./duties.ts";
import { Life } from "./life.ts";
import { MeshIdentity } from "./mesh-identity.ts";
import { Rest } from "./rest.ts";
import type { Roster } from "./roster.ts";
import { ShutOut, type ShutOutOptions } from "./shut-out.ts";

export interface MemberOptions extends Pick<CompanyOptions, "waiting"> {
  readonly host: MeshHost;
  readonly home: ClusterHome;
  readonly openLog: Ground["openLog"];
  /** @throws PeerError `home-unusable` */
  readonly openOutbox: () => Promise<Outbox>;
  readonly roster: Roster;
  readonly name: string;
  readonly sealingKey: SealingKey;
  readonly record: () => NodeRecord;
  /** What a cluster that begins with this peer begins with: nothing, or what a last resort has saved. */
  readonly beginning: ClusterState | undefined;
  /** It has taken part under this number before: without its log it does not know what it has voted and acknowledged. */
  readonly isLogExpected: boolean;
  readonly timing: ElectionTiming | undefined;
  readonly log: Logger;
  /** Something has changed that people may want to see. */
  readonly changed: () => void;
  /** Asks a member that refuses this peer whether it was revoked. */
  readonly endingAsTold: ShutOutOptions["endingAsTold"];
  /** Which cluster it shows. */
  readonly shownAt: ShutOutOptions["shownAt"];
  /** The cluster says that this peer belongs no more. */
  readonly ended: (how: "left" | "revoked") => void;
  /** Something of it has ended by itself; the rest is to be stopped. */
  readonly failed: (error: Error) => void;
}

interface Parts {
  readonly links: Links;
  readonly outbox: Outbox;
  readonly agreement: Agreement;
  readonly identity: MeshIdentity;
  readonly company: Company;
}

/** Starts all of it. @throws RaftError for a log that cannot be used; PeerError `no-quorum` when founding comes to nothing */
export async function startMember(options: MemberOptions): Promise<Member> {
  const { host, home, roster, sealingKey, log } = options;
  const links = await createLinks({ host, log });
  let agreement: Agreement | undefined;
  let outbox: Outbox | undefined;
  try {
    outbox = await options.openOutbox();
    const { folder, wasLeftBehind } = await home.logFolder(roster);
    const isLogExpected = options.isLogExpected || wasLeftBehind;
    agreement = await startAgreement({ ...options, links, folder, isLogExpected });
    const { shared } = agreement;
    const { cluster, self } = roster;
    const { privateKey } = sealingKey;
    const identity = new MeshIdentity({ cluster, self, sealingKey: privateKey, stateOf: () => shared.now });
    if (options.beginning?.id === undefined && options.beginning !== undefined) await found(options, shared);
    const company = await startCompany({ ...options, links, shared, identity, electorate: agreement.electorate });
    return new Member(options, { links, outbox, agreement, identity, company });
  } catch (error) {
    await agreement?.stop();
    await outbox?.close();
    await links.close();
    throw error;
  }
}

export class Member {
  readonly links: Links;
  readonly shared: SharedState;
  readonly agreement: Agreement;
  readonly identity: MeshIdentity;
  readonly company: Company;
  readonly roster: Roster;
  readonly life: Life;
  /** What members say that refuse this peer. */
  readonly shutOut: ShutOut;
  /** What waits to be delivered. */
  readonly outbox: Outbox;
  readonly rest: Rest;
  readonly #courier: Courier;
  readonly #options: MemberOptions;
  readonly #attendance: Attendance;
  readonly #duties: Duties;
  readonly #stops: (() => void)[];
  /** What matters here of the state, as it was when it was looked at last. */
  #seen: readonly unknown[] = [];
  #written: ClusterRecord | undefined;
  #isLeaving = false;
  #stopped: Promise<void> | undefined;

  constructor(options: MemberOptions, { links, outbox, agreement, identity, company }: Parts) {
    const { host, roster, record, log } = options;
    const { shared, consensus } = agreement;
    this.#options = options;
    this.links = links;
    this.outbox = outbox;
    this.agreement = agreement;
    this.shared = shared;
    this.identity = identity;
    this.company = company;
    this.roster = roster;
    const { leadership } = consensus;
    this.life = new Life({
      topics: host.topics,
      links,
      prime: () => leadership.current(),
      log,
      cores: availableParallelism(),
    });
    this.#attendance = new Attendance({ host, links, roster, counts: (node) => this.#counts(node) });
    this.rest = new Rest({
      roster,
      shared,
      homes: company.homes,
      votes: () => this.votes.isVoter,
      look: () => this.#duties.look(),
      log,
    });
    this.#duties = new Duties({
      self: roster.self,
      shared,
      identity,
      secrets: agreement.secrets,
      record,
      log,
      isGoing: () => this.#isLeaving || this.rest.isResting,
    });
    this.shutOut = new ShutOut({
      roster,
      links,
      log,
      endingAsTold: options.endingAsTold,
      shownAt: options.shownAt,
      changed: options.changed,
      ended: options.ended,
    });
    this.#courier = new Courier(outbox, destinationOf(roster.self, shared), log);
    this.#stops = [
      outbox.watch(() => options.changed()),
      consensus.watch(() => this.#applied()),
      leadership.watch(() => {
        log.info(leadership.current(), "who is prime has changed");
        this.#duties.look();
        options.changed();
      }),
      links.onEvent(() => options.changed()),
    ];
    agreement.keepMembership();
    log.info(
      { cluster: roster.cluster, node: roster.node, ...leadership.current() },
      "this peer takes part in its cluster",
    );
    this.#applied();
  }

  /** The number of voters of the log's configuration that are there, and how many it takes. */
  get votes(): { readonly voters: readonly number[]; readonly isVoter: boolean } {
    const { voters } = this.agreement.consensus.node.status().confState;
    return { voters, isVoter: voters.includes(this.roster.node) };
  }

  /** Somebody who leads is known. */
  get hasPrime(): boolean {
    return this.shared.consensus.leadership.current().leader !== undefined;
  }

  /**
   * Its host is about to sleep: the others take over leadership and vote while it can still hand them over. Its shards they take
   * when it is gone. Takes no longer than `timeoutMs`, and never rejects.
   */
  fallAsleep(options: { readonly timeoutMs: number }): Promise<void> {
    return this.rest.fallAsleep(options);
  }

  /**
   * Its host is awake, after it did nothing for `awayMs`; 0: it did not sleep. No link is taken to live because it did before, and
   * who is prime is told by whoever answers: nothing that counts here rests on what this peer believed (reads and writes ask a
   * majority). It asks for its vote back.
   */
  wake(awayMs: number): void {
    const { members, self } = this.roster;
    for (const { peer, addresses } of members.values()) {
      if (awayMs === 0 || peer === self) continue;
      this.links.reset(peer, "this host was asleep");
      this.links.learn(peer, addresses);
    }
    this.rest.wake();
  }

  /**
   * Leaves for good. It gives up its vote first: the others take over leadership, vote and shards while it can still
   * hand them over.
   * @throws PeerError `no-quorum`; then it stays
   */
  async leave({ timeoutMs, drainMs }: { readonly timeoutMs: number; readonly drainMs: number }): Promise<void> {
    const { self } = this.roster;
    await this.#delivered(drainMs);
    this.#isLeaving = true;
    try {
      expectDone(await this.shared.submit(leaving(self), { timeoutMs }));
      await this.#withoutVote(timeoutMs);
      // One that counts and is gone is missed: of two, the other could never agree on anything again.
      if (this.votes.isVoter) throw notLetGo("the others could not do without its vote in time");
      // Last: whoever has handed over its shards gets none again while it runs.
      await this.#handOff(drainMs);
      const submitted = await depart(this.shared, self, { timeoutMs });
      // Of what is not known here the others may know: then they say so by not talking to this peer any more.
      if (this.shared.now.members.has(self)) expectDone(submitted);
    } catch (error) {
      this.#isLeaving = false;
      throw error;
    }
    await this.stop();
  }

  /**
   * Members say, and have proven it, that others belong now than this peer knew. It has yet to hear so from their prime, which
   * it will once it is linked with them. False when that is no news, or cannot be.
   */
  async acquaint({ node, index, members }: Welcome): Promise<boolean> {
    const { roster } = this;
    const last = roster.record("member");
    const isNews = index > Math.max(last.index, this.shared.now.index);
    const isOfThis = node === roster.node && members.some(({ peer }) => peer === roster.self);
    if (!isNews || !isOfThis || this.#isLeaving || this.#stopped !== undefined) return false;
    const known = members.filter(({ peer }) => roster.standingOf(peer) !== "revoked");
    const record = { ...last, index, members: known };
    await this.#options.home.write(record);
    this.#written = record;
    roster.remember(record);
    this.#attendance.update();
    this.#options.changed();
    return true;
  }

  /** Stays a member. May be called twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** In this order: nobody acts any more, then nobody agrees, then nobody is reached. */
  async #stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#duties.stop();
    await this.#courier.stop();
    this.shutOut.close();
    this.#attendance.close();
    this.life.close();
    await this.company.close();
    await this.agreement.stop();
    await this.outbox.close();
    await this.links.close();
  }

  #counts(node: number): boolean {
    const { voters, votersOutgoing, learners, learnersNext } = this.agreement.consensus.node.status().confState;
    return [voters, votersOutgoing, learners, learnersNext].some((nodes) => nodes.includes(node));
  }

  /** Most of what is applied is nobody's business here. */
  #applied(): void {
    const { roster } = this;
    const { members, revoked, records, settings, meshKey, pairs } = this.shared.now;
    const now = [members, revoked, records, settings, meshKey, hasPairs(pairs), roster.isCurrent];
    if (now.every((part, i) => part === this.#seen[i])) return;
    this.#seen = now;
    this.#attendance.update();
    this.#duties.look();
    this.#write();
    if (roster.isCurrent && !roster.members.has(roster.self) && !this.#isLeaving) {
      this.#options.ended(roster.standingOf(roster.self) === "revoked" ? "revoked" : "left");
    }
    this.#options.changed();
  }

  /** Writes down who belongs. */
  #write(): void {
    if (!this.roster.isCurrent || this.#isLeaving) return;
    const record = this.roster.record("member");
    if (isDeepStrictEqual(record, this.#written)) return;
    this.#written = record;
    this.roster.remember(record);
    this.#options.home.write(record).catch((error: unknown) => {
      [this.#written, this.#seen] = [undefined, []];
      this.#options.log.error({ err: error }, "who belongs to the cluster could not be written down");
    });
  }

  /** Until nothing waits any more, or the time is over, or nobody leads. */
  async #delivered(timeoutMs: number): Promise<void> {
    const untilMs = performance.now() + timeoutMs;
    while (this.outbox.load.count > 0 && this.hasPrime && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Until this peer votes no more, or the time is over. */
  async #withoutVote(timeoutMs: number): Promise<void> {
    const untilMs = performance.now() + timeoutMs;
    while (this.votes.isVoter && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 25));
  }

  /** Until others have its shards, or the time is over. It gets none any more. */
  async #handOff(timeoutMs: number): Promise<void> {
    try {
      await this.company.homes.drain({ timeoutMs });
    } catch (error) {
      // Those who come after it take them over all the same, without having been told.
      this.#options.log.info({ err: error }, "the shards of this peer were not all handed over");
    }
  }
}

function destinationOf(self: string, shared: SharedState): Destination {
  const { leadership } = shared.consensus;
  return {
    self,
    submit: (command, options) => shared.submit(command, options),
    read: (options) => shared.read(options),
    last: () => shared.now.delivered.get(self),
    hasPrime: () => leadership.current().leader !== undefined,
    watchPrime: (changed) => leadership.watch(() => changed()),
  };
}

/** @throws PeerError `no-quorum` */
function expectDone(submitted: Submitted): void {
  if (submitted.outcome !== "done") throw notLetGo(submitted.detail);
}

function notLetGo(why: string): PeerError {
  return new PeerError("no-quorum", `the cluster has not let this peer go: ${why}`, {
    nextStep: "Try again when more of its peers can be reached (parley status).",
  });
}

/** Makes the cluster's first entry; does nothing where it is there already. */
async function found(options: MemberOptions, shared: SharedState): Promise<void> {
  const { roster, name, sealingKey, record } = options;
  const { cluster, self } = roster;
  const { publicKey } = sealingKey;
  const { record: meshKey } = makeMeshKey(cluster, [{ peerId: self, sealingKey: publicKey }]);
  const member = {
    peer: self,
    name,
    sealingKey: publicKey,
    roles: record().roles,
    admittedMs: Date.now(),
    knows: KNOWN_VERSION,
  };
  const box = meshKey.sealed[self] ?? new Uint8Array();
  const command: CommandOf<"found"> = {
    type: "found",
    cluster,
    member,
    meshKey: { publicKey: meshKey.publicKey, signature: meshKey.signature, box },
  };
  const submitted = await shared.submit(command, { timeoutMs: 15_000 });
  if (submitted.outcome === "done" || shared.now.id === cluster) return;
  throw new PeerError("no-quorum", `the cluster could not be founded: ${submitted.detail}`, {
    nextStep: "Check that this peer's disk can be written to, and start it again.",
  });
}
