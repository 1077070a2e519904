/**
 * A stranger as a process of its own, so that it can be put on a network of its own: `node stranger.ts TASK`, with a {@link Task} as
 * JSON. Prints one {@link Findings} as JSON and ends.
 */
import { randomBytes, randomInt } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { Connection, MultiaddrConnection, Stream, StreamMuxer } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p, type Libp2p } from "libp2p";
import multicastDns from "multicast-dns";
import { encode } from "../../../../src/mesh/door/protocol/codec.ts";
import { DOOR_PROTOCOL } from "../../../../src/mesh/door/protocol/messages.ts";
import { loadIdentity } from "../../../../src/mesh/identity.ts";
import { crowd, openings, pause, streamOpenings, type Crowding } from "./floods.ts";

/** A member, as anybody on the network may find it. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly peerId: string;
}

export type Task =
  /** Which TCP ports answer. */
  | { readonly do: "scan"; readonly host: string }
  /** All that mDNS tells. */
  | { readonly do: "listen"; readonly host: string; readonly forMs: number }
  /** Everything that can be said to a mesh port, well-formed and not. `identity`: the key file of who it is; else nobody known. */
  | {
      readonly do: "siege";
      readonly targets: readonly Target[];
      readonly rounds: number;
      readonly protocols: readonly string[];
      readonly identity?: string;
    }
  | Crowding;

export interface Findings {
  readonly ports: readonly number[];
  readonly records: readonly unknown[];
  /** Protocols of which a stream came about. */
  readonly opened: readonly string[];
  /** Bytes that came back, by what was asked. */
  readonly heard: Readonly<Record<string, number>>;
  readonly listed: readonly string[];
  readonly answers: readonly string[];
}

const findings = {
  ports: new Set<number>(),
  records: [] as unknown[],
  opened: new Set<string>(),
  heard: {} as Record<string, number>,
  listed: new Set<string>(),
  answers: new Set<string>(),
};

const task = JSON.parse(process.argv[2] ?? "") as Task;
// What a peer at the other end does to a connection is no reason to stop.
process.on("uncaughtException", (error) => console.error(error));
process.on("unhandledRejection", (error) => console.error(error));
if (task.do === "scan") await scan(task.host);
else if (task.do === "listen") await listen(task);
else if (task.do === "siege") await siege(task);
else await crowd(task);
const { ports, records, opened, heard, listed, answers } = findings;
const found: Findings = {
  ports: [...ports],
  records,
  opened: [...opened],
  heard,
  listed: [...listed],
  answers: [...answers],
};
process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0));

async function scan(host: string): Promise<void> {
  let next = 1;
  const work = async (): Promise<void> => {
    for (let port = next++; port <= 65_535; port = next++) if (await isOpen(host, port)) findings.ports.add(port);
  };
  await Promise.all(Array.from({ length: 256 }, work));
}

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 5_000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true)).once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

async function listen({ host, forMs }: Task & { readonly do: "listen" }): Promise<void> {
  const mdns = multicastDns({ interface: host, bind: "0.0.0.0", reuseAddr: true });
  await new Promise<void>((resolve) => void mdns.once("ready", () => resolve()));
  const asked = new Set<string>();
  const ask = (name: string): void => {
    if (asked.has(name)) return;
    asked.add(name);
    for (const type of ["PTR", "TXT", "SRV", "A", "HINFO"] as const) mdns.query([{ name, type }]);
  };
  mdns.on("response", (packet, { address }) => {
    for (const answer of [...(packet.answers ?? []), ...(packet.additionals ?? [])]) {
      const { name, type } = answer;
      const data: unknown = "data" in answer ? answer.data : undefined;
      const shown = Array.isArray(data) ? data.map(String) : JSON.stringify(data);
      findings.records.push({ name, type, from: address, data: shown });
      ask(name);
      if (type === "PTR" && typeof data === "string") ask(data);
    }
  });
  for (const name of ["_services._dns-sd._udp", "_parley._tcp", "_janet-mesh._tcp", "_p2p._udp", "_http._tcp"]) {
    ask(`${name}.local`);
  }
  await pause(forMs);
  mdns.destroy();
}

async function siege({ targets, rounds, protocols, identity }: Task & { readonly do: "siege" }): Promise<void> {
  const key = identity === undefined ? undefined : (await loadIdentity(identity)).privateKey;
  const create = (muxer: Parameters<typeof createLibp2p>[0]): Promise<Libp2p> =>
    createLibp2p({
      ...(key === undefined ? {} : { privateKey: key }),
      transports: [tcp()],
      connectionEncrypters: [noise()],
      connectionMonitor: { enabled: false },
      connectionManager: { reconnectRetries: 0 },
      ...muxer,
    });
  const polite = await create({ streamMuxers: [yamux()] });
  const rude = await create({ streamMuxers: [() => rudeMuxer()] });
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all(
      targets.map(async (target) => {
        await Promise.all(openings().map((chunks, i) => say(target, `opening ${i}`, chunks)));
        await withConnection(rude, target, () => pause(50));
        await withConnection(polite, target, (connection) => rawStreams(connection));
        for (const bytes of streamOpenings())
          await withConnection(polite, target, (connection) => rawStream(connection, bytes));
        await withConnection(polite, target, (connection) => everyProtocol(connection, protocols));
        await withConnection(polite, target, (connection) => atTheDoor(connection));
      }),
    );
  }
  await Promise.all([polite.stop(), rude.stop()]);
}

/** Says it over a socket of its own, and counts what comes back within a moment. */
async function say({ host, port }: Target, what: string, chunks: readonly Uint8Array[]): Promise<void> {
  const socket: Socket = connect(port, host);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("data", (data) => count(what, data.length)).on("error", () => socket.destroy());
  for (const chunk of chunks) socket.write(chunk);
  await Promise.race([closed, pause(200)]);
  socket.destroy();
}

