/**
 * What the cluster agrees on, in the place of Raft, which has a simulation of its own: one log that outlives all processes, and a prime
 * who writes to it while it reaches most of the others. Everybody hears of it late, and who cannot reach the prime does not.
 */
import type { Random } from "../kit/random.ts";
import { MS, SECOND, type Micros, type Timeline } from "../kit/timeline.ts";
import { never } from "../kit/turn.ts";
import type { Library } from "./library.ts";

type Consensus = ReturnType<typeof asConsensus>;
type Machine = InstanceType<Library["ClusterMachine"]>;
type LeadershipNow = ReturnType<Consensus["leadership"]["current"]>;

/** One life of a member. */
export interface Voice {
  readonly name: string;
  readonly isOver: boolean;
  readonly isPaused: boolean;
  run(action: () => void): void;
}

export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly data: Uint8Array;
}

export interface AgreementWorld {
  readonly library: Library;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly members: readonly string[];
  /** The life of that member, if it has one now. */
  voice(member: string): Voice | undefined;
  isCut(from: string, to: string): boolean;
  /** How long something takes on its way. */
  latency(): Micros;
  /** An entry was written; `result` is what all machines make of it. */
  written(entry: Entry, result: Uint8Array, version: number): void;
  elected(leader: string, term: number): void;
}

interface Member {
  readonly name: string;
  readonly voice: Voice;
  readonly machine: Machine;
  readonly results: Map<number, Uint8Array>;
  applied: number;
  leadership: LeadershipNow;
  readonly heardApplied: InstanceType<Library["Bell"]>;
  readonly heardLeadership: InstanceType<Library["Bell"]>;
  /** Look again whether what they wait for has come about. */
  readonly waiting: Set<() => void>;
}

const TICK: Micros = 40 * MS;
/** Without a prime that reaches most, until somebody else is. */
const ELECTION: Micros = 600 * MS;
/** Who hears nothing of a prime for so long believes in none. */
const DEAF: Micros = 900 * MS;
const RETRY: Micros = 60 * MS;

export class Agreement {
  readonly log: Entry[] = [];
  readonly #world: AgreementWorld;
  readonly #members = new Map<string, Member>();
  /** All-knowing: what the log comes to. */
  readonly #truth: Machine;
  #leader: string | undefined;
  #term = 0;
  #lostAt: Micros | undefined = 0;
  readonly #heardAt = new Map<string, Micros>();

  constructor(world: AgreementWorld) {
    this.#world = world;
    this.#truth = new world.library.ClusterMachine();
    this.#tick();
  }

  get leader(): string | undefined {
    return this.#leader;
  }

  /** As whoever knows everything has it. */
  get state(): Machine["state"] {
    return this.#truth.state;
  }

  /** What is agreed on before anything happens. */
  preset(commands: readonly Uint8Array[]): void {
    for (const data of commands) this.#write(data);
  }

  /** A member begins, with the log that its disk has kept. */
  join(name: string, voice: Voice, machine: Machine): Consensus {
    const { library } = this.#world;
    const member: Member = {
      name,
      voice,
      machine,
      results: new Map(),
      applied: 0,
      leadership: { leader: undefined, term: this.#term },
      heardApplied: new library.Bell(),
      heardLeadership: new library.Bell(),
      waiting: new Set(),
    };
    this.#members.set(name, member);
    // Its own disk holds it.
    this.#apply(member);
    return asConsensus(this, member);
  }

  /** Somebody else is prime from now on. */
  depose(): void {
    this.#leader = undefined;
    this.#lostAt = this.#world.timeline.now - ELECTION;
  }

  async propose(member: Member, data: Uint8Array, timeoutMs: number) {
    const { library } = this.#world;
    const untilMs = performance.now() + timeoutMs;
    let index: number | undefined;
    while (index === undefined) {
      index = await this.#attempt(member, Uint8Array.from(data));
      if (index !== undefined) break;
      if (performance.now() + RETRY / MS >= untilMs) return library.notDone("no-quorum", "nobody was prime in time");
      await this.#pause(member, RETRY);
    }
    const at = index;
    const isApplied = await this.#until(member, untilMs - performance.now(), () => member.applied >= at);
    const result = member.results.get(at);
    member.results.delete(at);
    if (!isApplied || result === undefined) return { outcome: "unknown" as const, detail: "it was not seen in time" };
    return { outcome: "committed" as const, index: at, term: this.#term, result };
  }

  async read(member: Member, timeoutMs: number) {
    const { library } = this.#world;
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      await this.#pause(member, this.#world.latency());
      if (this.#reachesPrime(member.name)) break;
      if (performance.now() >= untilMs) return library.notDone("no-quorum", "nobody was prime in time");
      await this.#pause(member, RETRY);
    }
    const index = this.log.length;
    const isApplied = await this.#until(member, untilMs - performance.now(), () => member.applied >= index);
    return isApplied ? { outcome: "readable" as const } : library.notDone("no-quorum", "it was not seen in time");
  }

  /** Whether it has all that there is. */
  isUpToDate(name: string): boolean {
    return this.#members.get(name)?.applied === this.log.length;
  }

  #attempt(member: Member, data: Uint8Array): Promise<number | undefined> {
    const { timeline } = this.#world;
    if (member.voice.isOver) return never<number | undefined>();
    return new Promise((resolve) => {
      timeline.after(this.#world.latency(), () => {
        const isReached = this.#reachesPrime(member.name);
        const index = isReached ? this.log.length + 1 : undefined;
        if (index !== undefined) {
          member.results.set(index, new Uint8Array());
          this.#write(data);
        }
        timeline.after(this.#world.latency(), () => member.voice.run(() => resolve(index)));
      });
    });
  }

  #write(data: Uint8Array): void {
    const entry = { index: this.log.length + 1, term: this.#term, data };
    this.log.push(entry);
    const { version } = this.#truth.state;
    const [result = new Uint8Array()] = this.#truth.apply([entry]);
    this.#world.written(entry, result, version);
    for (const member of this.#members.values()) this.#spread(member);
  }

  #spread(member: Member): void {
    this.#world.timeline.after(this.#world.latency(), () => {
      if (this.#members.get(member.name) !== member || !this.#reachesPrime(member.name)) return;
      member.voice.run(() => this.#apply(member));
    });
  }

  #apply(member: Member): void {
    const commands = this.log.slice(member.applied);
    if (commands.length === 0) return;
    const results = member.machine.apply(commands);
    for (const [i, { index }] of commands.entries()) {
      const result = results[i];
      if (result !== undefined && member.results.has(index)) member.results.set(index, result);
    }
    member.applied += commands.length;
    member.heardApplied.ring();
    for (const look of member.waiting) look();
  }

