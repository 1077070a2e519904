import { fork } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { Connection, Stream, StreamMuxerFactory } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p, type Libp2p } from "libp2p";
import { describe, expect, it, onTestFinished } from "vitest";
import { addressOf, hostAndPortOf } from "../../../src/mesh/host/addresses.ts";
import type { Answer, Request } from "./besieged-process.ts";
import { soon, startHost, until } from "./hosts.ts";

const ROOM = "/test/room/1";
const SCRIPT = fileURLToPath(new URL("besieged-process.ts", import.meta.url));
const FLOOD_BYTES = 1_500_000;
const TIMES = 4;
/** Of CPU, for all of them. Unguarded a length without an end costs 5 s each time; of all this now nothing costs more than 50 ms. */
const MAX_SPENT_MS = 2_000;
/** For 100,000 of them. Unbounded streams cost 6 s, pings 1.5 s and the memory of their answers. */
const MAX_FRAMES_MS = 700;
const TEST_MS = 120_000;

const line = (text: string): Buffer => Buffer.concat([Buffer.of(text.length + 1), Buffer.from(`${text}\n`)]);
const HEADER = line("/multistream/1.0.0");
const ENDLESS = Buffer.alloc(FLOOD_BYTES, 0xff);
const LISTS = Buffer.concat(Array.from({ length: FLOOD_BYTES / 4 }, () => line("ls")));
const NAMES = Buffer.concat(Array.from({ length: FLOOD_BYTES / 12 }, () => line("/tls/1.0.0")));

const FLOODS: Readonly<Record<string, Buffer>> = {
  "a length without an end": ENDLESS,
  "no lengths at all": Buffer.alloc(FLOOD_BYTES),
  "lists asked for without an end": Buffer.concat([HEADER, LISTS]),
  "what is not known, again and again": Buffer.concat([HEADER, NAMES]),
  "garbage after what is not known": Buffer.concat([HEADER, line("/tls/1.0.0"), ENDLESS]),
};

interface Besieged {
  readonly peerId: string;
  readonly address: string;
  ask(request: Request): Promise<Answer>;
  /** What `work` costs it, in milliseconds of CPU. */
  spends(work: () => Promise<void>): Promise<number>;
  /** A member's stream to it still goes to and fro. */
  echoes(): Promise<void>;
}

/** A host in its own process, with one member connected to it. */
async function besieged(): Promise<Besieged> {
  const member = await startHost();
  const child = fork(SCRIPT, [JSON.stringify({ members: [member.peerId] })], {
    execArgv: ["--conditions=parley-source"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const next = async (): Promise<Answer> => ((await once(child, "message")) as [Answer])[0];
  const ask = (request: Request): Promise<Answer> => {
    const answer = next();
    child.send(request);
    return answer;
  };
  const listens = await next();
  if (listens.type !== "listens") throw new Error("it listens first");
  const [address = ""] = listens.addresses;
  const connection = await member.dial(listens.peerId, [address], { signal: soon() });
  const stream = await connection.openStream(ROOM, soon());
  let echoed = 0;
  stream.addEventListener("message", ({ data }) => (echoed += data.byteLength));
  const cpuMs = async (): Promise<number> => {
    const answer = await ask({ ask: "spent" });
    return answer.type === "spent" ? answer.cpuMs : NaN;
  };
  return {
    peerId: listens.peerId,
    address,
    ask,
    spends: async (work) => {
      const before = await cpuMs();
      await work();
      return (await cpuMs()) - before;
    },
    echoes: async () => {
      const before = echoed;
      stream.send(Buffer.from("still there?"));
      await until(() => echoed > before, "the echo");
      expect(connection.isOpen).toBe(true);
    },
  };
}

/** Sends it over a socket of its own. Ends when the other side has ended that. */
async function pour(address: string, bytes: Uint8Array, pieceBytes = 65_536): Promise<void> {
  const { host, port } = hostAndPortOf(address) ?? { host: "", port: 0 };
  const socket = connect({ host, port, noDelay: true });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => socket.destroy()).resume();
  await once(socket, "connect");
  await pourInto(socket, bytes, pieceBytes);
  await closed;
}

async function pourInto(socket: Socket, bytes: Uint8Array, pieceBytes = 65_536): Promise<void> {
  for (let from = 0; from < bytes.length && !socket.destroyed; from += pieceBytes) {
    socket.write(bytes.subarray(from, from + pieceBytes));
    await new Promise(setImmediate);
  }
}

/** libp2p as anybody may run it. */
async function strangeNode(options: Parameters<typeof createLibp2p>[0] = {}): Promise<Libp2p> {
  const node = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: { reconnectRetries: 0 },
    ...options,
  });
  onTestFinished(() => node.stop());
  return node;
}

interface Muxer {
  createStream(options: object): Promise<Stream>;
  safeDispatchEvent(type: string, event: { readonly detail: Stream }): boolean;
}

function muxerOf(connection: Connection): Muxer {
  if (!("muxer" in connection)) throw new Error("libp2p's own connection has one");
  return connection.muxer as Muxer;
}

/** Noise that agrees on no multiplexer, and then says `bytes` where one would be agreed on. */
function unmuxedNoise(bytes: Uint8Array): ReturnType<typeof noise> {
  const create = noise();
  return (components) => {
    const encrypter = create(components);
    const secure = encrypter.secureOutbound.bind(encrypter);
    encrypter.secureOutbound = async (wire, options) => {
      const secured = await secure(wire, { ...options, skipStreamMuxerNegotiation: true });
      secured.connection.send(bytes);
      return secured;
    };
    return encrypter;
  };
}

