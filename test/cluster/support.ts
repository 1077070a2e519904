/** What the tests of whole clusters share. */
import { Household, Lan, PeerFailure, portrait, type HouseholdOptions, type LivePeer } from "@parley/node/testing";
import { expect, onTestFinished } from "vitest";

export const SECRET = "a secret of more than sixteen characters";

/** Why tests that need networks of their own are skipped; undefined: they are not. */
export const noLan = Lan.obstacle();
if (noLan !== undefined) console.warn(`skipped: clusters on networks of their own, because ${noLan}`);

/** Peers on loopback; ended with the test. */
export async function household(options: HouseholdOptions = {}): Promise<Household> {
  const house = await Household.open(options);
  onTestFinished(() => house.close());
  return house;
}

/** Peers on a network of their own; ended with the test. */
export async function householdOnLan(
  options: Omit<HouseholdOptions, "lan"> & { readonly subnets?: number } = {},
): Promise<{ readonly house: Household; readonly lan: Lan }> {
  const { subnets, ...rest } = options;
  const lan = await Lan.make(subnets === undefined ? {} : { subnets });
  return { lan, house: await household({ ...rest, lan }) };
}

export async function startAll(peers: readonly LivePeer[]): Promise<void> {
  await Promise.all(peers.map((peer) => peer.start()));
}

/** Resolves once it holds. @throws Error after `timeoutMs`, with what the peers say */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  { peers = [], timeoutMs = 60_000 }: { readonly peers?: readonly LivePeer[]; readonly timeoutMs?: number } = {},
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs)
      throw new Error(`not so after ${timeoutMs} ms: ${what}${await portrait(peers)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Writes until it is done; the peers must take it in the end. */
export async function putUntilDone(peer: LivePeer, key: string, value: string): Promise<void> {
  await until(async () => (await peer.put(key, value)).outcome === "done", `${peer.name} writes ${key}`, {
    peers: [peer],
  });
}

/** The linearizable value as that peer reads it. */
export async function valueAt(peer: LivePeer, key: string): Promise<string | null> {
  let value: string | null = null;
  await until(
    async () => {
      const answer = await peer.get(key);
      if (answer.outcome === "read") value = answer.value;
      return answer.outcome === "read";
    },
    `${peer.name} reads ${key}`,
    { peers: [peer] },
  );
  return value;
}

/** Whom that peer takes for prime: a peer id. */
export async function primeOf(peer: LivePeer): Promise<string | undefined> {
  return (await peer.peers()).find(({ isPrime }) => isPrime)?.peerId;
}

/** Writes through all of them in turn until `isOver`: each again until it is taken; `keys` of them, one after the other. */
export async function keepWriting(
  peers: () => readonly LivePeer[],
  name: string,
  isOver: () => boolean,
  keys: number = Number.POSITIVE_INFINITY,
): Promise<ReadonlyMap<string, string>> {
  const written = new Map<string, string>();
  for (let i = 0; !isOver(); i += 1) {
    const [key, value] = [`${name}/${i % keys}`, `value-${i}`];
    for (let attempt = i; !isOver(); attempt += 1) {
      const usable = peers().filter(({ isRunning, isPaused }) => isRunning && !isPaused);
      if (await isTaken(usable[attempt % Math.max(1, usable.length)], key, value)) {
        written.set(key, value);
        break;
      }
    }
  }
  return written;
}

/** What was written through these in turn, by so many at once, while `work` went on. */
export async function underWrites(
  through: readonly LivePeer[],
  work: () => Promise<unknown>,
  options: { readonly name?: string; readonly writers?: number; readonly keys?: number } = {},
): Promise<ReadonlyMap<string, string>> {
  const { name = "writer", writers = 2, keys } = options;
  let isOver = false;
  const names = Array.from({ length: writers }, (_, i) => `${name}-${i + 1}`);
  const writing = names.map((each) =>
    keepWriting(
      () => through,
      each,
      () => isOver,
      keys,
    ),
  );
  try {
    await work();
  } finally {
    isOver = true;
  }
  return new Map((await Promise.all(writing)).flatMap((each) => [...each]));
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function isTaken(peer: LivePeer | undefined, key: string, value: string): Promise<boolean> {
  try {
    if (peer !== undefined && (await peer.put(key, value, { timeoutMs: 2_000 })).outcome === "done") return true;
  } catch (error) {
    // It was killed meanwhile, or stands still.
    if (!(error instanceof PeerFailure)) throw error;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  return false;
}

/** Each of these holds all of it, by a read that is current. */
export async function expectHeld(peers: readonly LivePeer[], written: ReadonlyMap<string, string>): Promise<void> {
  for (const peer of peers) {
    let held = new Map<string, string>();
    await until(
      async () => {
        try {
          held = new Map((await peer.range("")).map(({ key, value }) => [key, value]));
          return true;
        } catch (error) {
          if (error instanceof PeerFailure) return false;
          throw error;
        }
      },
      `${peer.name} reads`,
      { peers: [peer] },
    );
    expect([...written].filter(([key, value]) => held.get(key) !== value)).toEqual([]);
  }
}

/** Their replicas do not differ. */
export function untilEqual(peers: readonly LivePeer[]): Promise<void> {
  return until(
    async () =>
      new Set((await Promise.all(peers.map((peer) => peer.tell("digest")))).map(({ digest }) => digest)).size === 1,
    "all hold the same",
    { peers },
  );
}
