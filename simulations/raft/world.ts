/**
 * A cluster under simulation. Everything that happens is an event of one timeline, drawn from one seed; all promises that
 * an event lets go on do so before the next. Each host runs the shipped driver on the shipped log; see `life.ts`.
 */
import type { DiskOperation, Message } from "@parley/raft";
import { Digest } from "../kit/digest.ts";
import { HostClock } from "../kit/host-clock.ts";
import { Network } from "../kit/network.ts";
import { Random } from "../kit/random.ts";
import { MS, Timeline, type Micros } from "../kit/timeline.ts";
import { endOfTurn } from "../kit/turn.ts";
import { Violation } from "../kit/violation.ts";
import { Chronicle, newView } from "./chronicle.ts";
import { Clients } from "./clients.ts";
import { Host, Life } from "./host.ts";
import { allInvariants } from "./invariants/index.ts";
import type { Library } from "./library.ts";
import { begin } from "./life.ts";
import { isQuorum } from "./membership-model.ts";
import type { Plan } from "./plan.ts";
import { Post } from "./post.ts";
import { DiskFull, loseTail, rot } from "./storage.ts";
import { repeat, type Stream } from "./wire.ts";

/** A line of the trace. */
export type Trace = (line: string) => void;

/** Messages that wait for a paused host; sockets hold no more. */
const MAX_DEFERRED = 500;
const MAX_REMEMBERED_STREAMS = 10;
const TIMERS_LATER: Micros = 0.2 * MS;

export class World {
  readonly plan: Plan;
  readonly library: Library;
  readonly timeline = new Timeline();
  readonly network: Network;
  readonly chronicle: Chronicle;
  readonly hosts = new Map<number, Host>();
  readonly founders: readonly number[];
  readonly clients: Clients;
  readonly digest = new Digest();
  events = 0;
  /** Faults stop and everything works again. */
  isHealed = false;
  /** Disks, like the network, take the same time for everyone. */
  hasFixedLatency = false;
  readonly post: Post;
  readonly #streamedLately: Stream[] = [];
  readonly #random: Random;
  readonly #chance: Random;
  readonly #trace: Trace | undefined;
  readonly #kinds = new Map<string, number>();
  #failure: Violation | undefined;

