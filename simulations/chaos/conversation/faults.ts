/** What can be done to a house in the midst of a turn, and how it is put right again. */
import { setTimeout as delay } from "node:timers/promises";
import { PeerFailure, type LivePeer } from "@parley/node/testing";
import type { ScriptedClient } from "./client.ts";
import type { Door } from "./door.ts";
import type { ConversationHouse } from "./house.ts";
import type { Point, Progress } from "./progress.ts";
import type { FaultKind, Moment, PlannedFault } from "./schedule.ts";

/** Of a fault that is over. */
export interface FaultRecord {
  readonly turn: number;
  readonly kind: FaultKind;
  readonly moment: Moment;
  /** The peer that was hurt; the one whose connection was cut. */
  readonly peer: string;
  readonly wasEntry: boolean;
  readonly wasPrime: boolean;
  /** Where the turn was when it came, and when it was done. */
  readonly points: readonly [before: Point, behind: Point];
  /** It came in the midst of what it was meant for. */
  readonly landed: boolean;
  /** `performance.now()` */
  readonly atMs: number;
  /** Until another peer was prime; undefined where none became it, or none had to. */
  readonly newPrimeMs: number | undefined;
  /** Of two harms, how many came. */
  readonly blows: number;
}

/** Whom a fault meets. */
export interface Victim {
  readonly turn: number;
  readonly client: ScriptedClient;
  /** The client's ways to all peers. */
  readonly doors: ReadonlyMap<LivePeer, Door>;
  readonly progress: Progress;
  /** For the turn's course. */
  readonly note: (what: string) => void;
  /** A tool runs for the turn now. */
  readonly hasTool: () => boolean;
}

/** Puts right what was done. */
type Undo = () => Promise<void>;

const FITTING: Readonly<Record<Moment, readonly Point[]>> = {
  "mid-utterance": ["utterance"],
  "mid-llm": ["thinking"],
  "mid-tool": ["thinking"],
  "mid-sentence": ["sentence"],
};
/** A link between peers is so narrow, and holds so much back. */
const NARROW_KBIT = 256;
const WIDE_KBIT = 1_000_000;
const QUEUE_MS = 400;
const SLOW_DOOR_MS = 250;
const PRIME_WAIT_MS = 20_000;
const PRIME_LOOK_MS = 20;
/** Between an orderly end and a kill. */
const HAND_OVER_MS = 60;
const MOVED_MS = 15_000;

export class Faults {
  readonly #house: ConversationHouse;

  constructor(house: ConversationHouse) {
    this.#house = house;
  }

  /**
   * Waits for the moment, does it, and gives what has to be put right; undefined when the turn was over before.
   * At most one peer is down or out of reach at any time.
   */
  async carryOut(
    planned: PlannedFault,
    victim: Victim,
  ): Promise<{ readonly record: Promise<FaultRecord>; readonly undo: Undo } | undefined> {
    const { kind, moment, share } = planned;
    const { progress, turn, client } = victim;
    const prime = await this.#house.prime();
    if (!(await progress.until(moment, share, victim.hasTool))) return undefined;
    const entry = this.#house.named(client.entry);
    const peer = this.#target(planned, entry, prime);
    const before = progress.point;
    const isInTool = victim.hasTool();
    const atMs = performance.now();
    victim.note(`${kind} of ${peer.name}${peer === entry ? ", the entry" : ""}`);
    const harm = await this.#harm(planned, peer, victim);
    const behind = progress.point;
    const landed = FITTING[moment].includes(before) && behind !== "over" && (moment !== "mid-tool" || isInTool);
    const wasPrime = peer === prime;
    const about = { turn, kind, moment, peer: peer.name, wasEntry: peer === entry, wasPrime, landed, atMs };
    const record = async (): Promise<FaultRecord> => {
      const isGone = ["kill", "stop", "term", "partition"].includes(kind);
      const [newPrimeMs, more] = await Promise.all([
        wasPrime && isGone ? this.#untilPrime(peer, atMs) : undefined,
        harm.second ?? 0,
      ]);
      return { ...about, points: [before, behind], newPrimeMs, blows: 1 + more };
    };
    return { record: record(), undo: harm.undo };
  }

