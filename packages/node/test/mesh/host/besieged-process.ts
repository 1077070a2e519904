/**
 * A mesh host in a process of its own, whose work can be measured: `node besieged-process.ts '{"members": [peer id, ...]}'`. Everybody
 * else is a stranger. `/test/door/1` and `/test/room/1` (for members) send back what they get. Ends when its parent is gone.
 */
import type { Stream } from "@libp2p/interface";
import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import pino from "pino";
import { createMeshHost } from "../../../src/mesh/host/mesh-host.ts";

export const DOOR = "/test/door/1";
export const ROOM = "/test/room/1";

export type Request =
  | { readonly ask: "spent" }
  /** Dials whoever is there, and opens a stream at the door. */
  | { readonly ask: "visit"; readonly address: string };

export type Answer =
  | { readonly type: "listens"; readonly peerId: string; readonly addresses: readonly string[] }
  /** CPU time since it began, and what it holds. */
  | { readonly type: "spent"; readonly cpuMs: number; readonly rssBytes: number }
  | { readonly type: "visited"; readonly isOpen: boolean };

const { members } = JSON.parse(process.argv[2] ?? "{}") as { readonly members: readonly string[] };
const privateKey = await generateKeyPair("Ed25519");
const host = await createMeshHost({
  identity: { privateKey, peerId: peerIdFromPrivateKey(privateKey).toString() },
  listen: [{ host: "127.0.0.1", port: 0 }],
  standingOf: (peer) => (members.includes(peer) ? "member" : "stranger"),
  log: pino({ level: "silent" }),
});
const reply = (stream: Stream): void => stream.addEventListener("message", ({ data }) => void stream.send(data));
await host.handle(DOOR, reply, { openTo: "strangers" });
await host.handle(ROOM, reply, { openTo: "members" });
const tell = (answer: Answer): void => void process.send?.(answer);

process.on("disconnect", () => process.exit(0));
process.on("message", (request: Request) => {
  if (request.ask === "visit") return void visit(request.address);
  const { user, system } = process.cpuUsage();
  tell({ type: "spent", cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss() });
});
tell({ type: "listens", peerId: host.peerId, addresses: host.addresses() });

async function visit(address: string): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  try {
    const connection = await host.dial(undefined, [address], { signal });
    await connection.openStream(DOOR, signal);
    tell({ type: "visited", isOpen: true });
  } catch {
    tell({ type: "visited", isOpen: false });
  }
}
