import { readdir, stat } from "node:fs/promises";
import { request, type OutgoingHttpHeaders } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { noise } from "@libp2p/noise";
import { identify } from "@libp2p/identify";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { describe, expect, it, onTestFinished } from "vitest";
import { isPeerError } from "../../../../src/errors.ts";
import { fingerprintOf } from "../../../../src/mesh/door/code/fingerprint.ts";
import { askAbout, pairWith } from "../../../../src/mesh/door/client/visit.ts";
import { visitOver } from "../../../../src/mesh/door/over-libp2p.ts";
import { Household, untilUnited, type LivePeer } from "../../../../src/testing/index.ts";
import { MEMBERS_PROTOCOLS } from "../protocols.ts";
import { soon, startHost, until, type TestHost } from "../../../mesh/host/hosts.ts";

const SECRET = "a secret of more than sixteen characters";
const SECRETS_OF_THE_HOUSE = "the milk is in the garage";
const APPLICATION = {
  name: "mallory",
  sealingKey: new Uint8Array(32).fill(7),
  addresses: [],
  version: "0.1.0",
  knows: 1,
};

/** What members speak among each other, and one that nobody speaks. */
const PROTOCOLS = [...MEMBERS_PROTOCOLS, "/parley/everything/1"];

/** A cluster that holds something, ended with the test. */
async function cluster(joinSecret?: string): Promise<readonly LivePeer[]> {
  const house = await Household.open({ joinSecret });
  onTestFinished(() => house.close());
  const peers = await house.addAll(joinSecret === undefined ? 1 : 2);
  await Promise.all(peers.map((peer) => peer.start()));
  const { prime } = await untilUnited(peers);
  expect((await prime.put("note", SECRETS_OF_THE_HOUSE)).outcome).toBe("done");
  return peers;
}

/** They are as before: of one mind, alone with each other, and none has ended. */
async function expectUnharmed(peers: readonly LivePeer[]): Promise<void> {
  const { prime } = await untilUnited(peers);
  expect((await prime.put("after", "unharmed")).outcome).toBe("done");
  for (const peer of peers) expect(peer.crash).toBeUndefined();
}

const portOf = (address: string): number => Number(address.split(":").at(-1));

/** All that comes back within a moment for what is sent. */
async function answerTo(port: number, chunks: readonly Uint8Array[]): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  const heard: Buffer[] = [];
  const ended = new Promise((resolve) => socket.once("close", resolve));
  socket.on("data", (chunk: Buffer) => heard.push(chunk));
  // Being thrown out is an answer too.
  socket.on("error", () => socket.destroy());
  for (const chunk of chunks) socket.write(chunk);
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 500))]);
  socket.destroy();
  return Buffer.concat(heard);
}

/** What becomes of a try to come in by that secret, over a connection of its own: the failure's code, or `in`. */
async function guessAt(
  home: LivePeer,
  visitor: TestHost,
  secret: string,
  method: "code" | "secret" = "secret",
): Promise<unknown> {
  const address = `/ip4/127.0.0.1/tcp/${portOf(home.address)}`;
  const connection = await visitor.dial(home.peerId, [address], { signal: soon(), force: true });
  try {
    const stream = await visitOver(connection, soon());
    const { cluster: met } = await askAbout(stream);
    const [self, clusterId] = [visitor.peerId, met?.id ?? ""];
    await pairWith(stream, { self, clusterId, method, secret, application: APPLICATION });
    return "in";
  } catch (error) {
    if (isPeerError(error)) return error.code;
    throw error;
  } finally {
    connection.abort("the guess was made");
  }
}

/** `fetch` lets nobody choose a Host. */
function statusOf(port: number, path: string, headers: OutgoingHttpHeaders): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: "127.0.0.1", port, path, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asking.on("error", reject).end();
  });
}

/** What a WebSocket's opening is answered with. */
function upgradeStatus(port: number, headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const opening = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": Buffer.alloc(16).toString("base64"),
    };
    const asking = request({ host: "127.0.0.1", port, path: "/ws", headers: { ...opening, ...headers } });
    asking.on("upgrade", (_answer, socket) => {
      socket.destroy();
      resolve(101);
    });
    asking.on("response", (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asking.on("error", reject).end();
  });
}

/** Passes everything on, and keeps what newcomers sent. */
async function recordingRelay(to: number): Promise<{ readonly port: number; readonly sent: Buffer[][] }> {
  const sent: Buffer[][] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const onwards = connect(to, "127.0.0.1");
    const chunks: Buffer[] = [];
    sent.push(chunks);
    for (const [one, other] of [
      [socket, onwards],
      [onwards, socket],
    ] as const) {
      sockets.add(one);
      one.on("error", () => one.destroy());
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, sent };
}

