/**
 * A peer with actors in a process of its own: `node actors-process.ts '{"key", "peers"}'`. Its actor `echo` answers, its actor
 * `sounds` streams. Tells its parent where it listens; ends when the parent is gone.
 */
import { privateKeyFromProtobuf } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { createActorSystem, createRemoting, type ActorRef, type StreamRef } from "@parley/actors";
import pino from "pino";
import { createMeshHost } from "../../../../src/mesh/host/mesh-host.ts";
import { createLinks } from "../../../../src/mesh/links/links.ts";
import { createActorTransport } from "../../../../src/mesh/transports/actors/actor-transport.ts";

/** What the parent says; all of it is its own. */
export interface ActorsProcessOptions {
  /** The private key, libp2p's protobuf in base64. */
  readonly key: string;
  readonly peers: Readonly<Record<string, readonly string[]>>;
}

export type Echo = { readonly payload: Uint8Array; readonly replyTo: ActorRef<Uint8Array> };
export type Sounds = {
  readonly count: number;
  readonly bytes: number;
  readonly replyTo: ActorRef<StreamRef<Uint8Array>>;
};

const options = JSON.parse(process.argv[2] ?? "{}") as ActorsProcessOptions;
const privateKey = privateKeyFromProtobuf(Buffer.from(options.key, "base64"));
if (privateKey.type !== "Ed25519") throw new Error("no key of a peer");
const peerId = peerIdFromPrivateKey(privateKey).toString();
const log = pino({ level: "silent" });
const listen = [{ host: "127.0.0.1", port: 0 }];
const host = await createMeshHost({ identity: { privateKey, peerId }, listen, standingOf: () => "member", log });
const links = await createLinks({ host, log });
const remoting = createRemoting({ transport: createActorTransport({ host, links }) });
const system = createActorSystem({ peer: peerId, remoting: remoting.remoting });
system.spawn<Echo>(
  () =>
    ({ payload, replyTo }) =>
      void replyTo.tell(payload),
  {
    name: "echo",
    accepts: (message) => message as Echo,
    mailbox: { capacity: 100_000 },
  },
);
system.spawn<Sounds>(
  (context) =>
    ({ count, bytes, replyTo }) => {
      const item = new Uint8Array(bytes);
      replyTo.tell(context.offerStream(Array.from({ length: count }, () => item)));
    },
  { name: "sounds", accepts: (message) => message as Sounds },
);
await remoting.start();
process.on("disconnect", () => process.exit(0));
for (const [peer, addresses] of Object.entries(options.peers)) links.add(peer, addresses);
process.send?.({ addresses: host.addresses() });
