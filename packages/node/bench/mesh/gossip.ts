/**
 * What it costs each peer that all say now and then how they fare: the shipped signs of life over the shipped gossip, between
 * real libp2p hosts in this process, each connected with each. Counted is what gossip gives its streams; Noise, Yamux and TCP
 * add some 60 bytes to a message.
 */
import { RPC } from "@libp2p/gossipsub/message";
import pino from "pino";
import { informs } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { LIFE_TOPIC, Life } from "../../src/cluster/host/member/life.ts";
import { dialable, plainAddress } from "../../src/mesh/host/addresses.ts";
import { DEFAULT_DOOR_LIMITS, Doorman } from "../../src/mesh/host/doorman.ts";
import { startLibp2p, type Libp2pNode } from "../../src/mesh/host/libp2p-node.ts";
import { topicsOver } from "../../src/mesh/host/topics.ts";
import { newIdentity } from "./pair.ts";

const SIZES = [3, 10, 50];
/** Until each has found whom it passes gossip on to. */
const SETTLE_MS = 12_000;
const COUNT_MS = 20_000;
const DIALS_AT_ONCE = 4;
const MAX_FAILURES = 200;
const DIAL_MS = 20_000;

const log = pino({ level: "silent" });
const standingOf = () => "member" as const;

interface Counted {
  messages: number;
  bytes: number;
}

export async function gossipRows(): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const size of SIZES) rows.push(...(await rowsOf(size)));
  return rows;
}

async function rowsOf(size: number): Promise<readonly BenchRow[]> {
  const nodes: Libp2pNode[] = [];
  const lives: Life[] = [];
  try {
    for (let i = 0; i < size; i += 1) nodes.push(await start());
    const counts = nodes.map((node) => counting(node));
    // They listen before they are linked, as members do.
    for (const { libp2p } of nodes) lives.push(living(libp2p.services.gossip));
    await connectAll(nodes);
    await rest(SETTLE_MS);
    const before = counts.map((count) => ({ ...count }));
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    await rest(COUNT_MS);
    const seconds = (performance.now() - startedMs) / 1_000;
    const { user, system } = process.cpuUsage(cpuBefore);
    const rates = counts.map(({ messages, bytes }, i) => ({
      messages: (messages - (before[i]?.messages ?? 0)) / seconds,
      bytes: (bytes - (before[i]?.bytes ?? 0)) / seconds,
    }));
    const mean = (of: keyof Counted): number => rates.reduce((sum, rate) => sum + rate[of], 0) / size;
    const known = nodes.map((_, i) =>
      nodes.filter(({ libp2p }, j) => i !== j && lives[i]?.signOf(libp2p.peerId.toString()) !== undefined),
    );
    const heard = known.reduce((sum, others) => sum + others.length, 0) / (size * (size - 1));
    const who = `${size} peers`;
    return [
      informs(`gossip of ${who}, sent by each`, mean("bytes"), "B/s"),
      informs("the same", mean("messages"), "messages/s"),
      informs("the same, whoever sends most", Math.max(...rates.map(({ bytes }) => bytes)), "B/s"),
      informs("the same, processor of each", ((user + system) / 1_000 / (seconds * 1_000) / size) * 100, "% of a core"),
      { ...informs("the same, others of which each has heard", 100 * heard, "%"), goal: "100", met: heard === 1 },
    ];
  } finally {
    for (const life of lives) life.close();
    await Promise.all(nodes.map(async ({ libp2p }) => libp2p.stop()));
  }
}

async function start(): Promise<Libp2pNode> {
  return startLibp2p({
    identity: await newIdentity(),
    listen: [{ host: "127.0.0.1", port: 0 }],
    doorman: new Doorman(standingOf, DEFAULT_DOOR_LIMITS),
    limits: DEFAULT_DOOR_LIMITS,
    admits: () => true,
    isMember: () => true,
    topics: [LIFE_TOPIC],
  });
}

/** Each with each, over one connection, as links have it for gossip. */
async function connectAll(nodes: readonly Libp2pNode[]): Promise<void> {
  let failures = 0;
  const pairs = nodes.flatMap((from, i) => nodes.slice(i + 1).map((to) => [from, to] as const));
  const dial = async (): Promise<void> => {
    for (let pair = pairs.shift(); pair !== undefined; pair = pairs.shift()) {
      const [from, to] = pair;
      const connected = await connect(from, to).catch((error: unknown) => error);
      if (connected === true) continue;
      // Handshakes have a deadline, and this process makes hundreds of them.
      failures += 1;
      if (failures > MAX_FAILURES) throw connected;
      pairs.push(pair);
    }
  };
  await Promise.all(Array.from({ length: DIALS_AT_ONCE }, dial));
}

async function connect(from: Libp2pNode, to: Libp2pNode): Promise<true> {
  const [address] = to.libp2p.getMultiaddrs().map(plainAddress);
  if (address === undefined) throw new Error("a host listens nowhere");
  const target = dialable(address, to.libp2p.peerId.toString());
  // libp2p holds a connection to the signal that it was dialled with: its deadline ends with the dial.
  const dialling = new AbortController();
  const late = setTimeout(() => dialling.abort(), DIAL_MS);
  const connection = await from.inside.transportManager
    .dial(target, { signal: dialling.signal })
    .finally(() => clearTimeout(late));
  const signal = AbortSignal.timeout(DIAL_MS);
  await from.libp2p.services.identify.identify(connection, { signal });
  const [back] = to.libp2p.getConnections(from.libp2p.peerId);
  if (back !== undefined) await to.libp2p.services.identify.identify(back, { signal });
  return true;
}

/** What this host's gossip gives its streams from now on: the library says it to nobody, so its one way out is watched. */
function counting({ libp2p }: Libp2pNode): Counted {
  const { gossip } = libp2p.services;
  const counted = { messages: 0, bytes: 0 };
  const send: unknown = Reflect.get(gossip, "sendRpc");
  if (typeof send !== "function") throw new TypeError("gossip has another way out than it had");
  Reflect.set(gossip, "sendRpc", (to: unknown, rpc: RPC) => {
    const hasSent: unknown = Reflect.apply(send, gossip, [to, rpc]);
    if (hasSent === true) {
      counted.messages += 1;
      counted.bytes += RPC.encode(rpc).length;
    }
    return hasSent;
  });
  return counted;
}

function living(gossip: Libp2pNode["libp2p"]["services"]["gossip"]): Life {
  return new Life({
    topics: topicsOver(gossip, standingOf),
    links: { onEvent: () => () => undefined, current: () => undefined },
    prime: () => ({ leader: "12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq", term: 7 }),
    log,
    cores: 4,
  });
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
