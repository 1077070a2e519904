/** This process and the other one: peers with a link between them, and a bare socket beside it. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { generateKeyPair, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import {
  createActorSystem,
  createRemoting,
  type ActorRef,
  type ActorSystem,
  type RemotingHandle,
} from "@parley/actors";
import pino from "pino";
import { CALM_AFTER_MS, HEARTBEAT_MS } from "../../src/cluster/host/timing.ts";
import { createMeshHost, type MeshHost } from "../../src/mesh/host/mesh-host.ts";
import type { Identity } from "../../src/mesh/identity.ts";
import { createLinks, type Links } from "../../src/mesh/links/links.ts";
import { createActorTransport } from "../../src/mesh/transports/actors/actor-transport.ts";
import type { FarOptions, FarOrder, FarReport } from "./orders.ts";

const PROGRAM = fileURLToPath(new URL("far.ts", import.meta.url));
const log = pino({ level: "silent" });

export async function newIdentity(): Promise<Identity> {
  const privateKey = await generateKeyPair("Ed25519");
  return { privateKey, peerId: peerIdFromPrivateKey(privateKey).toString() };
}

/** A peer in this process, without actors. */
export async function startNear(): Promise<{ readonly host: MeshHost; readonly links: Links }> {
  const listen = [{ host: "127.0.0.1", port: 0 }];
  const host = await createMeshHost({ identity: await newIdentity(), listen, standingOf: () => "member", log });
  return { host, links: await createLinks({ host, log }) };
}

export class Pair {
  readonly links: Links;
  readonly far: ActorRef<FarOrder>;
  readonly farId: string;
  readonly process: ChildProcess;
  readonly #host: MeshHost;
  readonly #system: ActorSystem;
  readonly #remoting: RemotingHandle;
  readonly #barePort: number;

  private constructor(
    near: { readonly host: MeshHost; readonly links: Links },
    system: ActorSystem,
    remoting: RemotingHandle,
    child: { readonly process: ChildProcess; readonly id: string; readonly barePort: number },
  ) {
    this.#host = near.host;
    this.links = near.links;
    this.#system = system;
    this.#remoting = remoting;
    this.process = child.process;
    this.farId = child.id;
    this.far = system.resolve<FarOrder>(`parley://${child.id}/bench`);
    this.#barePort = child.barePort;
  }

  static async start({ hasActors = true } = {}): Promise<Pair> {
    const near = await startNear();
    const remoting = createRemoting({
      transport: createActorTransport(near),
      failureDetector: { heartbeatIntervalMs: HEARTBEAT_MS, calmAfterMs: CALM_AFTER_MS },
    });
    const system = createActorSystem({ peer: near.host.peerId, remoting: remoting.remoting });
    await remoting.start();
    const identity = await newIdentity();
    const key = Buffer.from(privateKeyToProtobuf(identity.privateKey)).toString("base64");
    const options: FarOptions = { key, hasActors, peers: {} };
    const child = fork(PROGRAM, [JSON.stringify(options)], {
      execArgv: ["--conditions=parley-source"],
      // Standard output is the report's.
      stdio: ["ignore", 2, 2, "ipc"],
    });
    const [{ addresses, barePort }] = (await once(child, "message")) as [FarReport];
    near.links.add(identity.peerId, addresses);
    await near.links.whenUp(identity.peerId, AbortSignal.timeout(30_000));
    return new Pair(near, system, remoting, { process: child, id: identity.peerId, barePort });
  }

  async report(): Promise<FarReport> {
    const answer = once(this.process, "message");
    this.process.send("report");
    const [said] = (await answer) as [FarReport];
    return said;
  }

  async bareSocket(): Promise<Socket> {
    const socket = connect({ port: this.#barePort, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return socket;
  }

  async close(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, "exit");
      this.process.kill("SIGKILL");
      await exited;
    }
    await this.#system.stop();
    await this.#remoting.close();
    await this.links.close();
    await this.#host.close();
  }
}
