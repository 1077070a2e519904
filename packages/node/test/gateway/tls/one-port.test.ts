import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { networkInterfaces } from "node:os";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { createMessage, parseMessage } from "@parley/sdk";
import type { GatewayOptions } from "../../../src/gateway/server.ts";
import { foundAuthority } from "../../../src/gateway/tls/authority.ts";
import { WaitingRoom } from "../../../src/gateway/tls/waiting-room.ts";
import { pemOf } from "../../../src/gateway/tls/x509.ts";
import { eventually } from "../../support.ts";
import { managed, TOKEN } from "../management/managed.ts";
import { ask, bare, heardFrom, seenBy, shownBy, TestCredentials } from "./certificates.ts";

const NAMES = ["localhost", "127.0.0.1"];

/** An address of this machine that is not loopback. */
const outer = Object.values(networkInterfaces())
  .flatMap((infos) => infos ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;
if (outer === undefined) console.warn("skipped: this machine has no address beside loopback to come from");

async function secured(options: Partial<GatewayOptions> = {}) {
  const authority = await foundAuthority(Date.now());
  const credentials = await TestCredentials.of([...NAMES, ...(outer === undefined ? [] : [outer])], authority);
  const { gateway } = await managed({ gateway: { credentials, ...options } });
  return { gateway, credentials, authority, ca: pemOf(authority.certificate), port: gateway.port };
}

describe("one port", () => {
  it("speaks TLS 1.2 and 1.3 and nothing older, and plain HTTP to this machine", async () => {
    const { port, ca, gateway } = await secured();
    expect((await ask(port, "/health", { ca })).body).toContain("healthy");
    expect(await (await fetch(`${gateway.url}/health`)).json()).toMatchObject({ status: "healthy" });
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const socket = connectTls({ port, host: "127.0.0.1", ca, minVersion: version, maxVersion: version });
      await once(socket, "secureConnect");
      expect([socket.getProtocol(), socket.authorized]).toEqual([version, true]);
      socket.destroy();
    }
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL@SECLEVEL=0" } as const;
    await expect(seenBy(port, { ca, ...old })).rejects.toThrow(/protocol/i);
  });

  it("is not trusted by who does not trust its authority, nor under a name that is not its own", async () => {
    const { port, ca } = await secured();
    const other = await foundAuthority(Date.now());
    await expect(seenBy(port, { ca: pemOf(other.certificate) })).rejects.toMatchObject({
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
    await expect(seenBy(port, { ca, servername: "kitchen.local" })).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    expect((await seenBy(port, { ca, servername: "localhost" })).subject.CN).toBe("test");
  });

  it("carries WebSockets over TLS, from REGISTER on", async () => {
    const { port, ca } = await secured();
    const socket = new WebSocket(`wss://127.0.0.1:${port}/ws`, { ca });
    const answered = new Promise<string>((resolve, reject) => {
      socket.on("message", (data: Buffer) => resolve(data.toString()));
      socket.on("error", reject);
    });
    await once(socket, "open");
    const payload = { clientId: "tester", authToken: TOKEN, clientType: "api" } as const;
    socket.send(JSON.stringify(createMessage("REGISTER", payload, { from: "tester" })));
    const parsed = parseMessage(await answered);
    expect(parsed).toMatchObject({ ok: true, message: { type: "REGISTER_ACK" } });
    socket.terminate();
  });

  it("reads a request that comes byte by byte, plain and over TLS", async () => {
    const { port, ca } = await secured();
    const text = `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
    const plain = connectTcp({ port, host: "127.0.0.1", noDelay: true });
    const tls = connectTls({ port, host: "127.0.0.1", ca });
    const [heardPlain, heardTls] = [heardFrom(plain), heardFrom(tls)];
    await once(tls, "secureConnect");
    for (const byte of text) {
      plain.write(byte);
      tls.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await heardPlain).toMatch(/^HTTP\/1\.1 200 /);
    expect(await heardTls).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("shows another certificate from one connection to the next, and those that are there go on", async () => {
    const { port, ca, credentials } = await secured();
    const before = connectTls({ port, host: "127.0.0.1", ca });
    await once(before, "secureConnect");
    const next = await foundAuthority(Date.now());
    credentials.show(await shownBy(next, NAMES));
    await expect
      .poll(() => seenBy(port, { ca: pemOf(next.certificate) }).then(() => "trusted", String))
      .toBe("trusted");
    await expect(seenBy(port, { ca })).rejects.toThrow(/verify/);
    const heard = heardFrom(before);
    before.write(`GET /health HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    expect(await heard).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.skipIf(outer === undefined)(
    "serves other machines over TLS only, and tells who comes plain to use https",
    async () => {
      const { port, ca } = await secured({ host: "0.0.0.0" });
      const host = outer ?? "";
      expect((await ask(port, "/health", { ca, host })).status).toBe(200);
      const say = async (text: string | Buffer): Promise<string> => {
        const socket = connectTcp({ port, host });
        const heard = heardFrom(socket);
        socket.on("error", () => undefined);
        socket.write(text);
        return heard;
      };
      const asked = `GET /health HTTP/1.1\r\nHost: ${host}:${port}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`;
      const plain = await say(asked);
      expect(plain).toMatch(/^HTTP\/1\.1 426 /);
      expect(plain).toMatch(/\r\nUpgrade: TLS/);
      expect(plain).toContain("Use https");
      expect(plain).not.toContain("healthy");
      expect(await say(asked.repeat(3_000))).not.toContain("healthy");
      expect(await say(Buffer.from([0x80, 0x2e, 1, 3, 1]))).toMatch(/^HTTP\/1\.1 400 /);
    },
  );

  it.skipIf(outer === undefined)(
    "is reached at loopback though it listens at another address, and there is plain",
    async () => {
      const { gateway, port, ca } = await secured({ host: outer ?? "" });
      expect(gateway.url).toBe(`http://127.0.0.1:${port}`);
      expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
      expect((await ask(port, "/health", { ca, host: outer ?? "" })).status).toBe(200);
    },
  );

  it("shows out who says nothing, or never comes to an end of it, and serves others all the while", async () => {
    const { gateway, port, ca } = await secured({ patienceMs: 300 });
    const silent = await Promise.all(Array.from({ length: 40 }, () => bare(port)));
    const halves = await Promise.all(Array.from({ length: 40 }, () => bare(port)));
    // A handshake that begins, and a request that begins.
    for (const [i, socket] of halves.entries())
      socket.write(i % 2 === 0 ? Buffer.from([0x16, 3, 1, 2, 0, 1]) : "GET /hea");
    expect((await ask(port, "/health", { ca })).status).toBe(200);
    const ended = [...silent, ...halves].map(heardFrom);
    const heard = await Promise.all(ended);
    expect(gateway.waiting).toBe(0);
    // Whoever had begun a request is told what was wrong with it.
    expect(heard.filter((text) => text.startsWith("HTTP/1.1 408 "))).toHaveLength(20);
    expect(heard.filter((text) => text === "")).toHaveLength(60);
  });

  it("makes room at the cost of whoever has opened most", async () => {
    const { gateway, port, ca } = await secured({ waitingPlaces: 64 });
    const many = await Promise.all(Array.from({ length: 100 }, () => bare(port)));
    await eventually(() => gateway.waiting).toBe(64);
    expect((await ask(port, "/health", { ca })).status).toBe(200);
    await eventually(() => many.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(36);
    for (const socket of many) socket.destroy();
    await eventually(() => gateway.waiting).toBe(0);
  });

  it("takes hundreds at once from one address, as when another peer behind the same proxy has died", async () => {
    const { port, ca } = await secured({ patienceMs: 60_000 });
    const sockets = Array.from({ length: 400 }, () => connectTls({ port, host: "127.0.0.1", ca }));
    const outcomes = await Promise.all(
      sockets.map((socket) => {
        onTestFinished(() => void socket.destroy());
        return Promise.race([once(socket, "secureConnect").then(() => "in"), once(socket, "error").then(String)]);
      }),
    );
    expect(outcomes.filter((outcome) => outcome !== "in")).toEqual([]);
  });

  it("survives whatever is sent first, plain or as a handshake, and answers the next", async () => {
    const { gateway, port, ca } = await secured();
    const hello = await helloOf(port);
    const garbled = fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 24 }), fc.nat({ max: hello.length }))
      .map(([bytes, at]) => Buffer.concat([hello.subarray(0, at), bytes, hello.subarray(at + bytes.length)]));
    const first = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from([0x16, ...bytes])),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from([0x16, 3, 1, 0, bytes.length, ...bytes])),
      garbled,
    );
    await fc.assert(
      fc.asyncProperty(first, fc.boolean(), async (bytes, isReset) => {
        const socket = await bare(port);
        socket.write(bytes);
        if (isReset) socket.resetAndDestroy();
        else socket.end();
        await heardFrom(socket);
      }),
      { numRuns: 120 },
    );
    await eventually(() => gateway.waiting).toBe(0);
    expect((await ask(port, "/health", { ca })).status).toBe(200);
  });
});