  #isUp(name: string): boolean {
    const voice = this.#world.voice(name);
    return voice !== undefined && !voice.isOver && !voice.isPaused;
  }

  #links(a: string, b: string): boolean {
    if (!this.#isUp(a) || !this.#isUp(b)) return false;
    return a === b || (!this.#world.isCut(a, b) && !this.#world.isCut(b, a));
  }

  #reachesMost(name: string): boolean {
    const { members } = this.#world;
    return members.filter((other) => this.#links(name, other)).length > members.length / 2;
  }

  #reachesPrime(name: string): boolean {
    const leader = this.#leader;
    return leader !== undefined && this.#links(name, leader) && this.#reachesMost(leader);
  }

  #tick(): void {
    const { timeline } = this.#world;
    this.#elect();
    for (const member of this.#members.values()) this.#hear(member);
    timeline.after(TICK, () => this.#tick());
  }

  #elect(): void {
    const { timeline, members, random } = this.#world;
    if (this.#leader !== undefined && this.#reachesMost(this.#leader)) return;
    this.#lostAt ??= timeline.now;
    if (timeline.now - this.#lostAt < ELECTION) return;
    const next = random.pick(members.filter((name) => this.#reachesMost(name)));
    if (next === undefined) return;
    this.#leader = next;
    this.#term += 1;
    this.#lostAt = undefined;
    this.#world.elected(next, this.#term);
  }

  #hear(member: Member): void {
    const { now } = this.#world.timeline;
    if (this.#world.voice(member.name) !== member.voice) return;
    if (this.#reachesPrime(member.name)) {
      this.#heardAt.set(member.name, now);
      if (member.applied < this.log.length) this.#spread(member);
      return this.#tell(member, { leader: this.#leader, term: this.#term });
    }
    const deafFor = now - (this.#heardAt.get(member.name) ?? 0);
    if (deafFor > DEAF) this.#tell(member, { leader: undefined, term: member.leadership.term });
  }

  #tell(member: Member, now: LeadershipNow): void {
    const { leader, term } = member.leadership;
    if (now.term < term || (now.leader === leader && now.term === term)) return;
    member.voice.run(() => {
      member.leadership = now;
      member.heardLeadership.ring();
    });
  }

  #pause(member: Member, micros: Micros): Promise<void> {
    return new Promise((resolve) => {
      this.#world.timeline.after(micros, () => member.voice.run(resolve));
    });
  }

  /** Whether `condition` came about in time. */
  #until(member: Member, timeoutMs: number, condition: () => boolean): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const end = (came: boolean): void => {
      clearTimeout(timer);
      member.waiting.delete(look);
      resolve(came);
    };
    const look = (): void => (condition() ? end(true) : undefined);
    const timer = setTimeout(() => end(false), Math.max(0, timeoutMs));
    member.waiting.add(look);
    return promise;
  }
}

function asConsensus(agreement: Agreement, member: Member) {
  return {
    propose: (command: Uint8Array, { timeoutMs }: { readonly timeoutMs: number }) =>
      agreement.propose(member, command, timeoutMs),
    read: ({ timeoutMs }: { readonly timeoutMs: number }) => agreement.read(member, timeoutMs),
    watch: (applied: () => void) => member.heardApplied.watch(applied),
    leadership: {
      current: (): { readonly leader: string | undefined; readonly term: number } => member.leadership,
      watch: (changed: () => void) => member.heardLeadership.watch(changed),
    },
  };
}

/** How long a member that heard nothing may take to hear again. */
export const HEARS_AGAIN: Micros = SECOND;
