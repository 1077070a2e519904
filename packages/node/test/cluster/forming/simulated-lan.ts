/** Peers of one LAN with the machine of forming in each: doors, hellos and pairings take time; consensus and disks do not. */
import { Forming } from "../../../src/cluster/forming/forming.ts";
import {
  FORMING_TIMES,
  type FormingInput,
  type FormingOutput,
  type FormingTimes,
  type Sighting,
} from "../../../src/cluster/forming/words.ts";

export interface LanOptions {
  readonly random: () => number;
  readonly hasSecret?: boolean;
  /** How long after both run one peer sees the other; drawn for each direction. */
  readonly sightMs: (from: string, to: string) => number;
  /** A hello's way and back, at most. */
  readonly helloMs?: number;
  /** How often each says hello again by itself. */
  readonly helloEveryMs?: number;
  readonly times?: FormingTimes;
  /** Of pairings that break on the way. */
  readonly breakage?: number;
}

const HELLO_EVERY_MS = 1_000;

interface Peer {
  readonly name: string;
  readonly forming: Forming;
  isUp: boolean;
  cluster: string | undefined;
  isDoorOpen: boolean;
  isAdmitting: boolean;
  readonly sighted: Set<string>;
  wake: object | undefined;
  /** It stands still until then. */
  stillUntilMs: number;
}

interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

export class SimulatedLan {
  readonly peers = new Map<string, Peer>();
  readonly clusters = new Map<string, Set<string>>();
  readonly said: { readonly peer: string; readonly output: FormingOutput }[] = [];
  founded = 0;
  nowMs = 0;
  readonly #options: LanOptions;
  #events: Event[] = [];
  #number = 0;
  #toStart = 0;

  constructor(options: LanOptions) {
    this.#options = options;
  }