/** The first bytes of a real handshake. */
async function helloOf(port: number): Promise<Buffer> {
  const { createServer } = await import("node:net");
  const server = createServer();
  const first = new Promise<Buffer>((resolve) => {
    server.on("connection", (socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (chunk: Buffer) => {
        resolve(chunk);
        socket.destroy();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error(`no port beside ${port}`);
  connectTls({ port: address.port, host: "127.0.0.1" }).on("error", () => undefined);
  const hello = await first;
  await new Promise((resolve) => server.close(resolve));
  return hello;
}

describe("a waiting room", () => {
  it("never holds more than it has places, and never shows out one of few for the sake of one of many", () => {
    const address = fc.constantFrom("greedy", "a", "b");
    const leaving = fc.nat({ max: 4 }).map((n) => n === 0);
    fc.assert(
      fc.property(fc.array(fc.tuple(address, leaving), { minLength: 20, maxLength: 60 }), (steps) => {
        const room = new WaitingRoom<{ readonly address: string; destroy(): void }>({ places: 8, patienceMs: 60_000 });
        const inside: { readonly address: string; destroy(): void }[] = [];
        for (const [from, isLeaving] of steps) {
          const oldest = inside.find((visitor) => visitor.address === from);
          if (isLeaving && oldest !== undefined) {
            expect(room.leave(from, oldest)).toBe(true);
            inside.splice(inside.indexOf(oldest), 1);
            continue;
          }
          const visitor = {
            address: from,
            destroy: () => {
              const count = (of: string) => inside.filter((each) => each.address === of).length;
              for (const each of ["greedy", "a", "b"]) expect(count(each)).toBeLessThanOrEqual(count(from));
              inside.splice(inside.indexOf(visitor), 1);
            },
          };
          room.enter(from, visitor);
          inside.push(visitor);
          expect(room.size).toBe(inside.length);
          expect(room.size).toBeLessThanOrEqual(8);
        }
        inside.length = 0;
      }),
    );
  });
});
