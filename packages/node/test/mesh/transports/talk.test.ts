import type { ConnectionReceiver, TransportConnection } from "@parley/actors";
import type { Transport, TransportReceiver } from "@parley/raft";
import { describe, expect, it, onTestFinished } from "vitest";
import { createActorTransport } from "../../../src/mesh/transports/actors/actor-transport.ts";
import { createRaftTransport } from "../../../src/mesh/transports/raft/raft-transport.ts";
import { noLog } from "../../support.ts";
import { soon, until } from "../host/hosts.ts";
import { linkAll, startMeshPeer, type MeshPeer } from "./mesh.ts";
import { Directory } from "./raft/cluster.ts";

/** Long: no test waits for that. */
const EVER_MS = 3_600_000;

class Ear implements ConnectionReceiver {
  sounds = 0;
  frames = 0;
  isClosed = false;

  heard(): void {
    this.sounds += 1;
  }

  frame(): void {
    this.frames += 1;
  }

  drained(): void {
    // Nothing is sent.
  }

  closed(): void {
    this.isClosed = true;
  }
}

interface End {
  readonly ear: Ear;
  readonly actors: TransportConnection;
  readonly raft: Transport;
  readonly told: () => number;
}

/** Two peers with a connection of actors' and one Raft node each. */
async function ends(): Promise<readonly [End, End]> {
  const peers = [await startMeshPeer(), await startMeshPeer()] as const;
  await linkAll(peers);
  const directory = new Directory();
  for (const peer of peers) directory.admit(peer.id);
  const [one, two] = [await raftOn(peers[0], directory), await raftOn(peers[1], directory)];
  const [here, there] = [createActorTransport(peers[0]), createActorTransport(peers[1])];
  onTestFinished(() => Promise.all([here.close(), there.close()]).then(() => undefined));
  const ears = [new Ear(), new Ear()] as const;
  const accepted = Promise.withResolvers<TransportConnection>();
  await there.listen((connection) => {
    accepted.resolve(connection);
    return ears[1];
  });
  const dialled = await here.connect(peers[1].id, ears[0], soon());
  return [
    { ear: ears[0], actors: dialled, ...one },
    { ear: ears[1], actors: await accepted.promise, ...two },
  ];
}

async function raftOn(peer: MeshPeer, directory: Directory): Promise<Pick<End, "raft" | "told">> {
  let messages = 0;
  const receiver: TransportReceiver = {
    receive: () => void (messages += 1),
    receiveSnapshot: () => Promise.reject(new Error("no use for it")),
    unreachable: () => undefined,
    gone: () => undefined,
  };
  const self = directory.nodeOf(peer.id) ?? 0;
  const raft = createRaftTransport({ ...peer, directory, self, log: noLog });
  onTestFinished(() => raft.close());
  await raft.start(receiver);
  return { raft, told: () => messages };
}

const message = (from: number): Parameters<Transport["send"]>[0][number] => ({
  type: "heartbeat",
  to: 3 - from,
  from,
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
});

describe("what Raft says to a peer", () => {
  it("is a sign of life for actors at the other end, and known at this one", async () => {
    const [here, there] = await ends();
    for (const [from, [end, other]] of [
      [1, [here, there]],
      [2, [there, here]],
    ] as const) {
      expect(end.actors.hasTalked?.(EVER_MS)).toBe(false);
      const [told, sounds] = [other.told(), other.ear.sounds];
      // What is said before there is a stream waits for it, and counts for nothing.
      await until(() => {
        end.raft.send([message(from)]);
        return end.actors.hasTalked?.(EVER_MS) === true;
      });
      await until(() => other.told() > told && other.ear.sounds > sounds);
      expect(end.actors.hasTalked?.(-1)).toBe(false);
    }
    expect([here.ear.frames, there.ear.frames]).toStrictEqual([0, 0]);
  });

  it("is heard no more by a connection that is closed", async () => {
    const [here, there] = await ends();
    here.actors.end();
    await until(() => here.ear.isClosed && there.ear.isClosed);
    const { sounds } = there.ear;
    const told = there.told();
    await until(() => {
      here.raft.send([message(1)]);
      return there.told() > told;
    });
    expect(there.ear.sounds).toBe(sounds);
  });
});