  constructor(library: Library, plan: Plan, trace?: Trace) {
    this.library = library;
    this.plan = plan;
    this.#trace = trace;
    this.#random = new Random(plan.seed, "world");
    this.#chance = this.#random.fork("crash-points");
    this.network = new Network(this.#random.fork("network"));
    this.post = new Post(this);
    this.chronicle = new Chronicle(library);
    this.chronicle.watchWith(allInvariants(this.chronicle));
    this.founders = Array.from({ length: plan.founders }, (_, i) => i + 1);
    for (const id of this.founders) this.start(this.host(id));
    this.clients = new Clients(this, this.#random.fork("clients"));
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

  /** Runs events until `end`, or until `isDone` says so after one of them. @throws Violation. */
  async runUntil(end: Micros, isDone: () => boolean = () => false): Promise<void> {
    while (this.timeline.runNext(end)) {
      await endOfTurn();
      if (this.#failure !== undefined) throw this.#failure;
      this.events += 1;
      if (isDone()) return;
    }
  }

  /**
   * Ends the run; the first to say so is heard. What the driver calls must not throw. What the driver itself finds
   * impossible is a violation too.
   */
  fail(error: unknown, where = "somewhere"): void {
    if (error instanceof Violation) this.#failure ??= error;
    if (this.#failure !== undefined) return;
    const invariant = error instanceof this.library.InvariantError ? "driver-assertions" : "driver-does-not-fail";
    const text = error instanceof Error ? error.message : String(error);
    this.#trace?.(error instanceof Error ? (error.stack ?? text) : text);
    this.#failure = new Violation(invariant, `${where}: ${text}`);
  }

  /** The host `id`, which begins with an empty disk if it is new. */
  host(id: number): Host {
    const known = this.hosts.get(id);
    if (known !== undefined) return known;
    const { MemoryDisk, DurableImage } = this.library;
    const disk = new MemoryDisk();
    const durable = new DurableImage(disk);
    const random = this.#random.fork(`host/${id}`);
    const clock = new HostClock(this.timeline, 1e6 * random.next());
    const view = newView(id, durable, () => host.isDoubtful);
    const host: Host = new Host({ id, disk, durable, clock, random, view });
    this.hosts.set(id, host);
    this.chronicle.views.set(id, host.view);
    return host;
  }

  start(host: Host): void {
    if (host.life !== undefined) return;
    const life = new Life(host, (each, done) => {
      this.watch(each, () => this.chronicle.done(host.view, done));
      this.strikes(each);
    });
    host.life = life;
    this.note("boot", host.id, life.number);
    begin(this, life).catch((error: unknown) => {
      if (!life.isOver) this.ended(life, error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** Ends the process at once. With the power gone, what was not synced goes too. */
  crash(host: Host, losesUnsynced: boolean): void {
    if (host.life === undefined) return;
    this.note(losesUnsynced ? "power-cut" : "crash", host.id);
    this.#end(host, host.life, losesUnsynced);
    if (losesUnsynced) this.#damage(host);
  }

  /** The process ended by itself. */
  ended(life: Life, error: Error | undefined): void {
    const { host } = life;
    this.note("ended", host.id, error === undefined ? 0 : 1);
    this.#end(host, life, false);
    const isRefusal = error instanceof DiskFull || this.library.isRaftError(error, "storage-failed", "corrupt");
    const isExcused = life.mayFail && isRefusal;
    if (error !== undefined && !isExcused) this.fail(error, `node ${host.id}`);
    if (error === undefined && !life.isStopping) this.fail(new Error("it stopped untold"), `node ${host.id}`);
    this.timeline.after(MS * this.#chance.between(10, 1000), () => this.restart(host));
  }

  restart(host: Host): void {
    this.start(host);
  }

  pause(host: Host): void {
    if (host.life === undefined || host.isPaused) return;
    this.note("pause", host.id);
    host.isPaused = true;
    host.isBehind = true;
  }

  resume(host: Host): void {
    if (!host.isPaused) return;
    this.note("resume", host.id);
    host.isPaused = false;
    const { deferred } = host;
    host.deferred = [];
    // What waited in its sockets may be taken in before its timers: it is answered out of old time then.
    const socketsFirst = this.#chance.chance(0.5);
    const isAsked = socketsFirst && this.plan.faults.has("eager-reads") && !this.isHealed;
    if (isAsked && host.life !== undefined) this.clients.readEagerly(host.life, true);
    for (const { run, isFromSocket } of deferred) {
      this.timeline.after(socketsFirst && !isFromSocket ? TIMERS_LATER : 0, run);
    }
  }

  /** Runs `action` at the host now, after its pause, or never if that life of it is over. */
  run(life: Life, action: () => void, isFromSocket = false): void {
    const { host } = life;
    if (life.isOver) return;
    if (host.isPaused) {
      const isLost = isFromSocket && host.deferred.length >= MAX_DEFERRED;
      if (!isLost) host.deferred.push({ run: () => this.run(life, action), isFromSocket });
      return;
    }
    try {
      action();
    } catch (error) {
      this.fail(error, `node ${host.id}`);
    }
  }

  /** Lets observers look; a violation that they find ends the run, without the driver seeing it. */
  watch(life: Life, look: () => void): void {
    if (!life.isOver) this.#look(look);
  }

  /** Lets `action` happen at a node that runs. */
  at(host: Host, action: (life: Life) => void): void {
    const { life } = host;
    if (life?.node === undefined) return;
    this.run(life, () => {
      life.watcher?.shaken();
      action(life);
    });
  }

  leaders(): readonly Host[] {
    return this.up().filter(({ view }) => view.status.role === "leader");
  }

  up(): readonly Host[] {
    return [...this.hosts.values()].filter(({ node }) => node !== undefined);
  }

  /**
   * Whether those who do not doubt their logs can still elect a leader, without `host` too if it is given: by the newest
   * configuration, and by every one that a voter may still count by.
   */
  canElect(without?: Host): boolean {
    const { chronicle, hosts } = this;
    const newest = chronicle.confAt(chronicle.lastCommitted);
    if (newest === undefined) return false;
    const voters = [...newest.voters, ...newest.votersOutgoing];
    const applied = Math.min(...voters.map((id) => hosts.get(id)?.view.applied ?? 0));
    const sure = new Set(
      [...hosts.values()].filter((host) => host !== without && !host.isDoubtful).map(({ id }) => id),
    );
    return chronicle.confsSince(applied).every((conf) => isQuorum(conf, sure));
  }

  mayDoubt(host: Host): boolean {
    return !this.isHealed && this.canElect(host);
  }

  after(delay: Micros, run: () => void): void {
    this.timeline.after(delay, run);
  }

  sent(life: Life, message: Message): void {
    this.watch(life, () => this.chronicle.sent(life.host.view, message));
  }

  streamed(life: Life, message: Message, hasArrived: boolean): void {
    this.watch(life, () => this.chronicle.streamed(life.host.view, message, hasArrived));
  }

  remember(stream: Stream): void {
    if (this.#streamedLately.length >= MAX_REMEMBERED_STREAMS) this.#streamedLately.shift();
    this.#streamedLately.push(stream);
  }

  /** Puts `message` on its way; its sender may hear that it was lost. */
  transmit(message: Message): void {
    if (this.post.send(message) || !this.plan.faults.has("unreachable-reports") || !this.#chance.chance(0.3)) return;
    const life = this.hosts.get(message.from)?.life;
    if (life !== undefined)
      this.timeline.after(MS, () => this.run(life, () => this.#tellUnreachable(life, message.to)));
  }

  /** A message or a stream of before comes once more. */
  replay(random: Random): void {
    const stream = random.chance(0.2) ? random.pick(this.#streamedLately) : undefined;
    if (stream === undefined) return this.post.repeat(random);
    this.timeline.after(random.next() * 1000 * MS, () => {
      const { from, to } = stream.message;
      if (!this.isHealed && !this.network.isCut(from, to)) repeat(this, stream);
    });
  }

  breaksStream(): boolean {
    return !this.isHealed && this.plan.faults.has("broken-stream") && this.#chance.chance(0.05);
  }

  /** A node has started, or come to lead: what it knows of commits is never as old as now, so it is asked at once. */
  isFresh(life: Life): void {
    if (this.plan.faults.has("eager-reads")) this.clients.readEagerly(life);
  }

  /** A client was told that its write is committed. Whoever else believes to lead may not know of it. */
  acknowledged(host: Host): void {
    this.#strikeAfterAcknowledgement(host);
    if (!this.plan.faults.has("eager-reads")) return;
    for (const { life } of this.leaders()) {
      if (life !== undefined && life !== host.life) this.clients.readEagerly(life);
    }
  }

  /** The host may die here: what it was doing is never finished. */
  strikes(life: Life, operation?: DiskOperation): boolean {
    const { faults, intensity } = this.plan;
    if (life.isOver) return true;
    if (this.isHealed) return false;
    const isSnapshot = operation === "snapshot-write" || operation === "snapshot-publish";
    const chance =
      isSnapshot && faults.has("old-snapshot")
        ? 0.05
        : faults.has("crash-at-any-await")
          ? intensity * (operation === undefined ? 0.0004 : 0.0015)
          : 0;
    if (!this.#chance.chance(chance)) return false;
    this.crash(life.host, faults.has("power-cut") && this.#chance.chance(0.5));
    this.timeline.after(MS * this.#chance.between(10, 2000), () => this.restart(life.host));
    return true;
  }

  /** Nobody but the leader knows yet that the write is committed. */
  #strikeAfterAcknowledgement(host: Host): void {
    const { faults } = this.plan;
    if (host.view.status.role !== "leader" || this.isHealed || !faults.has("crash-after-acknowledgement")) return;
    if (!this.#chance.chance(0.05)) return;
    this.timeline.after(0, () => {
      this.crash(host, faults.has("power-cut"));
      this.timeline.after(MS * this.#chance.between(10, 3000), () => this.restart(host));
    });
  }

  #end(host: Host, life: Life, losesUnsynced: boolean): void {
    life.isOver = true;
    host.life = undefined;
    host.isPaused = false;
    host.isBehind = false;
    host.deferred = [];
    host.view.isUp = false;
    // What the process wrote is in the machine's memory and comes to the disk, unless the power went too.
    host.disk.crash(losesUnsynced ? () => this.#chance.next() : () => 1 - Number.EPSILON);
    this.#look(() => this.chronicle.durable(host.view));
    if (!losesUnsynced && this.plan.faults.has("gone-reports")) this.#tellGone(host.id);
  }

  #look(look: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      look();
    } catch (error) {
      this.fail(error);
    }
  }

  #tellUnreachable(life: Life, to: number): void {
    life.receiver?.unreachable(to);
    const status = life.node?.status();
    if (status?.isStopped !== false) return;
    this.watch(life, () => this.chronicle.unreached(life.host.view, to, status.peers.get(to)?.state));
  }

  /** Its connections close, and its machine refuses new ones. */
  #tellGone(id: number): void {
    for (const host of this.up()) {
      const { life } = host;
      if (life === undefined || this.network.isCut(id, host.id) || this.network.isCut(host.id, id)) continue;
      this.timeline.after(this.network.latency(), () => {
        this.run(life, () => {
          life.watcher?.shaken();
          const before = life.node?.status();
          life.receiver?.gone(id);
          const after = life.node?.status();
          if (before === undefined || after === undefined || after.isStopped) return;
          this.watch(life, () => this.chronicle.heardGone(host.view, id, before.lead, after.lead));
        });
      });
    }
  }

  /** What a power cut may do to a disk beyond losing what was not synced. */
  #damage(host: Host): void {
    const { faults } = this.plan;
    if (!this.mayDoubt(host)) return;
    if (faults.has("lost-tail") && this.#chance.chance(0.25)) {
      this.note("lost-tail", host.id);
      loseTail(host, this.#chance);
    } else if (faults.has("bit-rot") && this.#chance.chance(0.1)) {
      this.note("bit-rot", host.id);
      rot(host, this.#chance);
    } else return;
    host.isDamaged = true;
    this.#look(() => this.chronicle.durable(host.view));
  }
}
