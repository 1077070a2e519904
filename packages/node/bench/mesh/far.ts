/** The other peer of the bench, in a process of its own: actors over links, and beside them a bare socket that does the same. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { privateKeyFromProtobuf } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { createActorSystem, createRemoting } from "@parley/actors";
import pino from "pino";
import { createMeshHost } from "../../src/mesh/host/mesh-host.ts";
import { createLinks } from "../../src/mesh/links/links.ts";
import { createActorTransport } from "../../src/mesh/transports/actors/actor-transport.ts";
import { framePrefix, FrameSplitter } from "../../src/mesh/wire/frame-splitter.ts";
import type { BareOrder, FarOptions, FarOrder, FarReport } from "./orders.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as FarOptions;
const privateKey = privateKeyFromProtobuf(Buffer.from(options.key, "base64"));
if (privateKey.type !== "Ed25519") throw new Error("no key of a peer");
const identity = { privateKey, peerId: peerIdFromPrivateKey(privateKey).toString() };
const log = pino({ level: "silent" });
const listen = [{ host: "127.0.0.1", port: 0 }];
const host = await createMeshHost({ identity, listen, standingOf: () => "member", log });
const links = await createLinks({ host, log });
if (options.hasActors) await startActors();
for (const [peer, addresses] of Object.entries(options.peers)) links.add(peer, addresses);

async function startActors(): Promise<void> {
  const remoting = createRemoting({ transport: createActorTransport({ host, links }) });
  const system = createActorSystem({ peer: identity.peerId, remoting: remoting.remoting });
  system.spawn<FarOrder>(
    (context) => (order) => {
      if (order.type === "echo") return void order.replyTo.tell(order.payload);
      const item = new Uint8Array(order.bytes);
      return void order.replyTo.tell(context.offerStream(Array.from({ length: order.count }, () => item)));
    },
    { name: "bench", accepts: (message) => message as FarOrder, mailbox: { capacity: 1_000_000 } },
  );
  await remoting.start();
}

const bare = createServer({ noDelay: true }, (socket) => {
  const splitter = new FrameSplitter(16 * 1024 * 1024);
  let order: BareOrder | undefined;
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    for (const frame of splitter.framesOf(chunk)) {
      if (order?.type === "echo") {
        socket.write(Buffer.concat([framePrefix(frame.length), frame]));
      } else {
        order = JSON.parse(Buffer.from(frame).toString()) as BareOrder;
        if (order.type === "send") void send(socket, order);
      }
    }
  });
});

async function send(socket: Socket, { count, bytes }: BareOrder & { readonly type: "send" }): Promise<void> {
  const frame = Buffer.concat([framePrefix(bytes), new Uint8Array(bytes)]);
  for (let i = 0; i < count; i += 1) if (!socket.write(frame)) await once(socket, "drain");
}

function report(): void {
  const address = bare.address();
  const { user, system } = process.cpuUsage();
  const said: FarReport = {
    addresses: host.addresses(),
    barePort: address === null || typeof address === "string" ? 0 : address.port,
    cpuMs: (user + system) / 1000,
    rssBytes: process.memoryUsage.rss(),
  };
  process.send?.(said);
}

process.on("disconnect", () => process.exit(0));
process.on("message", report);
await once(bare.listen(0, "127.0.0.1"), "listening");
report();