async function withConnection(
  node: Libp2p,
  { host, port, peerId }: Target,
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  try {
    const address = multiaddr(`/ip4/${host}/tcp/${port}/p2p/${peerId}`);
    const connection = await node.dial(address, { signal: AbortSignal.timeout(3_000) });
    await use(connection);
    connection.abort(new Error("over"));
  } catch (error) {
    findings.answers.add(error instanceof Error ? error.name : String(error));
  }
}

/** Streams that say anything but a protocol. */
async function rawStreams(connection: Connection): Promise<void> {
  if (!("muxer" in connection)) return;
  const muxer = connection.muxer as { createStream(options: object): Promise<Stream> };
  const line = (text: string): Buffer => Buffer.concat([Buffer.of(text.length + 1), Buffer.from(`${text}\n`)]);
  const stream = await muxer.createStream({});
  let said = "";
  stream.addEventListener("message", ({ data }) => (said += Buffer.from(data.subarray()).toString("latin1")));
  stream.send(Buffer.concat([line("/multistream/1.0.0"), line("ls")]));
  await pause(100);
  for (const [name] of said.matchAll(/\/[\w.-]+(\/[\w.-]+)*/g)) findings.listed.add(name);
  for (let i = 0; i < 20; i += 1) {
    const garbled = await muxer.createStream({});
    garbled.send(randomBytes(1 + randomInt(3_000)));
  }
  await pause(50);
}

/** One that says it. Ends when the connection has, or after a moment. */
async function rawStream(connection: Connection, bytes: Uint8Array): Promise<void> {
  if (!("muxer" in connection)) return;
  const closed = new Promise((resolve) => connection.addEventListener("close", resolve, { once: true }));
  const stream = await (connection.muxer as { createStream(options: object): Promise<Stream> }).createStream({});
  stream.send(bytes);
  await Promise.race([closed, pause(1_000)]);
  findings.answers.add(connection.status === "open" ? "stream heard" : "stream ended");
}

async function everyProtocol(connection: Connection, protocols: readonly string[]): Promise<void> {
  for (const protocol of protocols) {
    try {
      const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(2_000) });
      findings.opened.add(protocol);
      stream.addEventListener("message", ({ data }) => count(protocol, data.subarray().length));
      stream.send(randomBytes(1 + randomInt(2_000)));
      await pause(5);
      stream.abort(new Error("over"));
    } catch (error) {
      findings.answers.add(error instanceof Error ? error.name : String(error));
    }
  }
}

/** Requests of the door: as they should be, changed in some bytes, out of turn, too long, too many. */
async function atTheDoor(connection: Connection): Promise<void> {
  const application = { name: "mallory", sealingKey: randomBytes(32), addresses: [], version: "0.1.0" };
  const requests = [
    { type: "hello", version: 1 },
    { type: "pair", method: "code", cluster: "c", start: randomBytes(96) },
    { type: "pair", method: "secret", cluster: "c", start: randomBytes(96) },
    { type: "knock", application },
    { type: "welcome" },
    { type: "accept" },
    { type: "prove", finish: randomBytes(64), sealed: randomBytes(100) },
  ].map(encode);
  for (let i = 0; i < 12; i += 1) {
    try {
      const stream = await connection.newStream(DOOR_PROTOCOL, { signal: AbortSignal.timeout(2_000) });
      findings.opened.add(DOOR_PROTOCOL);
      stream.addEventListener("message", ({ data }) => hear(data.subarray()));
      for (let n = 0; n < 3; n += 1)
        stream.send(framed(changed(requests[randomInt(requests.length)] ?? randomBytes(9))));
      if (i % 4 === 0) stream.send(Buffer.concat([Buffer.from([0, 255, 255, 255]), randomBytes(5_000)]));
      await pause(5);
      stream.abort(new Error("over"));
    } catch (error) {
      findings.answers.add(error instanceof Error ? error.name : String(error));
    }
  }
}

/** Of the door's answers their type, and of a refusal its code. */
function hear(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString("latin1");
  for (const [word] of text.matchAll(/about|challenge|waiting|welcome|refused|revoked|pairing-\w+|admission-\w+/g))
    findings.answers.add(word);
  count(DOOR_PROTOCOL, bytes.length);
}

function framed(frame: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(frame.length);
  return Buffer.concat([header, frame]);
}

function changed(frame: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(frame);
  for (let n = randomInt(4); n > 0; n -= 1) bytes[randomInt(bytes.length)] = randomInt(256);
  return bytes;
}

/** Agrees on Yamux and then speaks nothing of the kind. */
function rudeMuxer() {
  return {
    protocol: "/yamux/1.0.0",
    createStreamMuxer(wire: MultiaddrConnection): StreamMuxer {
      for (let i = 0; i < 5; i += 1) wire.send(randomBytes(1 + randomInt(8_000)));
      const target = new EventTarget();
      const muxer = {
        protocol: "/yamux/1.0.0",
        status: "open",
        streams: [],
        createStream: () => Promise.reject(new Error("none")),
        close: async () => undefined,
        abort: () => undefined,
        addEventListener: target.addEventListener.bind(target),
        removeEventListener: target.removeEventListener.bind(target),
        dispatchEvent: target.dispatchEvent.bind(target),
        safeDispatchEvent: () => true,
        listenerCount: () => 0,
      };
      return muxer as unknown as StreamMuxer;
    },
  };
}

function count(what: string, bytes: number): void {
  findings.heard[what] = (findings.heard[what] ?? 0) + bytes;
}
