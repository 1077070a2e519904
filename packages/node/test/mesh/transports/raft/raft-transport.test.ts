import {
  encodeFrame,
  encodeMessages,
  MESSAGE_FRAME,
  RaftError,
  type Message,
  type SnapshotContents,
  type Transport,
  type TransportReceiver,
} from "@parley/raft";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { framePrefix } from "../../../../src/mesh/wire/frame-splitter.ts";
import type { RaftTransportLimits } from "../../../../src/mesh/transports/raft/limits.ts";
import { createRaftTransport } from "../../../../src/mesh/transports/raft/raft-transport.ts";
import { encodeSnapshotFrame } from "../../../../src/mesh/transports/raft/snapshot-codec.ts";
import { noLog } from "../../../support.ts";
import { soon, until } from "../../host/hosts.ts";
import { linkAll, startMeshPeer, type MeshPeer } from "../mesh.ts";
import { Directory, leaderOf, put, startCluster, startRaftOn, valueOf } from "./cluster.ts";

describe("Raft nodes on peers that are linked", () => {
  it("elect, replicate, and go on when their leader is gone, which they are told at once", async () => {
    const { peers } = await startCluster(3);
    const leader = await leaderOf(peers);
    await put(peers, "a", "1");
    await until(() => peers.every((peer) => valueOf(peer, "a") === "1"));
    const rest = peers.filter((peer) => peer !== leader);
    expect(rest.map(({ node }) => node.status().lead)).toEqual([leader.nodeId, leader.nodeId]);
    await until(() => [...leader.node.status().peers.values()].every(({ roundTripMs }) => roundTripMs !== undefined));

    // As by kill -9: nothing is said, sockets close and nobody listens.
    await leader.host.close();
    await until(() => rest.every(({ told }) => told.includes(`gone ${leader.nodeId}`)));
    await put(rest, "b", "2");
    await until(() => rest.every((peer) => valueOf(peer, "b") === "2"));
    expect(rest).toContain(await leaderOf(rest));
  });

  it("bring a late learner up by snapshot", async () => {
    const { peers, directory } = await startCluster(3);
    const leader = await leaderOf(peers);
    const large = "x".repeat(20_000);
    for (let i = 0; i < 60; i += 1) await put([leader], `key ${i}`, `${i} ${large}`);
    const learner = await startRaftOn(await startMeshPeer(), directory);
    await linkAll([...peers, learner]);
    await until(async () => {
      const current = await leaderOf(peers);
      const added = await current.node.changeMembership([{ operation: "add-learner", node: learner.nodeId }]);
      return added.outcome === "committed";
    });
    await until(() => valueOf(learner, "key 59") === `59 ${large}`);
    expect(learner.told.filter((said) => said.startsWith("snapshot")).length).toBeGreaterThan(0);
    await put(peers, "after", "wards");
    await until(() => valueOf(learner, "after") === "wards");
  });

  it("find each other again after a link was cut", async () => {
    const { peers } = await startCluster(3);
    const leader = await leaderOf(peers);
    for (const other of peers) if (other !== leader) leader.links.reset(other.id, "a test");
    await put(peers, "k", "v");
    await until(() => peers.every((peer) => valueOf(peer, "k") === "v"));
    expect(peers.every(({ links }) => links.status().every(({ state }) => state === "up"))).toBe(true);
  });
});

