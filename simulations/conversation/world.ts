/**
 * Peers and clients in conversation, under simulation. Everything that happens is an event of one timeline, drawn from one seed; all
 * promises that an event lets go on do so before the next.
 */
import type { MemoryNetwork } from "@parley/actors/testing";
import * as actorsTesting from "@parley/actors/testing";
import { Digest } from "../kit/digest.ts";
import { HostClock } from "../kit/host-clock.ts";
import { Random } from "../kit/random.ts";
import { MS, Timeline, type Micros } from "../kit/timeline.ts";
import { endOfTurn } from "../kit/turn.ts";
import { Violation } from "../kit/violation.ts";
import { actorClock } from "../actors/clock.ts";
import { Agreement, type Entry } from "./agreement.ts";
import type { Happening } from "./chronicle.ts";
import { foundingOf } from "./founding.ts";
import { allInvariants } from "./invariants/index.ts";
import type { Library } from "./library.ts";
import { Life, Machine } from "./machine.ts";
import { begin, type Peer } from "./peer.ts";
import type { Plan } from "./plan.ts";
import { Sockets } from "./sockets.ts";
import { Ways } from "./ways.ts";
import type { Person } from "./somebody.ts";

/** A line of the trace. */
export type Trace = (line: string) => void;
type Config = ConstructorParameters<Library["Services"]>[0]["config"];
type ServerInfo = ConstructorParameters<Library["Connection"]>[1]["serverInfo"];

export class World {
  readonly plan: Plan;
  readonly library: Library;
  readonly config: Config;
  readonly timeline = new Timeline();
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly ways: Ways;
  readonly sockets: Sockets;
  readonly agreement: Agreement;
  readonly members: readonly string[];
  readonly hosts: readonly Machine<Peer>[];
  readonly clients: readonly Machine<Person>[];
  readonly digest = new Digest();
  events = 0;
  /** Turns that were answered. */
  answered = 0;
  /** Answers during which the client's connection was lost, and that went on. */
  goneOn = 0;
  /** Clients whose session another one has asked to take up. */
  readonly takenUp = new Set<string>();
  /** Faults stop and everything works again. */
  isHealed = false;
  /** Since when each life of a peer has been there. */
  readonly #sinceOf = new Map<string, Micros>();
  readonly #invariants: ReturnType<typeof allInvariants>;
  readonly #trace: Trace | undefined;
  #failure: Violation | undefined;

  constructor(library: Library, plan: Plan, config: Config, trace?: Trace) {
    this.library = library;
    this.plan = plan;
    this.config = config;
    this.#trace = trace;
    this.random = new Random(plan.seed, "world");
    this.#invariants = allInvariants(library);
    const clock = actorClock(
      new HostClock(this.timeline),
      (action) => action(),
      () => false,
    );
    const weather = this.random.fork("network");
    this.network = new actorsTesting.MemoryNetwork({ clock, random: () => weather.next() });
    this.ways = new Ways(this.timeline, this.random.fork("ways"));
    const start = this.random.fork("clocks");
    const machines = <Inside>(count: number, letter: string): readonly Machine<Inside>[] =>
      Array.from({ length: count }, (_, i) => new Machine(`${letter}${i + 1}`, this.timeline, 1_000 * start.next()));
    this.hosts = machines<Peer>(plan.hosts, "h");
    this.clients = machines<Person>(plan.clients, "c");
    this.members = this.hosts.map(({ name }) => name);
    this.sockets = new Sockets({
      ways: this.ways,
      after: (micros, run) => this.timeline.after(micros, run),
      listening: (name) => this.#listening(name),
    });
    this.agreement = new Agreement({
      library,
      timeline: this.timeline,
      random: this.random.fork("agreement"),
      members: this.members,
      voice: (name) => this.#host(name)?.life,
      isCut: (from, to) => this.ways.isCut(from, to),
      latency: () => this.ways.latency(),
      written: (entry, result, version) => this.#written(entry, result, version),
      elected: (leader, term) => this.note("elected", leader, term),
    });
    this.agreement.preset(foundingOf(library, this.members));
    for (const host of this.hosts) this.start(host);
  }

  /** Writes down that something happened; the digest of a run is made of these. */
  note(kind: string, ...values: readonly (string | number | boolean)[]): void {
    this.digest.add(this.timeline.now);
    this.digest.addText(`${kind} ${values.join(" ")}`);
    this.trace(`${kind} ${values.join(" ")}`);
  }

  /** For whoever reads along; no part of the digest. */
  trace(text: string): void {
    this.#trace?.(`${(this.timeline.now / MS).toFixed(3)} ${text}`);
  }

