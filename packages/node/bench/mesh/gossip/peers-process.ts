/** Some of the gossip bench's peers, in a process of their own: `node peers-process.ts COUNT`. Ends when its parent is gone. */
import { messageOf } from "../../../src/errors.ts";
import type { Counted, GossipAnswers, GossipNews, GossipOrder, Place } from "./orders.ts";
import { GossipPeer } from "./peer.ts";

/** Handshakes are computing; all processes make them at once. */
const DIALS_AT_ONCE = 2;
/** In a row, of one pair. */
const TRIES = 5;
const LINKED_MS = 120_000;

const peers: GossipPeer[] = [];
for (let i = 0; i < Number(process.argv[2]); i += 1) peers.push(await GossipPeer.start());

async function carryOut(order: GossipOrder): Promise<GossipAnswers[GossipOrder["type"]]> {
  switch (order.type) {
    case "link":
      await dialAll(order.places);
      return true;
    case "await-links":
      return linked(order.others);
    case "step":
      peers[order.say]?.say();
      for (const each of order.beat) await peers[each]?.inside.beat();
      return true;
    case "count":
      return count();
  }
}

async function dialAll(places: readonly Place[]): Promise<void> {
  const pairs = peers.flatMap((from) => {
    const at = places.findIndex(({ peer }) => peer === from.place.peer);
    return places.slice(at + 1).map((to) => ({ from, to }));
  });
  const dial = async (): Promise<void> => {
    for (let pair = pairs.shift(); pair !== undefined; pair = pairs.shift()) await dialPatiently(pair);
  };
  await Promise.all(Array.from({ length: DIALS_AT_ONCE }, dial));
}

/** Handshakes have a deadline, which a busy machine may miss. */
async function dialPatiently({ from, to }: { readonly from: GossipPeer; readonly to: Place }): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await from.dial(to);
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

async function linked(others: number): Promise<GossipAnswers["await-links"]> {
  const signal = AbortSignal.timeout(LINKED_MS);
  await Promise.all(peers.map((peer) => peer.awaitLinks(others, signal)));
  const [first] = peers;
  if (first === undefined) throw new RangeError("a process without peers");
  return { sayEveryMs: first.sayEveryMs, beatEveryMs: first.inside.beatEveryMs };
}

function count(): Counted {
  const { user, system } = process.cpuUsage();
  const sum = (of: (peer: GossipPeer) => number): number => peers.reduce((total, peer) => total + of(peer), 0);
  return {
    cpuMs: (user + system) / 1_000,
    sent: sum(({ inside }) => inside.sent),
    sentBytes: sum(({ inside }) => inside.sentBytes),
    received: sum(({ inside }) => inside.received),
    said: sum(({ said }) => said),
    saidBytes: sum(({ saidBytes }) => saidBytes),
    heard: sum(({ heard }) => heard),
  };
}

function say(news: GossipNews): void {
  // A parent that is gone hears nothing; this process ends then.
  if (process.connected) process.send?.(news, undefined, undefined, () => undefined);
}

process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches the whole group of processes: who started this one decides when it ends.
process.on("SIGINT", () => undefined);
process.on("message", (order: GossipOrder) => {
  carryOut(order).then(
    (answer) => say({ type: "answer", answer }),
    (error: unknown) => say({ type: "failed", why: messageOf(error) }),
  );
});
say({ type: "started", places: peers.map(({ place }) => place) });
