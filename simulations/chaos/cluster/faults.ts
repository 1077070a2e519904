/** What the nemesis can do to a cluster of whole peers. */
import { PeerFailure, type LivePeer } from "@parley/node/testing";
import type { Random } from "../../kit/random.ts";
import type { Lanes, Undo } from "../nemesis.ts";
import type { World } from "./world.ts";

export interface FaultContext {
  readonly world: World;
  readonly random: Random;
  /** Peers that there are to be at least. */
  readonly size: number;
}

const processes: Lanes<FaultContext>[string] = {
  "kill -9": async (context) => killed(context, pickPeer(context)),
  "kill -9 the prime": async (context) => killed(context, await pickPrime(context)),
  "kill -9 all": async ({ world }) => {
    if (world.claimed.size > 0) return undefined;
    const all = world.peers.filter(({ isRunning }) => isRunning);
    const release = claim(world, all);
    await Promise.all(all.map((peer) => peer.kill()));
    return finallyDo(release, async () => {
      await Promise.all(all.map((peer) => peer.start()));
    });
  },
  SIGSTOP: async (context) => paused(context, pickPeer(context)),
  "SIGSTOP the prime": async (context) => paused(context, await pickPrime(context)),
};

const links: Lanes<FaultContext>[string] = {
  "partition in two": async ({ world, random }) => {
    const side = world.peers.filter(() => random.chance(0.5));
    return divided(
      world,
      side,
      world.peers.filter((peer) => !side.includes(peer)),
    );
  },
  "prime isolated": async ({ world }) => {
    const prime = await world.prime();
    if (prime === undefined) return undefined;
    return divided(
      world,
      [prime],
      world.peers.filter((peer) => peer !== prime),
    );
  },
  "prime heard by nobody": async ({ world }) => {
    const prime = await world.prime();
    const { household } = world;
    const { lan } = household;
    if (prime === undefined || lan === undefined) return undefined;
    const from = household.placeOf(prime);
    const others = world.peers.filter((peer) => peer !== prime);
    await Promise.all(others.map((peer) => lan.cutOneWay(from, household.placeOf(peer))));
    return () => lan.heal();
  },
  "one way cut": async ({ world, random }) => {
    const { household } = world;
    const from = random.pick(world.peers);
    const to = random.pick(world.peers.filter((peer) => peer !== from));
    if (from === undefined || to === undefined || household.lan === undefined) return undefined;
    const { lan } = household;
    await lan.cutOneWay(household.placeOf(from), household.placeOf(to));
    return () => lan.heal();
  },
  "packets lost": async ({ world, random }) => {
    const { lan } = world.household;
    if (lan === undefined) return undefined;
    await lan.lose(random.between(2, 30));
    return () => lan.lose(0);
  },
};

const members: Lanes<FaultContext>[string] = {
  "a peer joins, and leaves": async ({ world, size }) => {
    await world.tidy();
    if (world.peers.length > size) return undefined;
    const newcomer = await world.household.add();
    const release = claim(world, [newcomer]);
    try {
      await world.admit(newcomer);
    } catch (error) {
      await world.household.drop(newcomer);
      release();
      throw error;
    }
    return finallyDo(release, async () => {
      world.retire(newcomer);
      try {
        await newcomer.leave();
      } finally {
        await world.household.drop(newcomer);
      }
    });
  },
  "a member leaves, another comes": async (context) => replaced(context, async (old) => void (await old.leave())),
  "a member is revoked, another comes": async (context) =>
    replaced(context, async (old) => {
      const { world, random } = context;
      const judge = random.pick(world.open.filter((peer) => peer !== old && peer.isRunning && !peer.isPaused));
      if (judge === undefined) throw new PeerFailure("nobody is there to revoke it", "silent");
      await judge.revoke(old.peerId);
    }),
};

/** @param isolated as of {@link World.make} */
export function lanes(isolated: boolean): Lanes<FaultContext> {
  return { processes, members, ...(isolated ? { links } : {}) };
}

async function replaced(context: FaultContext, banish: (old: LivePeer) => Promise<void>): Promise<Undo | undefined> {
  const { world } = context;
  await world.tidy();
  const old = pickPeer(context);
  if (old === undefined || !world.open.includes(old) || world.open.length < 3) return undefined;
  const release = claim(world, [old]);
  try {
    await banish(old);
  } catch (error) {
    release();
    throw error;
  }
  const newcomer = await world.replace(old);
  const releaseNew = claim(world, [newcomer]);
  release();
  return finallyDo(releaseNew, () => world.admit(newcomer));
}

/** Links only: whatever else happens to these peers goes on. */
async function divided(
  world: World,
  these: readonly LivePeer[],
  those: readonly LivePeer[],
): Promise<Undo | undefined> {
  const { household } = world;
  const { lan } = household;
  if (lan === undefined || these.length === 0 || those.length === 0) return undefined;
  const places = (peers: readonly LivePeer[]) => peers.map((peer) => household.placeOf(peer));
  await lan.divide(places(these), places(those));
  return () => lan.heal();
}

function pickPeer({ world, random }: FaultContext): LivePeer | undefined {
  return random.pick(world.peers.filter((peer) => peer.isRunning && !world.claimed.has(peer)));
}

async function pickPrime({ world }: FaultContext): Promise<LivePeer | undefined> {
  const prime = await world.prime();
  return prime === undefined || world.claimed.has(prime) ? undefined : prime;
}

async function killed({ world }: FaultContext, peer: LivePeer | undefined): Promise<Undo | undefined> {
  if (peer === undefined) return undefined;
  const release = claim(world, [peer]);
  await peer.kill();
  return finallyDo(release, () => peer.start());
}

async function paused({ world }: FaultContext, peer: LivePeer | undefined): Promise<Undo | undefined> {
  if (peer === undefined) return undefined;
  const release = claim(world, [peer]);
  peer.pause();
  return finallyDo(release, async () => peer.resume());
}

function finallyDo(release: () => void, act: () => Promise<void>): Undo {
  return async () => {
    try {
      await act();
    } finally {
      release();
    }
  };
}

function claim({ claimed }: World, peers: readonly LivePeer[]): () => void {
  for (const peer of peers) claimed.add(peer);
  return () => {
    for (const peer of peers) claimed.delete(peer);
  };
}
