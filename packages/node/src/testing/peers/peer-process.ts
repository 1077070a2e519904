/**
 * A whole peer in a process of its own, without engines unless some are asked for: `node peer-process.ts OPTIONS`, with {@link PeerProcessOptions} as JSON.
 * Does what its parent orders, and ends when the parent is gone.
 */
import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { hostFacts, loadConfig, type Config } from "../../config/index.ts";
import { isActorError } from "@parley/actors";
import { isPeerError, messageOf, PeerError } from "../../errors.ts";
import { fingerprintOf } from "../../mesh/door/code/fingerprint.ts";
import { createPeer } from "../../peer.ts";
import type { Seat } from "../../services/arbitration/arbitration.ts";
import { modelSources, type EngineSources } from "../../services/engine-sources.ts";
import { modelStoreFor } from "../../services/model-store.ts";
import { servicesFor } from "../../services/roles.ts";
import { fixedDelaySources } from "../fixed-delay-sources.ts";
import { notedTools } from "../noted-tools.ts";
import { notingEars } from "../noting-ears.ts";
import { watchCluster } from "./noticed.ts";
import { TestActors } from "./test-actors.ts";
import type {
  BidAnswer,
  GetAnswer,
  PairAnswer,
  PeerNews,
  PeerOrder,
  PeerProcessOptions,
  PlainAnswers,
  PutAnswer,
  PutOrder,
  TestEngines,
} from "./orders.ts";

const JOIN_MS = 60_000;
/** Long enough for a verdict to be taken back. */
const BID_MS = 1_500;

const given: PeerProcessOptions = JSON.parse(process.argv[2] ?? "{}");
const { home, flags, joinSecret, engines } = given;
const loaded = loadConfig({ env: {}, flags: { home, ...flags }, host: hostFacts({}), cwd: home });
if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("\n"));
const { config } = loaded;
const peer = await createPeer({
  config,
  joinSecret,
  ...(engines === undefined ? {} : { sources: sourcesOf(config, engines) }),
  extend: {
    ...(engines?.notesArrivals === true ? { services: notingEars() } : {}),
    ...(engines?.notedTools === undefined
      ? {}
      : { tools: notedTools({ ...engines.notedTools, peer: given.flags.name }) }),
  },
});
if (engines?.isStarted === true) peer.services.start(servicesFor(config));
const { cluster } = peer;
const noticed = watchCluster(cluster);
const actors = given.hasTestActors === true ? new TestActors(cluster) : undefined;

let seat: Seat | undefined;

const plain: { readonly [Order in keyof PlainAnswers]: () => PlainAnswers[Order] | Promise<PlainAnswers[Order]> } = {
  peers: () => cluster.peers(),
  status: () => ({
    state: "",
    term: null,
    prime: null,
    sentences: [],
    nextSteps: [],
    ...cluster.status(),
    belonging: cluster.belonging,
    clusterId: cluster.clusterId ?? null,
  }),
  commands: () => ({ inForce: cluster.shared?.now.version ?? 0 }),
  waiting: () => cluster.waiting(),
  met: () => cluster.met(),
  "open-pairing": () => cluster.openPairing(),
  leave: async () => {
    await cluster.leave();
    return null;
  },
  noticed,
  seat: () => {
    seat ??= peer.services.arbitration?.take();
    return { others: peer.services.arbitration?.elsewhere.length ?? 0 };
  },
  held: () => {
    // A flag that can be set while a process runs; the function it brings is there in new contexts only.
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();
    const { heapUsed, external } = process.memoryUsage();
    return { bytes: heapUsed + external };
  },
  digest: () => {
    const hash = createHash("sha256");
    const { pairs, members, revoked } = cluster.shared?.now ?? {};
    for (const [key, { value, revision }] of pairs?.range({}) ?? []) hash.update(`${key} ${revision} `).update(value);
    for (const each of [...(members?.keys() ?? []), ...(revoked?.keys() ?? [])]) hash.update(` ${each}`);
    return { index: cluster.shared?.now.index ?? 0, digest: hash.digest("base64url") };
  },
};

const say = (news: PeerNews): void => {
  // A parent that is gone hears nothing; this process ends then.
  if (process.connected) process.send?.(news, undefined, undefined, () => undefined);
};