const HEARTBEAT: Message = {
  type: "heartbeat",
  to: 2,
  from: 1,
  term: 1,
  logTerm: 0,
  index: 0,
  entries: [],
  commit: 0,
  vote: 0,
  reject: false,
  rejectHint: 0,
  snapshot: undefined,
  context: undefined,
  responses: [],
};
const CONF_STATE = { voters: [1, 2], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
const META = { index: 9, term: 1, confState: CONF_STATE };
const SNAPSHOT: Message = { ...HEARTBEAT, type: "snapshot", snapshot: { ...META, data: new Uint8Array(0) } };

interface Listener extends TransportReceiver {
  readonly messages: Message[];
  readonly unreached: number[];
  takeIn: TransportReceiver["receiveSnapshot"];
}

function listener(): Listener {
  const messages: Message[] = [];
  const unreached: number[] = [];
  const made: Listener = {
    messages,
    unreached,
    takeIn: () => Promise.reject(new Error("no use for it")),
    receive: (message) => void messages.push(message),
    receiveSnapshot: (...given) => made.takeIn(...given),
    unreachable: (node) => void unreached.push(node),
    gone: () => undefined,
  };
  return made;
}

/** Nodes 1 and 2 without drivers: what one sends, and what the other is told. */
async function pair(limits: Partial<RaftTransportLimits> = {}): Promise<{
  readonly peers: readonly [MeshPeer, MeshPeer];
  readonly transports: readonly [Transport, Transport];
  readonly listeners: readonly [Listener, Listener];
}> {
  const peers = [await startMeshPeer(), await startMeshPeer()] as const;
  await linkAll(peers);
  const directory = new Directory();
  const start = async (peer: MeshPeer): Promise<readonly [Transport, Listener]> => {
    const transport = createRaftTransport({ ...peer, directory, self: directory.admit(peer.id), log: noLog, limits });
    onTestFinished(() => transport.close());
    return [transport, listener()];
  };
  const [one, two] = [await start(peers[0]), await start(peers[1])];
  for (const [transport, heard] of [one, two]) await transport.start(heard);
  return { peers, transports: [one[0], two[0]], listeners: [one[1], two[1]] };
}

describe("messages of Raft over a link", () => {
  it("come in order, and in their own name only, save those that are passed on", async () => {
    const { transports, listeners, peers } = await pair();
    const messages = Array.from({ length: 500 }, (_, i) => ({ ...HEARTBEAT, commit: i }));
    for (const message of messages) transports[0].send([message]);
    transports[0].send([{ ...HEARTBEAT, type: "propose", from: 7, term: 0 }]);
    await until(() => listeners[1].messages.length === 501);
    expect(listeners[1].messages.slice(0, 500).map(({ commit }) => commit)).toEqual(
      messages.map(({ commit }) => commit),
    );
    expect(listeners[1].messages[500]?.from).toBe(7);

    for (const forged of [
      { ...HEARTBEAT, from: 3 },
      { ...HEARTBEAT, to: 3 },
    ]) {
      const stream = await peers[0].links.current(peers[1].id)?.prompt.openStream("/parley/raft/1", soon());
      stream?.send(encodeMessages([HEARTBEAT, forged, HEARTBEAT]));
      await until(() => stream?.status === "reset");
    }
    // The one before each forgery counts, the one after it does not.
    expect(listeners[1].messages.length).toBe(503);
    transports[0].send([HEARTBEAT]);
    await until(() => {
      transports[0].send([{ ...HEARTBEAT, commit: 77 }]);
      return listeners[1].messages.at(-1)?.commit === 77;
    });
  });

  it("close the stream when they are no messages, and harm nothing else", async () => {
    const { transports, listeners, peers } = await pair();
    const link = peers[0].links.current(peers[1].id);
    const good = encodeMessages([HEARTBEAT]);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("/parley/raft/1", "/parley/raft-snapshot/1"),
        fc.oneof(
          fc.uint8Array({ maxLength: 100 }),
          fc.uint8Array({ maxLength: 60 }).map((body) => encodeFrame(MESSAGE_FRAME, body)),
          fc.uint8Array({ maxLength: 60 }).map((body) => Buffer.concat([framePrefix(body.length), body])),
          fc
            .tuple(fc.nat(good.length - 1), fc.nat(255))
            .map(([at, byte]) => good.map((old, i) => (i === at ? byte : old))),
        ),
        async (protocol, bytes) => {
          const stream = await link?.prompt.openStream(protocol, soon());
          stream?.send(bytes);
          await new Promise(setImmediate);
          stream?.abort(new Error("enough"));
        },
      ),
      { numRuns: 100 },
    );
    expect(peers[0].links.current(peers[1].id)).toBe(link);
    await until(() => {
      transports[0].send([{ ...HEARTBEAT, commit: 78 }]);
      return listeners[1].messages.at(-1)?.commit === 78;
    });
  });

  it("are dropped and said to be, where there is no peer, no link, or too much", async () => {
    const { transports, listeners, peers } = await pair({ maxQueuedBytes: 100_000 });
    transports[0].send([{ ...HEARTBEAT, to: 9 }]);
    await until(() => listeners[0].unreached.includes(9));
    const data = new Uint8Array(60_000);
    const full: Message = { ...HEARTBEAT, type: "append", entries: [{ index: 1, term: 1, type: "normal", data }] };
    transports[0].send(Array.from({ length: 50 }, () => full));
    await until(() => listeners[0].unreached.includes(2));
    expect(listeners[1].messages.length).toBeLessThan(50);
    listeners[0].unreached.length = 0;
    await peers[1].links.close();
    await until(() => listeners[0].unreached.includes(2));
    expect(transports[0].roundTripMs(2)).toBeUndefined();
    transports[0].send([HEARTBEAT]);
  });

  it("are not taken from a member that is no node", async () => {
    const { peers, listeners } = await pair();
    const third = await startMeshPeer();
    await linkAll([peers[1], third]);
    const stream = await third.links.current(peers[1].id)?.prompt.openStream("/parley/raft/1", soon());
    if (stream?.status === "open") stream.send(encodeMessages([HEARTBEAT]));
    await until(() => stream?.status === "reset");
    expect(listeners[1].messages).toEqual([]);
  });
});

