/**
 * A cluster under simulation. Everything that happens is an event of one timeline, drawn from one seed; after each, the
 * invariants are asked. {@link Carrier} stands for driver and store: a peer built on those goes in its place.
 */
import type { Entry, Message } from "@parley/raft";
import { Digest } from "../kit/digest.ts";
import { Network } from "../kit/network.ts";
import { Random } from "../kit/random.ts";
import { MS, Timeline, type Micros } from "../kit/timeline.ts";
import { Violation } from "../kit/violation.ts";
import { Carrier, type CrashPoint, type Peer, type PeerHost } from "./carrier.ts";
import { Chronicle } from "./chronicle.ts";
import { Clients, type Server } from "./clients.ts";
import type { Core } from "./core.ts";
import { LogImage } from "./image.ts";
import { allInvariants } from "./invariants/index.ts";
import { Machine } from "./machine.ts";
import { Host } from "./node.ts";
import { ELECTION_TICKS, type Plan } from "./plan.ts";

/** A line of the trace. */
export type Trace = (line: string) => void;

const MAX_DEFERRED = 500;
const MAX_REMEMBERED = 300;
const MAX_REMEMBERED_SNAPSHOTS = 20;

export class World {
  readonly plan: Plan;
  readonly core: Core;
  readonly timeline = new Timeline();
  readonly network: Network;
  readonly chronicle: Chronicle;
  readonly hosts = new Map<number, Host>();
  readonly clients: Clients;
  readonly digest = new Digest();
  events = 0;
  /** Faults stop and everything works again. */
  isHealed = false;
  /** Messages sent lately, which may turn up once more. */
  readonly sentLately: Message[] = [];
  /** Snapshots are rare and would be forgotten among the rest. */
  readonly snapshotsSentLately: Message[] = [];
  readonly #random: Random;
  readonly #chance: Random;
  readonly #trace: Trace | undefined;
  readonly #kinds = new Map<string, number>();