process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => void peer.close().then(() => process.exit(0)));
// Ctrl-C reaches the whole group of processes: who started this one decides when it ends.
process.on("SIGINT", () => undefined);
process.on("message", ({ id, order }: { readonly id: number; readonly order: PeerOrder }) => {
  carryOut(order).then(
    (answer) => say({ id, answer }),
    (error: unknown) => say({ id, error: messageOf(error), code: codeOfFailure(error) }),
  );
});
say({
  ready: { peerId: cluster.peerId, fingerprint: fingerprintOf(cluster.peerId), url: peer.url, token: peer.token },
});

async function carryOut(order: PeerOrder): Promise<unknown> {
  switch (order.do) {
    case "put":
      return put(order);
    case "get":
      return get(order);
    case "join":
      return join({ code: order.code }, order.address);
    case "join-by-fingerprint":
      return join({ fingerprint: order.fingerprint }, order.address);
    case "revoke":
      return cluster.revoke(order.who);
    case "approve":
      return cluster.approve(order.who);
    case "range":
      return range(order.prefix, order.timeoutMs);
    case "note":
      return testActors().note(order.room, order.note, order.timeoutMs);
    case "where":
      return testActors().where(order.room, order.timeoutMs);
    case "pull":
      return testActors().pull(order);
    case "bid":
      return bid(order);
    default:
      return plain[order.do]();
  }
}

async function bid({ score, agoMs }: { readonly score: number; readonly agoMs: number }): Promise<BidAnswer> {
  const startedMs = performance.now();
  let answer: BidAnswer | undefined;
  for await (const verdict of seat?.bid({ score, agoMs }, AbortSignal.timeout(BID_MS)) ?? []) {
    answer =
      answer === undefined
        ? { first: verdict, last: verdict, tookMs: performance.now() - startedMs }
        : { ...answer, last: verdict };
  }
  if (answer !== undefined) return answer;
  throw new PeerError("usage", "nothing came of the bid", { nextStep: "Take a seat first." });
}

function sourcesOf(of: Config, { fixed, ...delays }: TestEngines): EngineSources {
  const scripted = Object.entries(fixedDelaySources(delays)).filter(([name]) => fixed.some((one) => one === name));
  return { ...modelSources(of, modelStoreFor(of)), ...Object.fromEntries(scripted) };
}

function testActors(): TestActors {
  if (actors !== undefined) return actors;
  throw new PeerError("usage", "this peer was started without actors of the test's own", {
    nextStep: "Make it with hasTestActors.",
  });
}

function codeOfFailure(error: unknown): string {
  return isPeerError(error) || isActorError(error) ? error.code : "unexpected";
}

/** @throws PeerError `no-quorum` */
async function range(prefix: string, timeoutMs: number): Promise<readonly PairAnswer[]> {
  const { shared } = cluster;
  const read = await shared?.read({ timeoutMs });
  if (shared === undefined || read?.outcome !== "readable") {
    throw new PeerError("no-quorum", "nothing current can be read here now", { nextStep: "Ask again." });
  }
  return [...shared.now.pairs.range({})].flatMap(([key, { value, revision }]) =>
    key.startsWith(prefix) ? [{ key, value: Buffer.from(value).toString(), revision }] : [],
  );
}

async function put({ key, value, when, timeoutMs }: PutOrder): Promise<PutAnswer> {
  const { shared } = cluster;
  if (shared === undefined) return { outcome: "refused", detail: "belongs to no cluster" };
  const guard = when === undefined ? {} : { when: when === null ? { revision: 0 } : { value: Buffer.from(when) } };
  const ended = await shared.submit({ type: "put", key, value: Buffer.from(value), ...guard }, { timeoutMs });
  if (ended.outcome === "done") return { outcome: "done", index: ended.index };
  if (ended.outcome === "refused" && ended.reason === "mismatch") return { outcome: "mismatch", index: 0 };
  return { outcome: ended.outcome, detail: ended.detail };
}

async function get(order: PeerOrder & { readonly do: "get" }): Promise<GetAnswer> {
  const { shared } = cluster;
  if (shared === undefined) return { outcome: "refused", detail: "belongs to no cluster" };
  if (order.isStale !== true) {
    const read = await shared.read({ timeoutMs: order.timeoutMs });
    if (read.outcome !== "readable") return { outcome: "refused", detail: read.detail };
  }
  const { pairs, index } = shared.now;
  const pair = pairs.get(order.key);
  return { outcome: "read", value: pair === undefined ? null : Buffer.from(pair.value).toString(), index };
}

async function join(
  proof: { readonly code: string } | { readonly fingerprint: string },
  address?: string,
): Promise<null> {
  const signal = AbortSignal.timeout(JOIN_MS);
  await cluster.join({ proof, signal, ...(address === undefined ? {} : { address }) });
  return null;
}