describe("a stranger with a libp2p node of its own", () => {
  it("is shown what is on the door, and gets no word over any other protocol", async () => {
    const peers = await cluster(SECRET);
    const stranger = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify(), ping: ping() },
      connectionMonitor: { enabled: false },
    });
    onTestFinished(() => stranger.stop());
    const words: string[] = [];
    for (const peer of peers) {
      const connection = await stranger.dial(
        multiaddr(`/ip4/127.0.0.1/tcp/${portOf(peer.address)}/p2p/${peer.peerId}`),
      );
      for (const protocol of PROTOCOLS) {
        try {
          const stream = await connection.newStream(protocol, { signal: soon() });
          stream.addEventListener("message", ({ data }) => words.push(`${protocol}: ${data.subarray().length} bytes`));
          stream.send(Buffer.from(`\u0000\u0000\u0000\u0005hello${"x".repeat(200)}`));
          await until(() => stream.status !== "open", `${protocol} is refused`);
        } catch (error) {
          // Refused at once, or while it was opening.
          expect(error).toBeInstanceOf(Error);
        }
      }
      await connection.close();
    }
    expect(words).toEqual([]);

    const visitor = await startHost();
    for (const peer of peers) {
      const address = `/ip4/127.0.0.1/tcp/${portOf(peer.address)}`;
      const stream = await visitOver(await visitor.dial(peer.peerId, [address], { signal: soon() }), soon());
      const about = await askAbout(stream);
      expect(Object.keys(about).toSorted()).toEqual(["cluster", "name", "pairing", "peerId", "services", "version"]);
      expect(JSON.stringify(about)).not.toContain(SECRETS_OF_THE_HOUSE);
    }
    await expectUnharmed(peers);
  });

  it("does not guess the join secret, and is slowed down for trying", async () => {
    const peers = await cluster(SECRET);
    const [home] = peers;
    if (home === undefined) throw new Error("two");
    const visitor = await startHost();
    const codes = new Set<unknown>();
    for (let guess = 0; guess < 60 && !codes.has("pairing-paused"); guess += 1) {
      codes.add(await guessAt(home, visitor, `a secret of more than sixteen guesses ${guess}`));
    }
    expect(codes).toContain("pairing-failed");
    expect(codes).toContain("pairing-paused");
    expect(codes).not.toContain("in");
    expect((await home.peers()).map(({ peerId }) => peerId)).not.toContain(visitor.peerId);
    await expectUnharmed(peers);
  });

  it("closes the window of a code with five wrong ones, whatever it calls itself, until a person opens another", async () => {
    const [home] = await cluster();
    if (home === undefined) throw new Error("one");
    const { code } = await home.tell("open-pairing");
    const right = code.replace("-", "");
    const codes: unknown[] = [];
    for (let guess = 0; guess < 8; guess += 1) {
      codes.push(
        await guessAt(home, await startHost(), `${right.slice(0, 7)}${right.endsWith("A") ? "C" : "A"}`, "code"),
      );
    }
    expect(codes).toEqual([...Array(5).fill("pairing-failed"), ...Array(3).fill("pairing-closed")]);
    expect(await guessAt(home, await startHost(), right, "code")).toBe("pairing-closed");
    expect(await home.peers()).toHaveLength(1);
    const { code: next } = await home.tell("open-pairing");
    expect(next).not.toBe(code);
    expect(await guessAt(home, await startHost(), next.replace("-", ""), "code")).toBe("in");
  });

  it("has nothing of a pairing that it has recorded, byte for byte", async () => {
    const [home] = await cluster();
    if (home === undefined) throw new Error("one");
    const relay = await recordingRelay(portOf(home.address));
    const house = await Household.open();
    onTestFinished(() => house.close());
    const newcomer = await house.add({ name: "newcomer", known: [`127.0.0.1:${relay.port}`] });
    await newcomer.start();
    await until(async () => (await newcomer.status()).belonging === "waiting", "it waits");
    const { code } = await home.tell("open-pairing");
    await newcomer.join(code);
    await untilUnited([home, newcomer]);
    await newcomer.kill();
    await home.tell("open-pairing");
    expect(relay.sent.flat().length).toBeGreaterThan(0);
    const before = (await home.peers()).map(({ peerId }) => peerId);
    for (const chunks of relay.sent) {
      const answer = await answerTo(portOf(home.address), chunks);
      expect(answer.includes(SECRETS_OF_THE_HOUSE)).toBe(false);
    }
    expect((await home.peers()).map(({ peerId }) => peerId)).toEqual(before);
    expect((await home.peers()).filter(({ isSelf, isOnline }) => isOnline && !isSelf)).toEqual([]);
    expect(await home.tell("waiting")).toEqual([]);
    expect(home.crash).toBeUndefined();
  });

  it("harms nobody with garbage on any port", async () => {
    const peers = await cluster(SECRET);
    for (const peer of peers) {
      for (const port of [portOf(peer.address), portOf(peer.introduction.url)]) {
        for (let round = 0; round < 15; round += 1) {
          const garbage = crypto.getRandomValues(new Uint8Array(1 + ((round * 997) % 20_000)));
          // As multistream-select begins, so that it gets further.
          const start = round % 2 === 0 ? "\u0013/multistream/1.0.0\n" : "";
          await answerTo(port, [Buffer.from(start), garbage]);
        }
      }
    }
    await expectUnharmed(peers);
  });

  it("cannot drive a peer through loopback from a page on another origin, or without its token", async () => {
    const [peer] = await cluster();
    if (peer === undefined) throw new Error("one");
    const { url, token } = peer.introduction;
    const asks: readonly RequestInit[] = [
      {},
      { headers: { authorization: "Bearer wrong" } },
      { headers: { authorization: `Bearer ${token}`, origin: "https://mallory.example" } },
    ];
    for (const path of ["/api/v1/cluster", "/api/v1/peers", "/api/v1/pairing", "/api/v1/leave", "/capabilities"]) {
      for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
        for (const ask of asks) {
          const { status } = await fetch(`${url}${path}`, { method, ...ask });
          expect([path, method, status >= 400]).toEqual([path, method, true]);
        }
      }
    }
    expect((await peer.status()).belonging).toBe("member");
    expect(fingerprintOf(peer.peerId)).toBe(peer.introduction.fingerprint);
  });

  it("has no connection as a page of another origin, nor under a name that was made to lead to loopback", async () => {
    const [peer] = await cluster();
    if (peer === undefined) throw new Error("one");
    const { url, token } = peer.introduction;
    const { host, port, hostname } = new URL(url);
    const authorization = `Bearer ${token}`;
    const rebound = [
      "mallory.example",
      `mallory.example:${port}`,
      `localhost.mallory.example:${port}`,
      `10.0.0.7:${port}`,
    ];
    for (const path of ["/", "/health", "/status", "/capabilities", "/api/v1/cluster", "/api/v1/peers"]) {
      for (const headers of [
        ...rebound.map((name) => ({ host: name })),
        ...rebound.map((name) => ({ host: name, origin: `http://${name}` })),
        ...["https://mallory.example", "null", `https://${host}`, `http://${hostname}:1`].map((origin) => ({
          host,
          origin,
        })),
      ]) {
        const status = await statusOf(Number(port), path, { ...headers, authorization });
        expect([path, headers, status]).toEqual([path, headers, 403]);
      }
    }
    // What a page may send without asking first, and to a WebSocket.
    for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
      const sent = { method: "POST", body: "{}", headers: { "content-type": type, origin: "https://mallory.example" } };
      for (const path of ["leave", "pairing", "recover"])
        expect((await fetch(`${url}/api/v1/${path}`, sent)).status).toBe(403);
    }
    for (const headers of [{ origin: "https://mallory.example" }, { origin: "null" }, { host: "mallory.example" }]) {
      expect([headers, await upgradeStatus(Number(port), headers)]).toEqual([headers, 403]);
    }
    // An image, or a script: no origin is sent along, nor is a token.
    for (const path of ["/", "/status", "/capabilities", "/api/v1/cluster", "/api/v1/settings", "/ws", "/nothing"]) {
      expect([path, await statusOf(Number(port), path, { host })]).toEqual([path, 401]);
    }
    expect(await statusOf(Number(port), "/health", { host })).toBe(200);
    expect((await peer.status()).belonging).toBe("member");
  });

  it("on the same machine, as another user, can read nothing of a peer's home", async () => {
    const [peer] = await cluster(SECRET);
    if (peer === undefined) throw new Error("two");
    const files = await readdir(peer.home, { recursive: true });
    expect(files).toEqual(expect.arrayContaining(["identity.key", "sealing.key", "cluster.json"]));
    for (const file of ["", ...files]) {
      const { mode } = await stat(join(peer.home, file));
      // What lies in a folder that nobody else may enter is nobody else's, whatever its own mode.
      const isTop = !file.includes("/");
      if (isTop || /key|token|secret/.test(file)) expect([file, mode & 0o077]).toEqual([file, 0]);
    }
  });
});
