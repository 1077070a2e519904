import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { UNHINDERED } from "../../../src/mesh/host/hindrance.ts";
import type { MeshConnection } from "../../../src/mesh/host/connection.ts";
import { soon, startHost, until, type TestHost } from "./hosts.ts";

const ECHO = "/test/echo/1";

async function two(): Promise<readonly [TestHost, TestHost]> {
  const [one, other] = [await startHost(), await startHost()];
  for (const host of [one, other]) {
    await host.handle(
      ECHO,
      (stream) => stream.addEventListener("message", ({ data }) => void stream.send(data.subarray())),
      { openTo: "members", maxInboundStreams: 16 },
    );
  }
  return [one, other];
}

const dial = (from: TestHost, to: TestHost): Promise<MeshConnection> =>
  from.dial(to.peerId, to.addresses(), { signal: soon(), force: true });

/** How long it takes there and back; what comes back must be what was sent. */
async function echoMs(connection: MeshConnection, bytes: Uint8Array): Promise<number> {
  const stream = await connection.openStream(ECHO, soon());
  const startedMs = performance.now();
  let heard = Buffer.alloc(0);
  stream.addEventListener("message", ({ data }) => (heard = Buffer.concat([heard, data.subarray()])));
  stream.send(bytes);
  await until(() => heard.length >= bytes.length);
  const tookMs = performance.now() - startedMs;
  expect(heard.equals(bytes)).toBe(true);
  stream.abort(new Error("it is over"));
  return tookMs;
}

describe("a host that is cut off", () => {
  it("loses what it has, reaches nobody and is reached by nobody, until it is as before", async () => {
    const [one, other] = await two();
    const before = await dial(one, other);
    await echoMs(before, Uint8Array.of(1, 2, 3));
    const closed = new Promise<void>((resolve) => before.onClose(resolve));
    one.hinder?.({ isCut: true, holdUpMs: 0 });
    await closed;
    await until(() => other.connectionsOf(one.peerId).length === 0, "the other side has noticed");
    await expect(dial(one, other)).rejects.toMatchObject({ code: "unreachable" });
    await expect(dial(other, one)).rejects.toMatchObject({ code: "unreachable" });
    one.hinder?.(UNHINDERED);
    await echoMs(await dial(other, one), Uint8Array.of(4));
  });
});

describe("a host that is slowed", () => {
  it("sends all of it, in order, and no sooner than it may; then as before", async () => {
    const [one, other] = await two();
    const connection = await dial(one, other);
    const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251);
    one.hinder?.({ isCut: false, holdUpMs: 120 });
    expect(await echoMs(connection, bytes)).toBeGreaterThanOrEqual(120);
    // What waits still is not overtaken.
    const stream = await connection.openStream(ECHO, soon());
    const heard: number[] = [];
    stream.addEventListener("message", ({ data }) => void heard.push(...data.subarray()));
    stream.send(Uint8Array.of(1));
    await new Promise((resolve) => setTimeout(resolve, 10));
    one.hinder?.(UNHINDERED);
    stream.send(Uint8Array.of(2));
    await until(() => heard.length === 2);
    expect(heard).toEqual([1, 2]);
    stream.abort(new Error("it is over"));
    await echoMs(connection, bytes);
  });

  it("holds what it may hold, and then has its sender wait", async () => {
    const [one, other] = await two();
    const connection = await dial(one, other);
    const stream = await connection.openStream(ECHO, soon());
    one.hinder?.({ isCut: false, holdUpMs: 40 });
    let heardBytes = 0;
    stream.addEventListener("message", ({ data }) => void (heardBytes += data.byteLength));
    const chunk = new Uint8Array(256 * 1024);
    const sent = 24;
    for (let index = 0; index < sent; index += 1) {
      if (!stream.send(chunk)) await once(stream as unknown as NodeJS.EventEmitter, "drain", { signal: soon() });
    }
    await until(() => heardBytes >= sent * chunk.length, "all came back");
    expect(heardBytes).toBe(sent * chunk.length);
    stream.abort(new Error("it is over"));
  });
});
