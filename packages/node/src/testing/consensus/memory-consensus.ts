/** A consensus engine in memory, for tests of what runs on one: one log, hosts that hear of it soon, no election that takes time. */
import type { Leadership, LeadershipNow } from "@parley/actors";
import type { Command, StateMachine } from "@parley/raft";
import { Bell } from "../../cluster/consensus/bell.ts";
import { notDone, type Consensus, type ProposeOutcome, type ReadOutcome } from "../../cluster/consensus/port.ts";
import { PeerError } from "../../errors.ts";
import type { ConsensusWorld } from "./suite.ts";

/** One life of one peer. */
interface Host {
  readonly peer: string;
  readonly machine: StateMachine;
  /** Where its commands came out. */
  readonly results: Map<number, Uint8Array>;
  applied: number;
  isAlive: boolean;
  leadership: LeadershipNow;
  readonly heardApplied: Bell;
  readonly heardLeadership: Bell;
}

export class MemoryConsensusWorld implements ConsensusWorld {
  readonly #peers: readonly string[];
  readonly #log: Command[] = [];
  readonly #hosts = new Map<string, Host>();
  readonly #cut = new Set<string>();
  readonly #changed = new Set<() => void>();
  #leadership: LeadershipNow = { leader: undefined, term: 0 };

  constructor(peers: readonly string[]) {
    this.#peers = peers;
  }

  async start(peer: string, machine: StateMachine): Promise<Consensus> {
    if (!this.#peers.includes(peer)) {
      throw new PeerError("internal", `${peer} is none of ${this.#peers.join(", ")}`, { nextStep: "Mend the test." });
    }
    const host: Host = {
      peer,
      machine,
      results: new Map(),
      applied: 0,
      isAlive: true,
      leadership: { leader: undefined, term: 0 },
      heardApplied: new Bell(),
      heardLeadership: new Bell(),
    };
    this.#hosts.set(peer, host);
    this.#settle();
    const leadership: Leadership = {
      current: () => host.leadership,
      watch: (changed) => host.heardLeadership.watch(changed),
    };
    return {
      propose: (command, { timeoutMs }) => this.#propose(host, command, timeoutMs),
      read: ({ timeoutMs }) => this.#read(host, timeoutMs),
      watch: (applied) => host.heardApplied.watch(applied),
      leadership,
    };
  }

  async kill(peer: string): Promise<void> {
    const host = this.#hosts.get(peer);
    if (host !== undefined) host.isAlive = false;
    this.#hosts.delete(peer);
    this.#settle();
  }

  isolate(peer: string): void {
    this.#cut.add(peer);
    this.#settle();
  }

  heal(peer: string): void {
    this.#cut.delete(peer);
    this.#settle();
  }

  async dispose(): Promise<void> {
    for (const peer of this.#peers) await this.kill(peer);
  }

  /** Somebody else is prime from now on, in the next term; one that can be reached by most. */
  elect(peer: string): void {
    this.#leadership = { leader: peer, term: this.#leadership.term + 1 };
    this.#settle();
  }

  async #propose(host: Host, data: Uint8Array, timeoutMs: number): Promise<ProposeOutcome> {
    if (!host.isAlive) return notDone("stopped", "this peer has stopped");
    const ready = await this.#until(host, timeoutMs, () => this.#canReachPrime(host));
    if (!ready) return notDone(host.isAlive ? "no-quorum" : "stopped", "nobody was prime in time");
    const { term } = this.#leadership;
    const index = this.#log.length + 1;
    this.#log.push({ index, term, data: Uint8Array.from(data) });
    host.results.set(index, new Uint8Array());
    this.#settle();
    const isApplied = await this.#until(host, timeoutMs, () => host.applied >= index);
    const result = host.results.get(index);
    host.results.delete(index);
    if (!isApplied || result === undefined) return { outcome: "unknown", detail: "it was not seen in time" };
    return { outcome: "committed", index, term, result };
  }

  async #read(host: Host, timeoutMs: number): Promise<ReadOutcome> {
    const isReady = await this.#until(host, timeoutMs, () => this.#canReachPrime(host));
    const index = this.#log.length;
    const isApplied = isReady && (await this.#until(host, timeoutMs, () => host.applied >= index));
    return isApplied ? { outcome: "readable" } : notDone("no-quorum", "nobody was prime in time");
  }

  #canReachPrime({ peer }: Host): boolean {
    return this.#leadership.leader !== undefined && this.#reachable().some((host) => host.peer === peer);
  }

  /** Those that can talk to most: nobody is cut off from only some. */
  #reachable(): readonly Host[] {
    const whole = [...this.#hosts.values()].filter(({ peer }) => !this.#cut.has(peer));
    return whole.length > this.#peers.length / 2 ? whole : [];
  }

  /** Elects if need be, and lets everybody who can hear of what there is. */
  #settle(): void {
    const reachable = this.#reachable();
    const { leader, term } = this.#leadership;
    const [first] = reachable;
    if (first === undefined) this.#leadership = { leader: undefined, term };
    else if (!reachable.some(({ peer }) => peer === leader)) this.#leadership = { leader: first.peer, term: term + 1 };
    const now = this.#leadership;
    const known = this.#log.length;
    setImmediate(() => {
      for (const host of this.#hosts.values()) {
        if (this.#cut.has(host.peer)) tell(host, { leader: undefined, term: host.leadership.term });
        else if (reachable.includes(host)) hear(host, now, this.#log, known);
      }
      for (const look of this.#changed) look();
    });
  }

  /** Whether `condition` came about in time, while the host lived. */
  #until(host: Host, timeoutMs: number, condition: () => boolean): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const look = (): void => {
      if (host.isAlive && !condition()) return;
      end(host.isAlive);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    const end = (result: boolean): void => {
      clearTimeout(timer);
      this.#changed.delete(look);
      resolve(result);
    };
    this.#changed.add(look);
    return promise;
  }
}

function tell(host: Host, now: LeadershipNow): void {
  if (now.leader === host.leadership.leader && now.term === host.leadership.term) return;
  host.leadership = now;
  host.heardLeadership.ring();
}

function hear(host: Host, leadership: LeadershipNow, log: readonly Command[], upTo: number): void {
  if (leadership.term >= host.leadership.term) tell(host, leadership);
  const commands = log.slice(host.applied, upTo);
  if (commands.length === 0) return;
  const results = host.machine.apply(commands);
  for (const [i, { index }] of commands.entries()) {
    const result = results[i];
    if (result !== undefined && host.results.has(index)) host.results.set(index, result);
  }
  host.applied = upTo;
  host.heardApplied.ring();
}
