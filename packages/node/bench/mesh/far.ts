/** The other peer of the bench, in a process of its own: actors over links, and beside them a bare socket that does the same. */
import { once } from "node:events";
import { createServer } from "node:net";
import { privateKeyFromProtobuf } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { createActorSystem, createRemoting } from "@parley/actors";
import pino from "pino";
import { serveBare } from "../../../../tools/bench/between/bare.ts";
import { repeated } from "../../../../tools/bench/between/orders.ts";
import { CALM_AFTER_MS, HEARTBEAT_MS } from "../../src/cluster/host/timing.ts";
import { createMeshHost } from "../../src/mesh/host/mesh-host.ts";
import { createLinks } from "../../src/mesh/links/links.ts";
import { createActorTransport } from "../../src/mesh/transports/actors/actor-transport.ts";
import type { FarOptions, FarOrder, FarReport } from "./orders.ts";

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
  const remoting = createRemoting({
    transport: createActorTransport({ host, links }),
    failureDetector: { heartbeatIntervalMs: HEARTBEAT_MS, calmAfterMs: CALM_AFTER_MS },
  });
  const system = createActorSystem({ peer: identity.peerId, remoting: remoting.remoting });
  system.spawn<FarOrder>(
    (context) => (order) => {
      if (order.type === "echo") return void order.replyTo.tell(order.payload);
      return void order.replyTo.tell(context.offerStream(repeated(order)));
    },
    { name: "bench", accepts: (message) => message as FarOrder, mailbox: { capacity: 1_000_000 } },
  );
  await remoting.start();
}

const bare = createServer({ noDelay: true }, serveBare);

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
