import { onTestFinished, describe, expect, it } from "vitest";
import { askAbout, askWelcome, knockAt, pairWith } from "../../../src/mesh/door/client/visit.ts";
import type { FrameStream } from "../../../src/mesh/door/frame-stream.ts";
import { LibP2pDoorStream, openDoorOn, visitOver } from "../../../src/mesh/door/over-libp2p.ts";
import { encode } from "../../../src/mesh/door/protocol/codec.ts";
import { DOOR_PROTOCOL } from "../../../src/mesh/door/protocol/messages.ts";
import { Door, type DoorOptions } from "../../../src/mesh/door/server/door.ts";
import { soon, startHost, type TestHost } from "../host/hosts.ts";
import { application, CLUSTER, TestCluster, WELCOME } from "./people.ts";

const failed = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const expectSoon = <T>(get: () => T) => expect.poll(get, { timeout: 20_000 });

/** A member whose door is open to strangers on a real host. */
async function member(options: Omit<Partial<DoorOptions>, "cluster"> = {}) {
  const host = await startHost({ others: "stranger" });
  const cluster = new TestCluster(host.peerId);
  const door = new Door({ cluster, ...options });
  onTestFinished(() => door.close());
  await openDoorOn(host, door);
  return { host, cluster, door };
}

async function visit(from: TestHost, to: TestHost): Promise<FrameStream> {
  const connection = await from.dial(to.peerId, to.addresses(), { signal: soon() });
  return visitOver(connection, soon());
}

const pair = (stream: FrameStream, self: TestHost, secret: string) =>
  pairWith(stream, { self: self.peerId, clusterId: CLUSTER, method: "code", secret, application });

describe("the door over libp2p", () => {
  it("tells a stranger about the peer, and lets it in by the code that it was shown", async () => {
    const { host, cluster, door } = await member();
    const joiner = await startHost();
    const stream = await visit(joiner, host);
    expect(await askAbout(stream)).toMatchObject({ name: "attic", peerId: host.peerId, pairing: "closed" });
    const { code } = door.openWindow();
    expect(Buffer.from(await pair(stream, joiner, code))).toEqual(Buffer.from(WELCOME));
    expect(cluster.admissions).toMatchObject([{ newcomer: { peerId: joiner.peerId, name: "kitchen" }, by: "code" }]);
    expect(Buffer.from(await askWelcome(stream))).toEqual(Buffer.from(WELCOME));
  });

  it("does not let in who has a wrong code", async () => {
    const { host, cluster, door } = await member();
    const joiner = await startHost();
    const { code } = door.openWindow();
    const stream = await visit(joiner, host);
    const wrong = code === "AAAAAAAA" ? "CCCCCCCC" : "AAAAAAAA";
    expect(await failed(pair(stream, joiner, wrong))).toMatchObject({ code: "pairing-failed" });
    expect(cluster.admissions).toEqual([]);
    await expectSoon(() => door.window?.triesLeft).toBe(4);
  });

  it("does not let in who has a host in the middle pass all of it on", async () => {
    const { host, cluster, door } = await member();
    const [joiner, mallory] = [await startHost(), await startHost()];
    await mallory.handle(
      DOOR_PROTOCOL,
      async (stream, connection) => {
        const theirs = new LibP2pDoorStream(stream, connection, { letWait: () => true, endWait: () => undefined });
        const own = await visit(mallory, host);
        const relay = async (from: FrameStream, to: FrameStream) => {
          for (;;) await to.send(await from.receive({ timeoutMs: 10_000 }));
        };
        void failed(relay(theirs, own));
        void failed(relay(own, theirs));
      },
      { openTo: "strangers" },
    );
    const { code } = door.openWindow();
    const stream = await visit(joiner, mallory);
    expect(await failed(askAbout(stream))).toMatchObject({ code: "peer-misbehaved" });
    expect(await failed(pair(stream, joiner, code))).toMatchObject({ code: "pairing-failed" });
    expect(cluster.admissions).toEqual([]);
  });

  it("lets a peer wait for people, and lets it in when both have said yes", async () => {
    const { host, cluster, door } = await member();
    const joiner = await startHost();
    const stream = await visit(joiner, host);
    const joined = knockAt(stream, { application, confirm: () => Promise.resolve(true) });
    await expectSoon(() => door.waiting.map(({ peerId }) => peerId)).toEqual([joiner.peerId]);
    expect(door.waiting[0]?.address).toBe("127.0.0.1");
    await door.approve(joiner.peerId);
    expect(Buffer.from(await joined)).toEqual(Buffer.from(WELCOME));
    expect(cluster.admissions).toHaveLength(1);
  });

  it("forgets at once who waited and was cut off", async () => {
    const { host, door } = await member();
    const joiner = await startHost();
    const stream = await visit(joiner, host);
    const joined = failed(knockAt(stream, { application, confirm: () => Promise.resolve(true) }));
    await expectSoon(() => door.waiting.length).toBe(1);
    for (const connection of joiner.connectionsOf(host.peerId)) connection.abort("cut");
    expect(await joined).toMatchObject({ code: "peer-silent" });
    await expectSoon(() => door.waiting.length).toBe(0);
  });

  it("ends a stream that is fed with garbage, frames that are too long or more than was asked for", async () => {
    const { host } = await member();
    const joiner = await startHost();
    const connection = await joiner.dial(host.peerId, host.addresses(), { signal: soon() });
    const hello = encode({ type: "hello", version: 1 });
    const framed = Buffer.concat([Buffer.of(0, 0, 0, hello.length), hello]);
    const floods = [
      Buffer.of(0, 1, 0, 0, 1, 2, 3),
      Buffer.of(0, 0, 0, 1, 0xc1),
      Buffer.concat(Array.from({ length: 500 }, () => framed)),
    ];
    for (const flood of floods) {
      const stream = await connection.openStream(DOOR_PROTOCOL, soon());
      const closed = new Promise((resolve) => stream.addEventListener("close", resolve, { once: true }));
      stream.addEventListener("remoteCloseWrite", () => void stream.close());
      stream.send(flood);
      await closed;
      expect(stream.status).not.toBe("open");
    }
    expect(await askAbout(await visitOver(connection, soon()))).toMatchObject({ name: "attic" });
  });

  it("gives up waiting for an answer at its deadline, or when nobody wants it any more", async () => {
    const silent = await startHost();
    await silent.handle(DOOR_PROTOCOL, () => undefined, { openTo: "strangers" });
    const joiner = await startHost();
    const stream = await visit(joiner, silent);
    expect(await failed(stream.receive({ timeoutMs: 20 }))).toMatchObject({ code: "peer-silent" });
    const abandoned = new AbortController();
    const asked = failed(askAbout(stream, { signal: abandoned.signal }));
    abandoned.abort();
    expect(await asked).toMatchObject({ code: "interrupted" });
    stream.abort(new Error("enough"));
    expect(await failed(stream.send(new Uint8Array(1)))).toMatchObject({ code: "peer-silent" });
    expect(await failed(stream.receive({ timeoutMs: 20 }))).toMatchObject({ code: "peer-silent" });
  });
});