/** The header of a frame of Yamux; its type and flags are those of its specification. */
function header(type: number, flags: number, stream: number, length: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes[1] = type;
  bytes.writeUInt16BE(flags, 2);
  bytes.writeUInt32BE(stream, 4);
  bytes.writeUInt32BE(length, 8);
  return bytes;
}

const [UPDATE, PING, SYN, RST] = [1, 2, 1, 8];
const FRAMES: Readonly<Record<string, (i: number) => Buffer>> = {
  "streams that are opened": (i) => header(UPDATE, SYN, 1 + 2 * i, 0),
  "streams that are opened and reset": (i) =>
    Buffer.concat([header(UPDATE, SYN, 1 + 2 * i, 0), header(UPDATE, RST, 1 + 2 * i, 0)]),
  pings: (i) => header(PING, SYN, 0, i),
};

/** Agrees on Yamux, and then says `bytes`. */
function rudeMuxer(bytes: Uint8Array): () => StreamMuxerFactory {
  const create = yamux();
  return () => {
    const factory = create();
    const createStreamMuxer = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (wire) => {
      const muxer = createStreamMuxer(wire);
      // When the other end has made the connection too.
      setTimeout(() => wire.send(bytes), 500);
      return muxer;
    };
    return factory;
  };
}

describe("a host that strangers flood", () => {
  it.each(Object.keys(FLOODS))(
    "with %s before Noise ends that at once, and does hardly anything for it",
    async (shape) => {
      const home = await besieged();
      const spentMs = await home.spends(async () => {
        for (let i = 0; i < TIMES; i += 1) await pour(home.address, FLOODS[shape] ?? ENDLESS);
      });
      expect(spentMs).toBeLessThan(MAX_SPENT_MS);
      await home.echoes();
    },
    TEST_MS,
  );

  it(
    "byte by byte, or with a handshake that does not end, ends that",
    async () => {
      const home = await besieged();
      const handshake = Buffer.concat([HEADER, line("/noise"), Buffer.of(0, 32), Buffer.alloc(32, 9), ENDLESS]);
      const spentMs = await home.spends(async () => {
        await pour(home.address, ENDLESS.subarray(0, 3_000), 1);
        for (let i = 0; i < TIMES; i += 1) await pour(home.address, handshake);
      });
      expect(spentMs).toBeLessThan(MAX_SPENT_MS);
      await home.echoes();
    },
    TEST_MS,
  );

  it.each(Object.keys(FLOODS))(
    "with %s in a stream ends their connection, and does hardly anything for it",
    async (shape) => {
      const home = await besieged();
      const node = await strangeNode();
      const spentMs = await home.spends(async () => {
        for (let i = 0; i < TIMES; i += 1) {
          const connection = await node.dial(multiaddr(home.address), { signal: soon() });
          const stream = await muxerOf(connection).createStream({});
          stream.send(FLOODS[shape] ?? ENDLESS);
          await until(() => connection.status !== "open", "the end");
        }
      });
      expect(spentMs).toBeLessThan(MAX_SPENT_MS);
      await home.echoes();
    },
    TEST_MS,
  );

  it.each(Object.keys(FRAMES))(
    "with %s ends their connection, and does hardly anything for it",
    async (shape) => {
      const home = await besieged();
      const bytes = Buffer.concat(Array.from({ length: 100_000 }, (_, i) => FRAMES[shape]?.(i) ?? ENDLESS));
      const node = await strangeNode({ streamMuxers: [rudeMuxer(bytes)] });
      const spentMs = await home.spends(async () => {
        const connection = await node.dial(multiaddr(home.address), { signal: soon() });
        await until(() => connection.status !== "open", "the end");
      });
      expect(spentMs).toBeLessThan(MAX_FRAMES_MS);
      await home.echoes();
    },
    TEST_MS,
  );

  it(
    "after the handshake, where no multiplexer was agreed on in it, ends their connection",
    async () => {
      const home = await besieged();
      const node = await strangeNode({ connectionEncrypters: [unmuxedNoise(ENDLESS)] });
      const spentMs = await home.spends(async () => {
        for (let i = 0; i < TIMES; i += 1) {
          await expect(node.dial(multiaddr(home.address), { signal: soon() })).rejects.toBeInstanceOf(Error);
        }
      });
      expect(spentMs).toBeLessThan(MAX_SPENT_MS);
      await home.echoes();
    },
    TEST_MS,
  );

  it(
    "that it dials itself gives up on them, whether they answer before Noise or in a stream",
    async () => {
      const home = await besieged();
      const impostor = createServer((socket) => {
        socket.on("error", () => socket.destroy()).resume();
        void pourInto(socket, ENDLESS);
      });
      await once(impostor.listen(0, "127.0.0.1"), "listening");
      onTestFinished(() => void impostor.close());
      const bound = impostor.address();
      const port = bound === null || typeof bound === "string" ? 0 : bound.port;
      const node = await strangeNode({ addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] } });
      node.addEventListener("connection:open", ({ detail }) => {
        muxerOf(detail).safeDispatchEvent = (_, { detail: stream }) => stream.send(ENDLESS);
      });
      const [known] = node.getMultiaddrs();
      const addresses = [addressOf({ host: "127.0.0.1", port }), known?.toString().replace(/\/p2p\/.*/, "") ?? ""];
      const spentMs = await home.spends(async () => {
        for (let i = 0; i < TIMES; i += 1) {
          for (const address of addresses) {
            expect(await home.ask({ ask: "visit", address })).toEqual({ type: "visited", isOpen: false });
          }
        }
      });
      expect(spentMs).toBeLessThan(MAX_SPENT_MS);
      await home.echoes();
    },
    TEST_MS,
  );
});