  constructor(core: Core, plan: Plan, trace?: Trace) {
    this.core = core;
    this.plan = plan;
    this.#trace = trace;
    this.#random = new Random(plan.seed, "world");
    this.#chance = this.#random.fork("crash-points");
    this.network = new Network(this.#random.fork("network"));
    const founders = Array.from({ length: plan.founders }, (_, i) => i + 1);
    const founding = {
      index: 1,
      term: 1,
      confState: { voters: founders, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
      data: new Machine().encode(),
    };
    this.chronicle = new Chronicle(core, founding);
    this.chronicle.watchWith(allInvariants(this.chronicle));
    for (const id of founders) this.start(this.#addHost(id, LogImage.founded(core, founding)));
    this.clients = new Clients(
      {
        after: (delay, run) => this.timeline.after(delay, run),
        someone: (random) => this.#someone(random),
        note: (kind, a, b, c) => this.note(kind, a, b, c),
        wrote: (outcome) => {
          this.chronicle.wrote(outcome);
          this.#strikeAfterAcknowledgement(outcome.node);
        },
        read: (outcome) => this.chronicle.read(outcome),
      },
      this.#random.fork("clients"),
      plan.clients,
      plan.thinkTime,
      plan.faults.has("client-retries"),
    );
  }

  /** Writes down that something happened; the digest of a run is made of these. */
  note(kind: string, ...values: readonly number[]): void {
    let code = this.#kinds.get(kind);
    if (code === undefined) {
      code = this.#kinds.size + 1;
      this.#kinds.set(kind, code);
      this.digest.addText(kind);
    }
    this.digest.add(this.timeline.now);
    this.digest.add(code);
    for (const value of values) this.digest.add(value);
    this.#trace?.(`${(this.timeline.now / MS).toFixed(3)} ${kind} ${values.join(" ")}`);
  }

  /** Runs events until `end`, or until `isDone` says so after one of them. */
  runUntil(end: Micros, isDone: () => boolean = () => false): void {
    while (this.timeline.runNext(end)) {
      this.events += 1;
      if (isDone()) return;
    }
  }

  /** The host `id`, which begins with an empty disk if it is new. */
  host(id: number): Host {
    return this.hosts.get(id) ?? this.#addHost(id, new LogImage(this.core));
  }

  start(host: Host): void {
    if (host.peer !== undefined) return;
    const { plan } = this;
    const { id, view, disk } = host;
    if (plan.faults.has("old-snapshot") && !this.isHealed && this.#chance.chance(0.5)) {
      disk.durable.fallBack();
      disk.contents.fallBack();
    }
    host.life += 1;
    const { life } = host;
    const random = host.random.fork(`life/${life}`);
    const peer = this.#guarded(host, () => this.#makePeer(host, random));
    host.peer = peer;
    host.server = {
      id,
      propose: (data) => this.#later(host, life, () => peer.propose(data)),
      readIndex: (name) => this.#later(host, life, () => peer.readIndex(name)),
    };
    view.status = peer.status();
    view.applied = peer.machine.index;
    view.isSettled = true;
    this.note("start", id, view.status.term, view.status.commit, view.applied);
    this.chronicle.started(view);
    if (disk.contents.snapshot.index > 0) this.chronicle.snapshot(view, disk.contents.snapshot);
    // With aligned clocks all hosts tick at the same moments, else each has a phase of its own.
    const isAligned = plan.faults.has("aligned-clocks");
    const phase = isAligned ? host.tickPeriod - (this.timeline.now % host.tickPeriod) : random.next() * host.tickPeriod;
    this.#tickAfter(host, life, phase);
  }

  crash(host: Host, losesUnsynced: boolean): void {
    if (host.peer === undefined) return;
    this.note(losesUnsynced ? "power-cut" : "crash", host.id);
    host.peer = undefined;
    host.server = undefined;
    host.isPaused = false;
    host.deferred = [];
    host.view.isUp = false;
    host.disk.crash(losesUnsynced);
  }

  pause(host: Host): void {
    if (host.peer === undefined || host.isPaused) return;
    this.note("pause", host.id);
    host.isPaused = true;
  }

  resume(host: Host): void {
    if (!host.isPaused) return;
    this.note("resume", host.id);
    host.isPaused = false;
    const { deferred } = host;
    host.deferred = [];
    for (const run of deferred) run();
  }

  /** Lets `action` happen at a host that is up, and asks the invariants. */
  at(host: Host, action: (peer: Peer) => void): void {
    const { peer } = host;
    if (peer !== undefined) this.#later(host, host.life, () => action(peer));
  }

  leaders(): readonly Host[] {
    return [...this.hosts.values()].filter(({ peer, view }) => peer !== undefined && view.status.role === "leader");
  }

  up(): readonly Host[] {
    return [...this.hosts.values()].filter(({ peer }) => peer !== undefined);
  }

  /** Puts `message` on its way, as often as the network pleases. */
  transmit(message: Message): void {
    const { from, to } = message;
    const arrivals = this.network.fate(from, to, this.timeline.now);
    for (const delay of arrivals) this.timeline.after(delay, () => this.deliver(message));
    const sender = this.hosts.get(from);
    if (sender === undefined) return;
    if (message.type === "snapshot") {
      const [first] = arrivals;
      const delay = first === undefined ? 300 * MS : first + MS;
      this.#afterAt(sender, delay, (peer) => peer.reportSnapshot(to, first !== undefined));
    } else if (arrivals.length === 0 && this.plan.faults.has("unreachable-reports") && this.#chance.chance(0.3)) {
      this.#afterAt(sender, MS, (peer) => peer.reportUnreachable(to));
    }
  }

  /** Lets `action` happen at this life of the host, later. */
  #afterAt(host: Host, delay: Micros, action: (peer: Peer) => void): void {
    const { peer, life } = host;
    if (peer !== undefined) this.timeline.after(delay, () => this.#later(host, life, () => action(peer)));
  }

  deliver(message: Message): void {
    const host = this.hosts.get(message.to);
    const peer = host?.peer;
    if (host === undefined || peer === undefined) return;
    this.#later(host, host.life, () => {
      const { type, from, to, term, index, commit, entries, reject } = message;
      this.note(type, from, to, term, index, commit, entries.length, reject ? 1 : 0);
      this.chronicle.receiving(host.view, message);
      const isFromLeader = type === "append" || type === "heartbeat" || type === "snapshot";
      const isCurrent = term >= host.view.status.term;
      peer.step(message);
      if (isFromLeader && isCurrent) host.view.ticksSinceLeader = 0;
    });
  }

  #addHost(id: number, image: LogImage): Host {
    const host = new Host({
      id,
      timeline: this.timeline,
      random: this.#random.fork(`host/${id}`),
      image,
      checkQuorum: this.plan.checkQuorum,
      synced: (view) => this.chronicle.durable(view),
    });
    this.hosts.set(id, host);
    this.chronicle.views.set(id, host.view);
    return host;
  }