  start(name: string, atMs: number, input: FormingInput = { type: "started", as: "fresh" }): void {
    this.#toStart += 1;
    this.#at(atMs, () => {
      const { hasSecret = true, times = FORMING_TIMES } = this.#options;
      const peer: Peer = {
        name,
        forming: new Forming({ self: name, hasSecret, times }),
        isUp: true,
        cluster: undefined,
        isDoorOpen: false,
        isAdmitting: false,
        sighted: new Set(),
        wake: undefined,
        stillUntilMs: 0,
      };
      this.peers.set(name, peer);
      if (input.type === "started" && input.as === "member") this.#join(peer, input.cluster);
      for (const other of this.peers.values()) if (other !== peer && other.isUp) this.#meet(peer, other);
      this.give(name, input);
    });
  }

  stop(name: string, atMs: number): void {
    this.#at(atMs, () => {
      const peer = this.peer(name);
      peer.isUp = false;
      if (peer.cluster !== undefined) this.#leave(peer);
    });
  }

  /** From `atMs` on a peer does nothing for so long. */
  standStill(name: string, atMs: number, forMs: number): void {
    this.#at(atMs, () => {
      const peer = this.peers.get(name);
      if (peer !== undefined) peer.stillUntilMs = this.nowMs + forMs;
    });
  }

  /** Gives a peer an input, and carries out what it says. */
  give(name: string, input: FormingInput): void {
    const peer = this.peer(name);
    if (!peer.isUp) return;
    if (this.nowMs < peer.stillUntilMs) {
      // Who wakes up sees to its timers first, and then to what has come.
      this.#at(peer.stillUntilMs + (input.type === "timer" ? 0 : 1), () => this.give(name, input));
      return;
    }
    for (const output of peer.forming.step(input, this.nowMs)) this.#carryOut(peer, output);
  }

  run(untilMs: number): void {
    for (;;) {
      const [next] = this.#events;
      if (next === undefined || next.atMs > untilMs) break;
      this.#events.shift();
      this.nowMs = next.atMs;
      next.run();
      if (this.#number % 64 === 0 && this.#isOver()) return;
    }
    this.nowMs = untilMs;
  }

  peer(name: string): Peer {
    const peer = this.peers.get(name);
    if (peer === undefined) throw new Error(`${name} was never started`);
    return peer;
  }

  /** Members of each cluster that somebody belongs to. */
  inhabited(): readonly (readonly string[])[] {
    return [...this.clusters.values()].filter((members) => members.size > 0).map((members) => [...members].sort());
  }

  /** All are members of one cluster: nobody founds or yields any more. */
  #isOver(): boolean {
    if (this.peers.size < this.#toStart || this.inhabited().length !== 1) return false;
    return [...this.peers.values()].every(({ isUp, forming }) => !isUp || forming.phase === "member");
  }

  #carryOut(peer: Peer, output: FormingOutput): void {
    if (output.type !== "wake") this.said.push({ peer: peer.name, output });
    switch (output.type) {
      case "look":
      case "wait-beside":
      case "knock":
      case "withdraw":
      case "report":
        return;
      case "look-again":
        for (const other of peer.sighted) this.#hello(peer, other);
        return;
      case "found": {
        if (peer.cluster !== undefined) throw new Error(`${peer.name} founds, and belongs to ${peer.cluster}`);
        const cluster = `c${Math.floor(this.#options.random() * 1e9)}`;
        this.founded += 1;
        this.#join(peer, cluster);
        this.#at(this.nowMs, () => this.give(peer.name, { type: "founded", cluster }));
        return;
      }
      case "pair-by-secret":
        this.#pair(peer, output.peer, output.cluster);
        return;
      case "yield":
        this.#leave(peer);
        return;
      case "door":
        peer.isDoorOpen = output.isOpen;
        return;
      case "wake": {
        const wake = {};
        peer.wake = wake;
        this.#at(output.atMs, () => {
          if (peer.wake === wake) this.give(peer.name, { type: "timer" });
        });
        return;
      }
    }
  }

  #pair(joiner: Peer, via: string, cluster: string): void {
    const { random, breakage = 0 } = this.#options;
    const later = (): void => this.give(joiner.name, { type: "pairing-failed", cluster, peer: via, why: "later" });
    this.#after(random() * 200, () => {
      const door = this.peer(via);
      const isIn = door.isUp && door.cluster === cluster && door.isDoorOpen && !door.isAdmitting;
      if (!isIn || random() < breakage) return this.#after(random() * 50, later);
      // From here on the door's peer does not yield.
      door.isAdmitting = true;
      this.#tellOwn(cluster);
      this.#after(random() * 400, () => {
        door.isAdmitting = false;
        if (!door.isUp) return later();
        if (!joiner.isUp) return this.#tellOwn(cluster);
        if (door.cluster !== cluster) throw new Error(`${via} left ${cluster} while it let ${joiner.name} in`);
        this.clusters.get(cluster)?.add(joiner.name);
        this.#tellOwn(cluster);
        this.#after(random() * 100, () => {
          if (!joiner.isUp) return;
          this.give(joiner.name, { type: "paired", cluster });
          joiner.cluster = cluster;
          this.#tellOwn(cluster);
        });
      });
    });
  }

  #tellOwn(cluster: string): void {
    for (const name of this.clusters.get(cluster) ?? []) {
      const peer = this.peers.get(name);
      if (peer?.cluster !== cluster) continue;
      this.give(name, { type: "own", isAloneAndEmpty: this.#isAlone(cluster), isBusy: peer.isAdmitting });
    }
  }

  #isAlone(cluster: string): boolean {
    return (this.clusters.get(cluster)?.size ?? 0) <= 1;
  }

  #join(peer: Peer, cluster: string): void {
    peer.cluster = cluster;
    const members = this.clusters.get(cluster) ?? new Set();
    members.add(peer.name);
    this.clusters.set(cluster, members);
  }

  #leave(peer: Peer): void {
    const members = this.clusters.get(peer.cluster ?? "");
    if (peer.isUp && members !== undefined && members.size > 1) {
      throw new Error(`${peer.name} leaves the others of ${peer.cluster} behind`);
    }
    members?.delete(peer.name);
    peer.cluster = undefined;
  }

  #meet(one: Peer, other: Peer): void {
    const { sightMs } = this.#options;
    this.#after(sightMs(one.name, other.name), () => this.#greetForEver(one, other.name));
    this.#after(sightMs(other.name, one.name), () => this.#greetForEver(other, one.name));
  }

  #greetForEver(peer: Peer, other: string): void {
    peer.sighted.add(other);
    const again = (): void => {
      if (!peer.isUp) return;
      this.#hello(peer, other);
      this.#after(this.#options.helloEveryMs ?? HELLO_EVERY_MS, again);
    };
    again();
  }

  #hello(peer: Peer, to: string): void {
    const { random, helloMs = 100 } = this.#options;
    this.#after((random() * helloMs) / 2, () => {
      const other = this.peer(to);
      // Its answer comes when it is awake again; the asker does not wait for that.
      if (this.nowMs < other.stillUntilMs) return;
      const sighting = other.isUp ? this.#about(other) : undefined;
      this.#after((random() * helloMs) / 2, () =>
        this.give(peer.name, sighting === undefined ? { type: "silence", peer: to } : { type: "sighting", sighting }),
      );
    });
  }

  #about({ name, cluster }: Peer): Sighting {
    const { hasSecret = true } = this.#options;
    return {
      peer: name,
      cluster: cluster === undefined ? null : { id: cluster, isAloneAndEmpty: this.#isAlone(cluster) },
      // As a door does: who has the secret is told at the door whether it may come now.
      pairing: cluster !== undefined && hasSecret ? "secret" : "closed",
    };
  }

  #after(delayMs: number, run: () => void): void {
    this.#at(this.nowMs + delayMs, run);
  }

  #at(atMs: number, run: () => void): void {
    this.#number += 1;
    const event = { atMs: Math.max(atMs, this.nowMs), run };
    const at = this.#events.findLastIndex((each) => each.atMs <= event.atMs);
    this.#events.splice(at + 1, 0, event);
  }
}