describe("a snapshot of Raft over a link", () => {
  const contentsOf = (
    chunks: readonly Uint8Array[],
    error?: Error,
  ): SnapshotContents & { readonly hasEnded: () => boolean } => {
    let ended = false;
    const give = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (const chunk of chunks) yield await Promise.resolve(chunk);
        if (error !== undefined) throw error;
      } finally {
        ended = true;
      }
    };
    const contentBytes = chunks.reduce((bytes, { length }) => bytes + length, 0);
    return { meta: META, contentBytes, chunks: give(), hasEnded: () => ended };
  };
  const never = new AbortController().signal;

  it("arrives whole, however it is cut, and is done when it was taken in", async () => {
    const { transports, listeners } = await pair();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(700_000), { maxLength: 6 }), async (sizes) => {
        const chunks = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
        let isTakenIn = false;
        let arrived = Buffer.alloc(0);
        listeners[1].takeIn = async (message, bytes, incoming) => {
          const all: Uint8Array[] = [];
          for await (const chunk of incoming) all.push(chunk);
          arrived = Buffer.concat(all);
          expect([message.snapshot?.index, bytes]).toEqual([9, arrived.length]);
          await new Promise(setImmediate);
          isTakenIn = true;
        };
        await transports[0].sendSnapshot(SNAPSHOT, contentsOf(chunks), never);
        expect(isTakenIn).toBe(true);
        expect(Buffer.compare(arrived, Buffer.concat(chunks))).toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  it("does not come faster than it is taken in", async () => {
    const { transports, listeners } = await pair({ maxSnapshotQueueBytes: 64 * 1024 });
    let given = 0;
    const chunk = new Uint8Array(256 * 1024);
    const give = async function* (): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 200; i += 1) {
        given += 1;
        yield await Promise.resolve(chunk);
      }
    };
    const gate = Promise.withResolvers<void>();
    listeners[1].takeIn = async (_message, _bytes, chunks) => {
      let bytes = 0;
      for await (const each of chunks) {
        await gate.promise;
        bytes += each.length;
      }
      expect(bytes).toBe(200 * chunk.length);
    };
    const contents = { meta: META, contentBytes: 200 * chunk.length, chunks: give() };
    const sending = transports[0].sendSnapshot(SNAPSHOT, contents, never);
    let before = -1;
    await until(async () => {
      before = given;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
      return given === before && given > 0;
    }, "a standstill");
    // Far from all of it: a window, and what both sides hold.
    expect(given).toBeLessThan(60);
    gate.resolve();
    await sending;
    expect(given).toBe(200);
  });

  it("fails, and lets go of its contents, when it is refused, given up, cut, without a way, or broken itself", async () => {
    const { transports, listeners, peers } = await pair();
    const chunks = Array.from({ length: 20 }, () => new Uint8Array(300_000));
    const fails = async (
      contents: ReturnType<typeof contentsOf>,
      message: Message,
      signal: AbortSignal,
    ): Promise<unknown> => {
      const error: unknown = await transports[0]
        .sendSnapshot(message, contents, signal)
        .catch((reason: unknown) => reason);
      await until(contents.hasEnded);
      return error;
    };
    expect(await fails(contentsOf(chunks), SNAPSHOT, never)).toMatchObject({
      code: "unreachable",
      message: expect.stringContaining("no use for it"),
    });
    expect(await fails(contentsOf(chunks), { ...SNAPSHOT, to: 9 }, never)).toMatchObject({ code: "unreachable" });
    expect(await fails(contentsOf(chunks), { ...SNAPSHOT, from: 3 }, never)).toMatchObject({ code: "unreachable" });

    const reading = Promise.withResolvers<void>();
    let why: unknown;
    listeners[1].takeIn = async (_message, _bytes, incoming) => {
      try {
        for await (const _chunk of incoming) {
          reading.resolve();
          await new Promise((resolve) => {
            setTimeout(resolve, 20);
          });
        }
      } catch (error) {
        why = error;
        throw error;
      }
    };
    const control = new AbortController();
    const givenUp = fails(contentsOf(chunks), SNAPSHOT, control.signal);
    await reading.promise;
    control.abort();
    expect(await givenUp).toMatchObject({ code: "unreachable" });
    await until(() => why instanceof RaftError && why.code === "unreachable");

    const broken = contentsOf(chunks, new RaftError("corrupt", "a checksum does not match"));
    expect(await fails(broken, SNAPSHOT, never)).toMatchObject({ code: "corrupt" });
    expect(await fails(contentsOf(chunks), SNAPSHOT, AbortSignal.abort())).toMatchObject({ code: "unreachable" });
    const cut = fails(contentsOf(chunks), SNAPSHOT, never);
    peers[0].links.reset(peers[1].id, "a test");
    expect(await cut).toMatchObject({ code: "unreachable" });
  });

  it("is not taken for whole when it ends early or says less than comes", async () => {
    const { listeners, peers } = await pair();
    const taken: string[] = [];
    listeners[1].takeIn = async (_message, _bytes, incoming) => {
      try {
        for await (const _chunk of incoming);
        taken.push("whole");
      } catch {
        taken.push("broken");
      }
    };
    const chunk = encodeSnapshotFrame({ type: "chunk", chunk: new Uint8Array(50) });
    const end = encodeSnapshotFrame({ type: "end" });
    for (const [contentBytes, frames] of [
      [100, [chunk, end]],
      [40, [chunk, end]],
      [100, [chunk, chunk, chunk]],
    ] as const) {
      const stream = await peers[0].links.current(peers[1].id)?.bulk.openStream("/parley/raft-snapshot/1", soon());
      const begin = encodeSnapshotFrame({ type: "begin", message: SNAPSHOT, contentBytes });
      for (const pieces of [begin, ...frames]) {
        const frame = Buffer.concat(pieces);
        stream?.send(Buffer.concat([framePrefix(frame.length), frame]));
      }
      await until(() => stream?.status === "reset");
    }
    await until(() => taken.length === 3);
    expect(taken).toEqual(["broken", "broken", "broken"]);
  });
});