  #someone(random: Random): Server | undefined {
    const leader = random.pick(this.leaders());
    return (leader !== undefined && random.chance(0.5) ? leader : random.pick(this.up()))?.server;
  }

  #makePeer(host: Host, random: Random): Peer {
    const { plan } = this;
    const { preVote, checkQuorum, stepDownOnRemoval, readOnly } = plan;
    return new Carrier(this.#portsOf(host), {
      id: host.id,
      electionTicks: ELECTION_TICKS,
      preVote,
      checkQuorum,
      stepDownOnRemoval,
      readOnly,
      informStragglers: true,
      ...plan.nodeOf(host.id),
      random: () => random.next(),
      snapshotIsBusy: () => plan.faults.has("busy-snapshot") && !this.isHealed && random.chance(0.5),
    });
  }

  #portsOf(host: Host): PeerHost {
    const { life, disk, view } = host;
    const isAlive = (): boolean => host.life === life && host.peer !== undefined;
    return {
      core: this.core,
      disk: {
        get contents() {
          return disk.contents;
        },
        write: (batch, isSynced, done) => {
          if (!isAlive()) return;
          let isNow = true;
          // A finished write is an event of the host; one that needs no sync is done on the spot.
          disk.write(batch, isSynced, () => (isNow ? done() : this.#later(host, life, done)));
          isNow = false;
        },
      },
      after: (delay, run) => this.timeline.after(delay, () => this.#later(host, life, run)),
      send: (message) => {
        if (isAlive()) this.#send(host, message);
      },
      dies: (where) => !isAlive() || this.#strikes(host, where),
      applyLatency: () => MS * host.random.next() * host.applySlowness,
      readied: (ready) => {
        this.#observe(host);
        this.chronicle.readied(view, ready);
      },
      applying: (entry) => {
        this.#observe(host);
        this.chronicle.applying(view, entry);
      },
      applied: (entry, outcome) => this.#applied(host, entry, outcome),
      restored: (snapshot) => this.chronicle.snapshot(view, snapshot),
      read: (name, machine) => {
        if (host.server !== undefined) this.clients.served(host.server, name, machine);
      },
    };
  }

  #send(host: Host, message: Message): void {
    this.chronicle.sent(host.view, message);
    remember(this.sentLately, message, MAX_REMEMBERED);
    if (message.type === "snapshot") remember(this.snapshotsSentLately, message, MAX_REMEMBERED_SNAPSHOTS);
    this.transmit(message);
  }

  #applied(host: Host, entry: Entry, outcome: Parameters<PeerHost["applied"]>[1]): void {
    this.#observe(host);
    this.note("apply", host.id, entry.index, entry.term);
    if (host.peer !== undefined) this.chronicle.applied(host.view, entry.index, host.peer.machine.digest);
    if (outcome !== undefined && host.server !== undefined) this.clients.applied(host.server, entry, outcome);
  }

  /** Nobody but the leader knows yet that the write is committed. */
  #strikeAfterAcknowledgement(id: number): void {
    const host = this.hosts.get(id);
    const { faults } = this.plan;
    if (host?.view.status.role !== "leader" || this.isHealed || !faults.has("crash-after-acknowledgement")) return;
    if (!this.#chance.chance(0.05)) return;
    this.timeline.after(0, () => {
      this.crash(host, faults.has("power-cut"));
      this.timeline.after(MS * this.#chance.between(10, 3000), () => this.restart(host));
    });
  }

  #strikes(host: Host, where: CrashPoint): boolean {
    const { faults, intensity } = this.plan;
    if (this.isHealed || !faults.has("crash-at-any-step")) return false;
    if (!this.#chance.chance((where === "before-write" || where === "after-write" ? 0.002 : 0.0005) * intensity)) {
      return false;
    }
    this.crash(host, faults.has("power-cut") && this.#chance.chance(0.5));
    this.timeline.after(MS * this.#chance.between(10, 2000), () => this.restart(host));
    return true;
  }

  restart(host: Host): void {
    if (!host.isStopped) this.start(host);
  }

  #tickAfter(host: Host, life: number, delay: Micros): void {
    this.timeline.after(delay, () => {
      const { peer } = host;
      if (peer === undefined || host.life !== life) return;
      // A host that stands still misses its ticks.
      if (!host.isPaused) {
        this.#later(host, life, () => {
          host.view.ticksSinceLeader += 1;
          peer.tick();
        });
      }
      this.#tickAfter(host, life, host.tickPeriod);
    });
  }

  /** Runs `action` at the host now, after its pause, or never if that life of it is over. */
  #later(host: Host, life: number, action: () => void): void {
    if (host.peer === undefined || host.life !== life) return;
    if (host.isPaused) {
      if (host.deferred.length < MAX_DEFERRED) host.deferred.push(() => this.#later(host, life, action));
      return;
    }
    this.#guarded(host, action);
    if (host.life === life) this.#observe(host);
  }

  #observe(host: Host): void {
    const { peer, view } = host;
    if (peer === undefined) return;
    const wasLeader = view.status.role === "leader";
    this.chronicle.state(view, peer.status(), peer.machine.index, peer.isSettled);
    if (wasLeader || view.status.role !== "leader" || !this.plan.faults.has("eager-reads")) return;
    if (host.server !== undefined) this.clients.readEagerly(host.server);
  }

  /** What the core itself finds impossible is a violation too. */
  #guarded<T>(host: Host, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof Violation) throw error;
      const text = error instanceof Error ? error.message : String(error);
      const invariant = error instanceof this.core.InvariantError ? "core-assertions" : "core-does-not-throw";
      throw new Violation(invariant, `node ${host.id}: ${text}`);
    }
  }
}

function remember(messages: Message[], message: Message, max: number): void {
  if (messages.length >= max) messages.shift();
  messages.push(message);
}
