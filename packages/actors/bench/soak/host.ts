/** A host of the soak: `node --expose-gc host.ts '{"peer", "peers", "shards"}'`. Ends when its parent is gone. */
import { type ActorSnapshot, createActorSystem, createRemoting } from "../../src/index.ts";
import { TcpTransport } from "../../src/testing/index.ts";
import { Breakable } from "./breakable.ts";
import { ConsensusOfParent } from "./consensus.ts";
import { furnish } from "./household.ts";
import type { Figures, Order, Said } from "./protocol.ts";
import { Tally } from "./tally.ts";
import { keepBusy } from "./work.ts";

export interface HostOptions {
  readonly peer: string;
  readonly peers: readonly string[];
  readonly shards: number;
}

const { peer, peers, shards } = JSON.parse(process.argv[2] ?? "{}") as HostOptions;
const MB = 1_048_576;

const say = (said: Said): void => void process.send?.(said);
let ports: Readonly<Record<string, number>> = {};
const tcp = new TcpTransport({ portOf: (name) => ports[name] });
const breakable = new Breakable(tcp);
const remoting = createRemoting({ transport: breakable.transport });
const system = createActorSystem({
  peer,
  remoting: remoting.remoting,
  supervision: { maxRestarts: 100, withinMs: 1_000, backOff: { minMs: 0, maxMs: 0, factor: 1, jitter: 0 } },
});
const consensus = new ConsensusOfParent(peers, shards, say);
const tally = new Tally();

process.on("disconnect", () => process.exit(0));
process.on("message", (order: Order) => {
  consensus.take(order);
  if (order.type === "ports") ports = order.ports;
  if (order.type === "break") breakable.breakAll();
  if (order.type === "figures") say({ type: "figures", figures: figures() });
});

function figures(): Figures {
  // Once for the objects, and once more for what was kept by those that are finalized.
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const actors = all(system.inspect());
  return {
    rssMB: rss / MB,
    heapMB: heapUsed / MB,
    externalMB: external / MB,
    handles: process.getActiveResourcesInfo().length,
    actors: actors.length,
    waiting: actors.reduce((sum, { mailboxDepth }) => sum + mailboxDepth, 0),
    done: tally.done,
    errors: tally.errors,
  };
}

function all(actors: readonly ActorSnapshot[]): readonly ActorSnapshot[] {
  return actors.flatMap((actor) => [actor, ...all(actor.children)]);
}

await remoting.start();
const household = furnish(system, consensus);
say({ type: "ready", port: tcp.port });
const { signal } = new AbortController();
await keepBusy(
  { system, household, tally, signal },
  peers.filter((name) => name !== peer),
);