  /** Shows the invariants what happened; the first violation ends the run. */
  see(happening: Happening): void {
    this.#noteHappening(happening);
    if (happening.type === "answered") this.answered += 1;
    try {
      for (const { see } of this.#invariants) see(happening);
    } catch (error) {
      this.fail(error, "an invariant");
    }
  }

  /** Ends the run; the first to say so is heard. Whatever the packages find impossible is a violation too. */
  fail(error: unknown, where: string): void {
    if (error instanceof Violation) this.#failure ??= error;
    if (this.#failure !== undefined) return;
    const text = error instanceof Error ? error.message : String(error);
    this.trace(error instanceof Error ? (error.stack ?? text) : text);
    this.#failure = new Violation("package-does-not-fail", `${where}: ${text}`);
  }

  /** Runs events until `end`, or until `isDone`. @throws Violation */
  async runUntil(end: Micros, isDone: () => boolean = () => false): Promise<void> {
    while (!isDone() && this.timeline.runNext(end)) {
      await endOfTurn();
      if (this.#failure !== undefined) throw this.#failure;
      this.events += 1;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  thought(life: Life<Peer>, questions: readonly string[]): void {
    if (!life.isOver) this.see({ type: "thought", by: life.name, questions });
  }

  serverInfoOf(name: string): ServerInfo {
    const capabilities = { streaming: true, binary: true, groups: true, echo: true, resume: true };
    return { peerId: name, name, version: "0.0.0", capabilities };
  }

  up(): readonly Life<Peer>[] {
    return this.hosts.flatMap(({ life }) => (life === undefined ? [] : [life]));
  }

  start(host: Machine<Peer>): void {
    if (host.life !== undefined) return;
    const life = new Life<Peer>(host, {
      timeline: this.timeline,
      random: this.random.fork(`life/${host.name}.${host.lives + 1}`),
      failed: (error) => this.fail(error, host.name),
    });
    host.life = life;
    this.#sinceOf.set(life.name, this.timeline.now);
    this.note("start", life.name);
    life.run(() => {
      life.inside = begin(this, life);
    });
  }

  /** As by kill -9: its memory is gone. */
  kill(host: Machine<Peer>): void {
    const { life } = host;
    if (life === undefined) return;
    this.note("kill", life.name);
    life.end();
    host.life = undefined;
    host.clock.goOn();
    this.network.kill(host.name);
    this.sockets.ended(life);
  }

  /** Whether most would still have what keeps sessions, in memory, without this one. */
  canSpare(host: Machine<Peer>): boolean {
    const settled = this.hosts.filter((other) => other !== host && this.#isSettled(other));
    return settled.length > this.hosts.length / 2;
  }

  pause(host: Machine<Peer>): void {
    if (host.life === undefined || host.life.isPaused) return;
    this.note("pause", host.life.name);
    host.life.pause();
  }

  resume(host: Machine<Peer>): void {
    if (host.life?.isPaused !== true) return;
    this.note("resume", host.life.name);
    host.life.resume();
  }

  /** Another prime is to be found, though nothing is wrong with this one. */
  depose(): void {
    this.note("depose", this.agreement.leader ?? "nobody");
    this.agreement.depose();
  }

  /** All links, of the house and to its clients. */
  slow({ stall, stallMs }: Ways["weather"]): void {
    this.ways.weather = { stall, stallMs };
    this.network.weather = { ...this.network.weather, stall, stallMs };
  }

  /** Between any two: peers, or a client and a peer. */
  cut(from: string, to: string): void {
    this.ways.cut(from, to);
    this.network.cut(from, to);
  }

  mend(from: string, to: string): void {
    if (this.ways.mend(from, to)) this.network.mend(from, to);
  }

  #isSettled({ life, name }: Machine<Peer>): boolean {
    const since = life === undefined || life.isPaused ? undefined : this.#sinceOf.get(life.name);
    if (since === undefined) return false;
    const isNew = since > 0 && this.timeline.now - since < this.plan.settled;
    return !isNew && !this.members.some((other) => this.ways.isCut(name, other) || this.ways.isCut(other, name));
  }

  #host(name: string): Machine<Peer> | undefined {
    return this.hosts.find((host) => host.name === name);
  }

  #listening(name: string): ReturnType<ConstructorParameters<typeof Sockets>[0]["listening"]> {
    const life = this.#host(name)?.life;
    if (life === undefined) return undefined;
    return { life, accept: (socket) => life.inside?.accept(socket) };
  }

  #written({ data }: Entry, result: Uint8Array, version: number): void {
    const { decodeCommand, decodeResult } = this.library;
    const command = decodeCommand(data, version);
    if ("outcome" in command) return this.fail(new Error(command.detail), "what was written");
    this.see({ type: "written", command, isDone: decodeResult(result)?.outcome === "done" });
  }

  #noteHappening(happening: Happening): void {
    switch (happening.type) {
      case "asked":
        return this.note("asked", happening.client, happening.turn.question, happening.turn.speak);
      case "sentence":
        return this.note("sentence", happening.turn, happening.index, happening.text);
      case "sound":
        return this.digest.add(happening.by);
      case "answered":
        return this.note("answered", happening.given.turn.name, Math.round(happening.given.soundMs));
      case "failed":
        return this.note("failed", happening.given.turn.name, happening.error);
      case "took-up":
        return this.note("took up", happening.client, happening.from);
      case "taken":
        return this.note("taken", happening.turn.name);
      case "tool":
        return this.note("tool", happening.by, happening.tool, happening.of, happening.point);
      case "written":
        return this.note("written", happening.command.type, happening.isDone);
      case "thought":
        return this.note("thought", happening.by, happening.questions.length);
      case "calm":
        return this.note("calm", ...happening.divided);
      case "healed":
        return this.note("looked", happening.waiting.length);
    }
  }
}
