/**
 * A peer in a process of its own: `node peer-process.ts '{"key", "port", "peers"}'`. Tells its parent where it listens, and
 * of its links; ends when the parent is gone.
 */
import { privateKeyFromProtobuf } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import pino from "pino";
import { createMeshHost } from "../../../src/mesh/host/mesh-host.ts";
import { createLinks } from "../../../src/mesh/links/links.ts";

/** What the parent says; all of it is its own. */
export interface PeerProcessOptions {
  /** The private key, libp2p's protobuf in base64. */
  readonly key: string;
  /** 0: any. */
  readonly port: number;
  readonly peers: Readonly<Record<string, readonly string[]>>;
}

/** What it says: first where it listens, then what becomes of its links. */
export type PeerProcessNews =
  | { readonly type: "listens"; readonly addresses: readonly string[] }
  | { readonly type: "up" | "down" | "refused"; readonly peer: string };

const options = JSON.parse(process.argv[2] ?? "{}") as PeerProcessOptions;
const privateKey = privateKeyFromProtobuf(Buffer.from(options.key, "base64"));
if (privateKey.type !== "Ed25519") throw new Error("no key of a peer");
const log = pino({ level: "silent" });
const host = await createMeshHost({
  identity: { privateKey, peerId: peerIdFromPrivateKey(privateKey).toString() },
  listen: [{ host: "127.0.0.1", port: options.port }],
  standingOf: () => "member",
  log,
});
const links = await createLinks({ host, log });
const tell = (news: PeerProcessNews): void => void process.send?.(news);
links.onEvent((event) => tell({ type: event.type, peer: event.type === "refused" ? event.peer : event.link.peer }));
process.on("disconnect", () => process.exit(0));
tell({ type: "listens", addresses: host.addresses() });
for (const [peer, addresses] of Object.entries(options.peers)) links.add(peer, addresses);
