import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { privateKeyToProtobuf } from "@libp2p/crypto/keys";
import {
  createActorSystem,
  createRemoting,
  isActorError,
  type ActorSystem,
  type PeerChange,
  type RemotingOptions,
} from "@parley/actors";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Identity } from "../../../../src/mesh/identity.ts";
import { createActorTransport } from "../../../../src/mesh/transports/actors/actor-transport.ts";
import { newIdentity, soon, until } from "../../host/hosts.ts";
import { linkAll, startMeshPeer, type MeshPeer } from "../mesh.ts";
import type { ActorsProcessOptions, Echo, Sounds } from "./actors-process.ts";

interface ActorPeer extends MeshPeer {
  readonly system: ActorSystem;
  readonly changes: readonly PeerChange[];
}

async function startActors(options: Partial<RemotingOptions> = {}): Promise<ActorPeer> {
  const peer = await startMeshPeer();
  const changes: PeerChange[] = [];
  const onPeerChange = (change: PeerChange): void => {
    changes.push(change);
    options.onPeerChange?.(change);
  };
  const remoting = createRemoting({ transport: createActorTransport(peer), ...options, onPeerChange });
  const system = createActorSystem({ peer: peer.id, remoting: remoting.remoting });
  system.spawn<Echo>(
    () =>
      ({ payload, replyTo }) =>
        void replyTo.tell(payload),
    {
      name: "echo",
      accepts: (message) => message as Echo,
    },
  );
  await remoting.start();
  onTestFinished(async () => {
    await system.stop();
    await remoting.close();
  });
  return { ...peer, system, changes };
}

function ask({ system }: ActorPeer, peer: string, payload: Uint8Array): Promise<Uint8Array> {
  const echo = system.resolve<Echo>(`parley://${peer}/echo`);
  return echo.ask<Uint8Array>((replyTo) => ({ payload, replyTo }), { timeoutMs: 30_000 });
}

describe("actors on peers that are linked", () => {
  it("answer each other by their peer ids", async () => {
    const [here, there] = [await startActors(), await startActors()];
    await linkAll([here, there]);
    for (const [from, to] of [
      [here, there],
      [there, here],
    ] as const) {
      expect([...(await ask(from, to.id, Uint8Array.of(1, 2, 3)))]).toEqual([1, 2, 3]);
    }
    const large = new Uint8Array(3 * 1024 * 1024).fill(7);
    expect(Buffer.compare(await ask(here, there.id, large), large)).toBe(0);
  });

  it("find each other again after their link was reset", async () => {
    const [here, there] = [await startActors(), await startActors()];
    await linkAll([here, there]);
    await ask(here, there.id, Uint8Array.of(1));
    here.links.reset(there.id, "a test");
    await until(async () => {
      const answer = await ask(here, there.id, Uint8Array.of(2)).catch((error: unknown) => error);
      if (answer instanceof Error && !isActorError(answer, "peer-gone")) throw answer;
      return answer instanceof Uint8Array;
    }, "an answer");
    expect(here.changes.map(({ state }) => state)).toContain("down");
    expect(here.changes.at(-1)?.state).toBe("up");
  });

  it("are not harmed by any bytes of another member on their protocol", async () => {
    const [here, there, rogue] = [await startActors(), await startActors(), await startMeshPeer()];
    await linkAll([here, there, rogue]);
    const link = rogue.links.current(here.id);
    if (link === undefined) throw new Error("they are linked");
    const header = fc
      .tuple(fc.nat(4), fc.uint8Array({ minLength: 15, maxLength: 17 }))
      .map(([lane, id]) => [lane, ...id]);
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => [...bytes]),
      header,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 4 }), async (frames) => {
        const stream = await link.bulk.openStream("/parley/actors/1", soon());
        for (const bytes of frames)
          if (stream.status === "open") stream.send(Uint8Array.of(0, 0, 0, bytes.length, ...bytes));
        stream.abort(new Error("enough"));
      }),
      { numRuns: 60 },
    );
    expect([...(await ask(there, here.id, Uint8Array.of(5)))]).toEqual([5]);
    expect(rogue.links.current(here.id)).toBe(link);
  });
});

describe("actors on a peer in another process", () => {
  it("are known to be gone as soon as it is killed, not when a detector has waited, and answer when it runs again", async () => {
    // So patient a detector tells of nothing while this test runs.
    const here = await startActors({ failureDetector: { minSilenceMs: 600_000, maxSilenceMs: 600_000 } });
    const identity = await newIdentity();
    const options = { key: keyOf(identity), peers: { [here.id]: here.host.addresses() } };
    for (const life of [1, 2]) {
      const child = await startChild(options);
      here.links.add(identity.peerId, child.addresses);
      await until(async () => (await ask(here, identity.peerId, Uint8Array.of(life)).catch(() => [0]))[0] === life);
      const sounds = here.system.resolve<Sounds>(`parley://${identity.peerId}/sounds`);
      let bytes = 0;
      const items = sounds.stream<Uint8Array>((replyTo) => ({ count: 300, bytes: 20_000, replyTo }), { window: 32 });
      for await (const item of items) bytes += item.length;
      expect(bytes).toBe(300 * 20_000);
      const downsBefore = here.changes.filter(({ state }) => state === "down").length;
      await child.kill();
      await until(() => here.changes.filter(({ state }) => state === "down").length > downsBefore, "the news");
      expect(here.changes.at(-1)).toMatchObject({ peer: identity.peerId, state: "down" });
    }
  });
});

function keyOf(identity: Identity): string {
  return Buffer.from(privateKeyToProtobuf(identity.privateKey)).toString("base64");
}

async function startChild(options: ActorsProcessOptions): Promise<{
  readonly process: ChildProcess;
  readonly addresses: readonly string[];
  kill(): Promise<void>;
}> {
  const child = fork(fileURLToPath(new URL("actors-process.ts", import.meta.url)), [JSON.stringify(options)], {
    execArgv: ["--conditions=parley-source"],
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(kill);
  const [said] = (await once(child, "message")) as [{ readonly addresses: readonly string[] }];
  return { process: child, addresses: said.addresses, kill };
}