  #target({ target, kind }: PlannedFault, entry: LivePeer, prime: LivePeer | undefined): LivePeer {
    // What is done to a connection is done to the one there is.
    if (kind === "blink" || kind === "hand-over" || target === "entry") return entry;
    if (target === "prime") return prime ?? entry;
    return this.#house.peers.find((peer) => peer !== entry && peer !== prime) ?? entry;
  }

  async #harm(planned: PlannedFault, peer: LivePeer, victim: Victim): Promise<Harm> {
    const { holdMs, kind } = planned;
    const { lan } = this.#house.household;
    const { household } = this.#house;
    const start: Undo = () => peer.start();
    switch (kind) {
      case "kill":
        await peer.kill();
        return { undo: start };
      case "term":
        // It may take its time over its farewells.
        return { undo: all(settled(peer.stop()), start) };
      case "drain":
        await this.#house.drain(peer);
        return { undo: all(delay(holdMs), () => this.#house.stay(peer)) };
      case "stop":
        peer.pause();
        return { undo: all(delay(holdMs), async () => peer.resume()) };
      case "partition": {
        if (lan === undefined) throw new TypeError("links can only be cut where each peer has a network of its own");
        const others = this.#house.peers.filter((each) => each !== peer);
        await lan.divide(
          [household.placeOf(peer)],
          others.map((each) => household.placeOf(each)),
        );
        return { undo: all(delay(holdMs), () => lan.heal()) };
      }
      case "slow": {
        const door = victim.doors.get(peer);
        door?.slow(SLOW_DOOR_MS);
        await lan?.narrow(household.placeOf(peer), NARROW_KBIT, QUEUE_MS);
        const widen = async (): Promise<void> => {
          door?.slow(0);
          await lan?.narrow(household.placeOf(peer), WIDE_KBIT, QUEUE_MS);
        };
        return { undo: all(delay(holdMs), widen) };
      }
      case "blink":
        for (const door of victim.doors.values()) door.cut();
        return { undo: async () => undefined };
      case "hand-over":
        return this.#handOver(peer, victim);
      case "twice":
        return this.#twice(peer, victim);
    }
  }

  /** The connection is lost, and the peer that the client comes to dies as it comes; or, half of the time, an orderly end is cut short. */
  #handOver(peer: LivePeer, { client, doors, turn }: Victim): Harm {
    if (turn % 2 === 0) {
      const stopped = settled(peer.stop());
      const second = (async (): Promise<number> => {
        await delay(HAND_OVER_MS);
        if (!peer.isRunning) return 0;
        await peer.kill();
        return 1;
      })();
      return { second, undo: all(Promise.all([stopped, second]), () => peer.start()) };
    }
    const hurt: LivePeer[] = [];
    const second = (async (): Promise<number> => {
      if (!(await connectedAgain(client, () => doors.forEach((door) => door.cut())))) return 0;
      const next = this.#house.named(client.entry);
      hurt.push(next);
      await next.kill();
      return 1;
    })();
    return { second, undo: all(second, async () => void (await Promise.all(hurt.map((each) => each.start())))) };
  }

  /** Killed, and once it is back the one that the client is at then, if the turn goes on still. */
  async #twice(peer: LivePeer, { client, progress }: Victim): Promise<Harm> {
    await peer.kill();
    const hurt: LivePeer[] = [];
    const second = (async (): Promise<number> => {
      await this.#house.untilWhole();
      if (progress.point === "over" || !client.isConnected) return 0;
      const next = this.#house.named(client.entry);
      hurt.push(next);
      await next.kill();
      return 1;
    })();
    return { second, undo: all(second, async () => void (await Promise.all(hurt.map((each) => each.start())))) };
  }

  /** @returns how long it took until somebody else was prime; undefined when nobody became it */
  async #untilPrime(before: LivePeer, fromMs: number): Promise<number | undefined> {
    while (performance.now() - fromMs < PRIME_WAIT_MS) {
      const prime = await this.#house.prime(before).catch(onlyPeers);
      if (prime !== undefined && prime !== before) return performance.now() - fromMs;
      await delay(PRIME_LOOK_MS);
    }
    return undefined;
  }
}

interface Harm {
  /** Of a second one: how many came. */
  readonly second?: Promise<number>;
  readonly undo: Undo;
}

/** `first`, which goes on already, then `then`. */
function all(first: Promise<unknown>, then: Undo): Undo {
  return async () => {
    await first;
    await then();
  };
}

/** It may be killed over it. */
async function settled(act: Promise<void>): Promise<void> {
  await act.catch(onlyPeers);
}

function onlyPeers(error: unknown): undefined {
  if (!(error instanceof PeerFailure)) throw error;
}

/** Whether the client came to a peer again after `cut`, in time. */
async function connectedAgain(client: ScriptedClient, cut: () => void): Promise<boolean> {
  const again = Promise.withResolvers<boolean>();
  const unsubscribe = client.onConnected(() => again.resolve(true));
  const late = setTimeout(() => again.resolve(false), MOVED_MS);
  cut();
  try {
    return await again.promise;
  } finally {
    clearTimeout(late);
    unsubscribe();
  }
}
