import { connect, createServer, type Socket } from "node:net";
import type { Stream } from "@libp2p/interface";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { hostAndPortOf } from "../../../src/mesh/host/addresses.ts";
import { connectionBehind, isShutOut, type MeshConnection } from "../../../src/mesh/host/connection.ts";
import { refusedBy } from "../../../src/mesh/host/dial-any.ts";
import { isPeerError } from "../../../src/errors.ts";
import { newIdentity, soon, startHost, until, type TestHost } from "./hosts.ts";

const DOOR = "/parley/door/1";
const ROOM = "/parley/room/1";

async function echo(host: TestHost): Promise<void> {
  const reply = (stream: Stream): void => stream.addEventListener("message", ({ data }) => void stream.send(data));
  await host.handle(DOOR, reply, { openTo: "strangers" });
  await host.handle(ROOM, reply, { openTo: "members" });
}

/** What comes back for a word; `undefined` when the stream was reset instead. */
async function answerOn(connection: MeshConnection | undefined, protocol: string): Promise<string | undefined> {
  if (connection === undefined) return undefined;
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  try {
    const stream = await connection.openStream(protocol, soon());
    stream.addEventListener("close", () => resolve(undefined));
    stream.addEventListener("message", ({ data }) => resolve(Buffer.from(data.subarray()).toString()));
    if (stream.status === "open") stream.send(Buffer.from("hello"));
    else resolve(undefined);
  } catch (error) {
    if (!isPeerError(error, "unreachable") && !(error instanceof Error && error.name === "StreamStateError"))
      throw error;
    resolve(undefined);
  }
  return promise;
}

/** A stream that has not said what it is for. */
function rawStream(face: MeshConnection): Promise<Stream> {
  const connection = connectionBehind(face);
  if (connection === undefined || !("muxer" in connection)) throw new Error("a connection of this host");
  return (connection.muxer as { createStream(options: object): Promise<Stream> }).createStream({});
}

/** The protocols that the other end lists when it is asked, as multistream-select's `ls` does. */
async function listOver(face: MeshConnection): Promise<readonly string[]> {
  const stream = await rawStream(face);
  const { promise, resolve } = Promise.withResolvers<string>();
  let heard = "";
  stream.addEventListener("message", ({ data }) => {
    heard += Buffer.from(data.subarray()).toString("latin1");
    if (heard.endsWith("\n\n")) resolve(heard);
  });
  stream.addEventListener("close", () => resolve(heard));
  const line = (text: string): Buffer => Buffer.concat([Buffer.of(text.length + 1), Buffer.from(`${text}\n`)]);
  stream.send(Buffer.concat([line("/multistream/1.0.0"), line("ls")]));
  const listed = (await promise).matchAll(/\/[\w./-]+/g);
  return [...listed].map(([name]) => name).filter((name) => name !== "/multistream/1.0.0");
}

function dial(from: TestHost, to: TestHost, force = true): Promise<MeshConnection> {
  return from.dial(to.peerId, to.addresses(), { signal: soon(), force });
}

