import { PeerFailure, untilUnited, type LivePeer } from "@parley/node/testing";
import { describe, expect, it } from "vitest";
import { household, SECRET, startAll, until } from "./support.ts";

const ROOMS = Array.from({ length: 16 }, (_, i) => `room-${i}`);

/** Tells rooms notes, one after the other, through whoever runs; each again until it is acknowledged. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly #peers: () => readonly LivePeer[];
  readonly #name: string;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(name: string, peers: () => readonly LivePeer[]) {
    this.#name = name;
    this.#peers = peers;
    this.#done = this.#run();
  }

  async end(): Promise<readonly string[]> {
    this.#isOver = true;
    await this.#done;
    return this.acknowledged;
  }

  async #run(): Promise<void> {
    for (let i = 0; !this.#isOver; i += 1) {
      const room = ROOMS[i % ROOMS.length] ?? "room";
      const note = `${this.#name}-${i}`;
      for (let attempt = 0; !this.#isOver; attempt += 1) {
        const peers = this.#peers();
        if (await hasTaken(peers[(i + attempt) % Math.max(1, peers.length)], room, note)) {
          this.acknowledged.push(`notes/${room}/${note}`);
          break;
        }
      }
    }
  }
}

async function hasTaken(peer: LivePeer | undefined, room: string, note: string): Promise<boolean> {
  try {
    await peer?.note(room, note, 3_000);
    return peer !== undefined;
  } catch (error) {
    // Its peer was killed, or nobody owns the room yet.
    if (!(error instanceof PeerFailure)) throw error;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return false;
  }
}

/** Where all rooms are, as `asked` says; they may be moving. */
async function homesOf(asked: LivePeer): Promise<readonly string[] | undefined> {
  try {
    return await Promise.all(ROOMS.map(async (room) => (await asked.where(room)).peer));
  } catch (error) {
    if (error instanceof PeerFailure) return undefined;
    throw error;
  }
}

async function untilHomes(asked: LivePeer, holds: (homes: ReadonlySet<string>) => boolean, what: string) {
  await until(
    async () => {
      const homes = await homesOf(asked);
      return homes !== undefined && holds(new Set(homes));
    },
    what,
    { peers: [asked] },
  );
}

/** In the order in which they were written down: what was, by whom, and under which epoch or term of which shard. */
async function writtenDown(asked: LivePeer, prefix: string) {
  const pairs = await asked.range(prefix);
  return pairs
    .toSorted((one, other) => one.revision - other.revision)
    .map(({ key, value }) => {
      const [shard = "", token = "", peer = ""] = value.split(" ");
      return { key, shard, token: Number(token), peer };
    });
}

/** One owner for each epoch or term, and nothing of an older one after something of a newer. */
function expectFenced(acts: Awaited<ReturnType<typeof writtenDown>>): void {
  const newest = new Map<string, number>();
  const owners = new Map<string, string>();
  for (const { shard, token, peer } of acts) {
    expect(token).toBeGreaterThanOrEqual(newest.get(shard) ?? 0);
    newest.set(shard, token);
    const time = `${shard} ${token}`;
    expect(owners.get(time) ?? peer).toBe(peer);
    owners.set(time, peer);
  }
}

describe("actors on whole peers", () => {
  it("move when their hosts are killed, come, leave and stand still: no acknowledged message is lost, nobody acts out of turn", async () => {
    const house = await household({ joinSecret: SECRET, hasTestActors: true });
    const first = await house.addAll(3);
    await startAll(first);
    const { prime } = await untilUnited(first, { voters: 3 });
    const [victim, witness] = first.filter((peer) => peer !== prime);
    if (victim === undefined || witness === undefined) throw new Error("three");
    await untilHomes(witness, (homes) => homes.size === 3, "all three have rooms");

    const inUse = () => house.peers.filter(({ isRunning, isPaused }) => isRunning && !isPaused);
    const writers = [1, 2].map((i) => new Writer(`writer-${i}`, inUse));
    await victim.kill();
    await untilHomes(witness, (homes) => !homes.has(victim.peerId), "the rooms of the killed host are elsewhere");
    await victim.start();
    const late = await house.add();
    await late.start();
    await untilHomes(witness, (homes) => homes.has(late.peerId) && homes.has(victim.peerId), "who comes has rooms");

    prime.pause();
    await untilHomes(witness, (homes) => !homes.has(prime.peerId), "the rooms of the host that stands still move");
    prime.resume();
    await untilUnited(house.peers);
    await late.leave();
    await late.stop();
    const { prime: second } = await untilUnited(first);
    const asked = first.find((peer) => peer !== second) ?? witness;
    await untilHomes(asked, (homes) => !homes.has(late.peerId), "who leaves has none");
    await second.kill();
    await untilHomes(asked, (homes) => !homes.has(second.peerId), "the prime's rooms are elsewhere");
    await second.start();
    await untilUnited(first, { voters: 3 });

    const acknowledged = (await Promise.all(writers.map((writer) => writer.end()))).flat();
    expect(acknowledged.length).toBeGreaterThan(50);
    for (const peer of first) {
      const notes = await writtenDown(peer, "notes/");
      const held = new Set(notes.map(({ key }) => key));
      expect(acknowledged.filter((note) => !held.has(note))).toEqual([]);
      expectFenced(notes);
    }
    expect(house.crashes().filter((crash) => !crash.includes(late.name))).toEqual([]);
  }, 240_000);

  it("with a singleton on the prime and nowhere else: it follows the prime, and a former one that wakes up does nothing more", async () => {
    const house = await household({ joinSecret: SECRET, hasTestActors: true });
    const peers = await house.addAll(3);
    await startAll(peers);
    const primes = new Map<number, string>();
    const actsOf = async (asked: LivePeer) => writtenDown(asked, "diary/");
    for (const harm of ["pause", "kill"] as const) {
      const { prime, term } = await untilUnited(peers, { voters: 3 });
      primes.set(term, prime.peerId);
      const others = peers.filter((peer) => peer !== prime);
      const [other = prime] = others;
      await until(
        async () => (await actsOf(other)).some(({ token, peer }) => token >= term && peer === prime.peerId),
        "the singleton acts on the prime",
        { peers },
      );
      if (harm === "pause") prime.pause();
      else await prime.kill();
      await until(
        async () => {
          const [last] = (await actsOf(other)).slice(-1);
          return last !== undefined && last.token > term && last.peer !== prime.peerId;
        },
        "it acts on the next prime",
        { peers: others },
      );
      if (harm === "pause") prime.resume();
      else await prime.start();
    }
    const { prime, term } = await untilUnited(peers, { voters: 3 });
    primes.set(term, prime.peerId);
    await until(async () => (await actsOf(prime)).at(-1)?.peer === prime.peerId, "it acts where the prime is", {
      peers,
    });
    const acts = await actsOf(prime);
    expectFenced(acts);
    for (const { token, peer } of acts) if (primes.has(token)) expect(peer).toBe(primes.get(token));
    expect(house.crashes()).toEqual([]);
  }, 180_000);
});