describe("a mesh host", () => {
  it("opens every protocol to members, and nothing but the door to strangers", async () => {
    const [home, visitor] = [await startHost({ topics: ["t"] }), await startHost()];
    await echo(home);
    home.topics.subscribe("t", { accepts: () => true, receive: () => undefined });
    const asMember = await dial(visitor, home);
    expect(await answerOn(asMember, ROOM)).toBe("hello");

    home.standings.set(visitor.peerId, "stranger");
    home.standingChanged(visitor.peerId);
    await until(() => !asMember.isOpen);
    const protocols = home.protocols();
    expect(protocols).toEqual(expect.arrayContaining([DOOR, ROOM, "/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"]));
    expect(protocols.some((protocol) => protocol.startsWith("/meshsub/"))).toBe(true);
    const asStranger = await dial(visitor, home);
    for (const protocol of protocols) {
      expect([protocol, await answerOn(asStranger, protocol)]).toEqual([
        protocol,
        protocol === DOOR ? "hello" : undefined,
      ]);
    }
  });

  it("lists to strangers nothing but the door, and to members all", async () => {
    const [home, visitor] = [await startHost({ topics: ["t"], others: "stranger" }), await startHost()];
    await echo(home);
    expect(await listOver(await dial(visitor, home))).toEqual([DOOR]);
    home.standings.set(visitor.peerId, "member");
    expect(await listOver(await dial(visitor, home))).toEqual(expect.arrayContaining([DOOR, ROOM, "/ipfs/id/1.0.0"]));
    expect(home.protocols()).toEqual(expect.arrayContaining([DOOR, ROOM, "/ipfs/id/1.0.0"]));
  });

  it("closes what a revoked peer has, opens nothing but the door to it, and makes no connection to it", async () => {
    const [home, visitor] = [await startHost(), await startHost()];
    await echo(home);
    const before = await dial(visitor, home);
    expect(await answerOn(before, ROOM)).toBe("hello");
    home.standings.set(visitor.peerId, "revoked");
    home.standingChanged(visitor.peerId);
    await until(() => !before.isOpen);
    expect(home.connectionsOf(visitor.peerId)).toEqual([]);
    const again = await dial(visitor, home);
    expect(await answerOn(again, DOOR)).toBe("hello");
    for (const protocol of home.protocols().filter((each) => each !== DOOR)) {
      const refused = await again.openStream(protocol, soon()).catch((error: unknown) => error);
      expect([protocol, isPeerError(refused) && isShutOut(refused)]).toEqual([protocol, true]);
    }
    again.abort("seen");
    await until(() => home.connectionsOf(visitor.peerId).length === 0);
    await expect(dial(home, visitor)).rejects.toMatchObject({ code: "unreachable" });
  });

  it("has room for few revoked peers, whose connections take no stranger's place", async () => {
    const limits = { maxStrangers: 1, maxConnectionsPerStranger: 1, maxRevoked: 4 };
    const home = await startHost({ others: "stranger", limits });
    await echo(home);
    const outcasts = [await startHost(), await startHost()];
    for (const { peerId } of outcasts) home.standings.set(peerId, "revoked");
    const all = await Promise.all(
      outcasts.flatMap((outcast) => [1, 2, 3, 4].map(() => dial(outcast, home).catch(() => undefined))),
    );
    const answers = await Promise.all(all.map((connection) => answerOn(connection, DOOR)));
    expect(answers.filter((answer) => answer === "hello").length).toBe(4);
    expect(answers.slice(0, 4).filter((answer) => answer === "hello").length).toBeLessThanOrEqual(3);
    expect(await answerOn(await dial(await startHost(), home), DOOR)).toBe("hello");
  });

  it("has room for few strangers, and for each of them little", async () => {
    const home = await startHost({ others: "stranger", limits: { maxStrangers: 3, maxConnectionsPerStranger: 2 } });
    await echo(home);
    const one = await startHost();
    const connections = await Promise.all([1, 2, 3, 4].map(() => dial(one, home).catch(() => undefined)));
    const answers = await Promise.all(connections.map((connection) => answerOn(connection, DOOR)));
    expect(answers.filter((answer) => answer === "hello").length).toBe(2);
    const [another, third, member] = [await startHost(), await startHost(), await startHost()];
    home.standings.set(member.peerId, "member");
    expect(await answerOn(await dial(another, home), DOOR)).toBe("hello");
    const crowd = await dial(third, home).catch(() => undefined);
    expect(await answerOn(crowd, DOOR)).toBeUndefined();
    expect(await answerOn(await dial(member, home), ROOM)).toBe("hello");
  });

  it("lets a newcomer in though one host has taken all the room for strangers, and keeps who waits for a person", async () => {
    const home = await startHost({ others: "stranger", limits: { maxStrangers: 4, maxConnectionsPerStranger: 1 } });
    let first: MeshConnection | undefined;
    const reply = (stream: Stream, connection: MeshConnection): void => {
      first ??= connection;
      stream.addEventListener("message", ({ data }) => void stream.send(data));
    };
    await home.handle(DOOR, reply, { openTo: "strangers" });
    const patient = await dial(await startHost(), home);
    expect(await answerOn(patient, DOOR)).toBe("hello");
    expect(first !== undefined && home.letWait(first)).toBe(true);
    const crowd: MeshConnection[] = [];
    for (let i = 0; i < 4; i += 1) crowd.push(await dial(await startHost(), home));
    for (const each of crowd) expect(await answerOn(each, DOOR)).toBe("hello");
    // Of the same host there is no more room, of another there is.
    const turnedAway = await dial(await startHost(), home).catch(() => undefined);
    expect(await answerOn(turnedAway, DOOR)).toBeUndefined();
    const relay = await relayFrom("127.0.0.9", home);
    const newcomer = await startHost();
    const connection = await newcomer.dial(home.peerId, [relay], { signal: soon(), force: true });
    expect(await answerOn(connection, DOOR)).toBe("hello");
    expect(patient.isOpen).toBe(true);
    await until(() => crowd.filter(({ isOpen }) => isOpen).length === 3);
  });

  it("sends silent strangers away, but not one that waits for a person", async () => {
    const home = await startHost({ others: "stranger", limits: { strangerIdleMs: 1_000 } });
    let atTheDoor: MeshConnection | undefined;
    await home.handle(DOOR, (_stream, connection) => void (atTheDoor = connection), { openTo: "strangers" });
    const [silent, patient] = [await startHost(), await startHost()];
    const waiting = await dial(patient, home);
    await waiting.openStream(DOOR, soon());
    await until(() => atTheDoor !== undefined);
    expect(atTheDoor !== undefined && home.letWait(atTheDoor)).toBe(true);
    const left = await dial(silent, home);
    await until(() => !left.isOpen);
    expect(waiting.isOpen).toBe(true);
    if (atTheDoor !== undefined) home.endWait(atTheDoor);
    await until(() => !waiting.isOpen);
  });

  it("takes whoever became a member in the middle of a connection for one", async () => {
    const [home, visitor] = [
      await startHost({ others: "stranger", limits: { strangerIdleMs: 1_500 } }),
      await startHost(),
    ];
    await echo(home);
    const connection = await dial(visitor, home);
    expect(await answerOn(connection, DOOR)).toBe("hello");
    home.standings.set(visitor.peerId, "member");
    home.standingChanged(visitor.peerId);
    expect(await answerOn(connection, ROOM)).toBe("hello");
    await new Promise((resolve) => {
      setTimeout(resolve, 1_700);
    });
    expect(connection.isOpen).toBe(true);
  });

  it("is not harmed by garbage on its port, nor are its members", async () => {
    const [home, member] = [await startHost({ others: "stranger" }), await startHost()];
    home.standings.set(member.peerId, "member");
    await echo(home);
    const connection = await dial(member, home);
    const place = hostAndPortOf(home.addresses()[0] ?? "");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
        fc.boolean(),
        async (chunks, begins) => {
          const socket = connect({ host: place?.host ?? "", port: place?.port ?? 0 });
          // As multistream would begin.
          if (begins) socket.write("\u0013/multistream/1.0.0\n\u0007/noise\n");
          for (const chunk of chunks) socket.write(chunk);
          socket.resume().end();
          await closed(socket);
        },
      ),
      { numRuns: 60 },
    );
    expect(await answerOn(connection, ROOM)).toBe("hello");
    expect(await answerOn(await dial(member, home), ROOM)).toBe("hello");
  });

  it("keeps few streams of a stranger that do not say what they are for, and answers the next at the door", async () => {
    const [home, visitor] = [await startHost({ others: "stranger" }), await startHost()];
    await echo(home);
    const face = await dial(visitor, home);
    const mute = await Promise.all(Array.from({ length: 40 }, () => rawStream(face)));
    for (const stream of mute) stream.send(Buffer.from("\u0013/multistream"));
    await until(() => mute.filter(({ status }) => status === "open").length <= 4);
    expect(await answerOn(await dial(visitor, home), DOOR)).toBe("hello");
    home.standings.set(visitor.peerId, "member");
    const asMember = await dial(visitor, home);
    // Before a connection is complete at the other end libp2p takes ten.
    expect(await answerOn(asMember, ROOM)).toBe("hello");
    const many = await Promise.all(Array.from({ length: 40 }, () => rawStream(asMember)));
    for (const stream of many) stream.send(Buffer.from("\u0013/multistream"));
    expect(await answerOn(asMember, ROOM)).toBe("hello");
    expect(many.filter(({ status }) => status === "open").length).toBe(40);
  });

  it("lets members in however many connections say nothing, from their own address or from many", async () => {
    const home = await startHost({ limits: { maxPendingPerHost: 4, maxPending: 12 } });
    await echo(home);
    const place = hostAndPortOf(home.addresses()[0] ?? "");
    const sockets: Socket[] = [];
    // Loopback has more than one address.
    for (const localAddress of ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"]) {
      for (let i = 0; i < 20; i += 1) {
        const socket = connect({ host: place?.host ?? "", port: place?.port ?? 0, localAddress });
        socket.on("error", () => socket.destroy());
        sockets.push(socket.resume());
        await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
      }
    }
    const open = sockets.filter(({ destroyed }) => !destroyed).length;
    expect(open).toBeGreaterThan(0);
    for (let i = 0; i < 5; i += 1) {
      const member = await startHost();
      expect(await answerOn(await dial(member, home), ROOM)).toBe("hello");
    }
    for (const socket of sockets) socket.destroy();
  });

  it("keeps connections that say nothing from crowding out those of another address", async () => {
    const home = await startHost({ limits: { maxPendingPerHost: 3, maxPending: 64 } });
    const place = hostAndPortOf(home.addresses()[0] ?? "");
    const sockets = Array.from({ length: 8 }, () => connect({ host: place?.host ?? "", port: place?.port ?? 0 }));
    const ends = sockets.map((socket) => closed(socket.resume()));
    // Five are closed at once; three may still say who they are.
    await Promise.any(ends);
    const ended = (): number => sockets.filter(({ destroyed }) => destroyed).length;
    await until(() => ended() >= 5);
    expect(ended()).toBe(5);
    for (const socket of sockets) socket.destroy();
    await Promise.all(ends);
    const member = await startHost();
    await until(async () => (await dial(member, home).catch(() => undefined))?.isOpen === true);
  });

  it("finds the address that works, and says which refused", async () => {
    const [home, visitor] = [await startHost(), await startHost()];
    const gone = await startHost();
    const old = gone.addresses();
    await gone.close();
    const connection = await visitor.dial(home.peerId, [...old, ...home.addresses()], { signal: soon() });
    expect(connection.peer).toBe(home.peerId);
    expect(await visitor.dial(home.peerId, old, { signal: soon() })).toBe(connection);
    const failed = await visitor.dial(gone.peerId, old, { signal: soon() }).catch((error: unknown) => error);
    expect(isPeerError(failed, "unreachable") && refusedBy(failed)).toEqual(old);
  });

  it("takes nobody for another, and learns the name of one that it did not know", async () => {
    const [home, visitor] = [await startHost(), await startHost()];
    const { peerId } = await newIdentity();
    await expect(visitor.dial(peerId, home.addresses(), { signal: soon() })).rejects.toMatchObject({
      code: "unreachable",
    });
    expect((await visitor.dial(undefined, home.addresses(), { signal: soon() })).peer).toBe(home.peerId);
  });

  it("gives up a dial that takes too long", async () => {
    const visitor = await startHost();
    const { peerId } = await newIdentity();
    // Addresses for documentation (RFC 5737): nobody answers.
    const dialling = visitor.dial(peerId, ["/ip4/192.0.2.1/tcp/9"], { signal: AbortSignal.timeout(50) });
    await expect(dialling).rejects.toMatchObject({ code: "unreachable" });
  });

  it("survives a connection that is closed in the moment in which a stream is opened over it", async () => {
    const [home, visitor] = [await startHost(), await startHost()];
    await echo(home);
    for (const closeFirst of [true, false]) {
      const connection = await dial(visitor, home);
      if (closeFirst) connection.abort("first");
      const opening = connection.openStream(ROOM, soon());
      if (!closeFirst) connection.abort("afterwards");
      expect(connection.isOpen).toBe(false);
      await expect(opening).rejects.toMatchObject({ code: "unreachable" });
    }
  });

  it("names the address that is not this machine's, and the setting", async () => {
    // Of TEST-NET-3 (RFC 5737): nobody's.
    await expect(startHost({ listen: [{ host: "203.0.113.9", port: 0 }] })).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringContaining('mesh.host = "203.0.113.9" is no address of this machine') as string,
    });
  });

  it("says that its port is taken", async () => {
    const first = await startHost();
    const port = hostAndPortOf(first.addresses()[0] ?? "")?.port ?? 0;
    await expect(startHost({ listen: [{ host: "127.0.0.1", port }] })).rejects.toMatchObject({ code: "port-in-use" });
  });

  it("carries gossip of members, checked, and of nobody else", async () => {
    const hosts = [await startHost({ topics: ["t"] }), await startHost({ topics: ["t"] })] as const;
    const heard: string[] = [];
    hosts[0].topics.subscribe("t", {
      accepts: (bytes) => bytes.length < 10,
      receive: (bytes, from) => heard.push(`${from} ${Buffer.from(bytes).toString()}`),
    });
    hosts[1].topics.subscribe("t", { accepts: () => true, receive: () => undefined });
    const connection = await dial(hosts[1], hosts[0]);
    await hosts[1].gossipOver(connection, soon());
    await until(async () => {
      await hosts[1].topics.publish("t", Buffer.from("far too long"));
      await hosts[1].topics.publish("t", Buffer.from(`hi ${heard.length}`));
      return heard.length > 0;
    }, "a message is heard");
    expect(heard.every((line) => line.startsWith(`${hosts[1].peerId} hi`))).toBe(true);
    await expect(hosts[1].topics.publish("t", new Uint8Array(64 * 1024))).rejects.toThrow(RangeError);
  });

  it("hears all of the many members that come from one address, also once it knows them", async () => {
    const home = await startHost({ topics: ["t"] });
    const heard = new Set<string>();
    home.topics.subscribe("t", { accepts: () => true, receive: (_, from) => heard.add(from) });
    const others = await Promise.all(Array.from({ length: 18 }, () => startHost({ topics: ["t"] })));
    for (const other of others) {
      other.topics.subscribe("t", { accepts: () => true, receive: () => undefined });
      await other.gossipOver(await dial(other, home), soon());
    }
    // Gossip judges those it talks to once a second.
    for (let round = 0; round < 3; round += 1) {
      heard.clear();
      await until(async () => {
        for (const other of others) {
          if (!heard.has(other.peerId)) await other.topics.publish("t", Buffer.from(`${performance.now()}`));
        }
        return heard.size === others.length;
      }, `round ${round}`);
      expect(heard.size).toBe(others.length);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    }
  }, 120_000);
});

/** Passes connections on to `home` as if they came from another address of this machine. */
async function relayFrom(localAddress: string, home: TestHost): Promise<string> {
  const place = hostAndPortOf(home.addresses()[0] ?? "");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const onwards = connect({ host: place?.host ?? "", port: place?.port ?? 0, localAddress });
    for (const [one, other] of [[socket, onwards] as const, [onwards, socket] as const]) {
      sockets.add(one);
      one.on("error", () => one.destroy()).on("close", () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `/ip4/127.0.0.1/tcp/${typeof address === "object" ? address?.port : 0}`;
}

async function closed(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("error", () => socket.destroy());
  socket.on("close", () => resolve());
  await promise;
}
