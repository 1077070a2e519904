/** libp2p as a mesh host wants it: TCP, Noise, Yamux; no timers and no dials of its own that decide anything. */
import { gossipsub, type GossipSub } from "@libp2p/gossipsub";
import { identify, type Identify } from "@libp2p/identify";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import type { Connection } from "@libp2p/interface";
import { createLibp2p, type Libp2p } from "libp2p";
import { PeerError } from "../../errors.ts";
import type { Identity } from "../identity.ts";
import { addressOf, type HostAndPort } from "./addresses.ts";
import type { Doorman, DoorLimits } from "./doorman.ts";
import { limitFrames } from "./frame-budget.ts";
import { quietNoise } from "./quiet-noise.ts";
import { quietYamux } from "./quiet-yamux.ts";
import { guardAnswers, guardHandlers, guardLists, type Admits, type Inside } from "./guard.ts";
import { holdUpWires } from "./hindrance.ts";
import { guardWires } from "./negotiation-guard.ts";
import { isHere } from "./own-addresses.ts";
import { MAX_GOSSIP_BYTES } from "./topics.ts";

/** Between a connection and the proof of who it is; and for a stream to say what it is for. */
const NEGOTIATION_TIMEOUT_MS = 5_000;
const MAX_CONNECTIONS = 4_096;
/** What a stream's receiver may be sent before it has read; also what a paused stream can have to hold. */
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const MAX_STREAMS_PER_CONNECTION = 256;

export interface Libp2pNodeOptions {
  readonly identity: Identity;
  readonly listen: readonly HostAndPort[];
  readonly doorman: Doorman;
  readonly limits: DoorLimits;
  readonly admits: Admits;
  readonly isMember: (connection: Connection) => boolean;
  readonly topics: readonly string[];
  /** How long what is sent is held up on its way. Default: not at all. */
  readonly holdUpMs?: () => number;
}

export interface Libp2pNode {
  readonly libp2p: Libp2p<{ readonly identify: Identify; readonly gossip: GossipSub }>;
  readonly inside: Inside;
}

/** Starts one. @throws PeerError `port-in-use`, or `config-invalid` when an address cannot be listened on. */
export async function startLibp2p(options: Libp2pNodeOptions): Promise<Libp2pNode> {
  let inside: Inside | undefined;
  const libp2p = await createLibp2p({
    privateKey: options.identity.privateKey,
    start: false,
    addresses: { listen: options.listen.map(addressOf) },
    transports: [tcp()],
    connectionEncrypters: [quietNoise()],
    streamMuxers: [
      quietYamux({
        maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
        maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
        streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES, maxReadBufferLength: 2 * STREAM_WINDOW_BYTES },
      }),
    ],
    connectionGater: options.doorman.gater,
    // Whether a link is dead is decided by the links' own pings; whom to dial again, by their own loop.
    connectionMonitor: { enabled: false },
    connectionManager: {
      reconnectRetries: 0,
      maxConnections: MAX_CONNECTIONS,
      inboundUpgradeTimeout: NEGOTIATION_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      // The doorman bounds both, per host; those that it gives up count here for a moment longer.
      inboundConnectionThreshold: MAX_CONNECTIONS,
      maxIncomingPendingConnections: MAX_CONNECTIONS,
    },
    services: {
      guard: (components: Inside) => {
        inside = components;
        guardHandlers(components, options.admits);
        guardLists(components, options);
        guardAnswers(components, options.isMember);
        guardWires(components.upgrader);
        if (options.holdUpMs !== undefined) holdUpWires(components.upgrader, options.holdUpMs);
        limitFrames(components, options.isMember);
        return {};
      },
      // Run when a link says so: what it finds decides over which connection gossip goes.
      identify: identify({ runOnConnectionOpen: false }),
      ping: ping(),
      gossip: gossipsub({
        fallbackToFloodsub: false,
        allowPublishToZeroTopicPeers: true,
        allowedTopics: [...options.topics],
        maxInboundDataLength: 4 * MAX_GOSSIP_BYTES,
        maxOutboundBufferSize: 64 * MAX_GOSSIP_BYTES,
        doPX: false,
        // What was proven once is known by its signature when it is told again, as most of what comes is: without this the library
        // verifies each copy before it looks whether it knows it. Who alters a message and leaves its signature is not heard.
        fastMsgIdFn: ({ signature }) => Buffer.from(signature ?? []).toString("latin1"),
        // Whoever says something says it to all that it is linked with, and each is linked with each: passing on is for pairs
        // whose link is down just now. With the library's eight neighbours everything was told eight times.
        D: 3,
        Dlo: 2,
        Dhi: 4,
        Dout: 1,
        Dlazy: 3,
        // Nor are a quarter of all told each second what there is to be asked for: three are, however many there are.
        gossipFactor: 0,
        // Members have proven who they are, and many may come from one address: a router's, a relay's. More than ten from one
        // were no longer listened to.
        scoreParams: { IPColocationFactorWeight: 0 },
      }),
    },
  });
  try {
    await libp2p.start();
  } catch (cause) {
    const where = options.listen.map(({ host, port }) => `${host}:${port}`).join(", ");
    for (const { host, port } of options.listen) if (!isHere(host)) throw elsewhere(host, port, cause);
    throw new PeerError("port-in-use", `the mesh cannot listen on ${where}`, {
      nextStep: "Choose another port, or stop the program that uses this one.",
      cause,
    });
  }
  if (inside === undefined) throw new TypeError("libp2p made its services without their components");
  return { libp2p, inside };
}

function elsewhere(host: string, port: number, cause: unknown): PeerError {
  const message = `mesh.host = "${host}" is no address of this machine, so it cannot listen on port ${port} of it`;
  return new PeerError("config-invalid", message, {
    nextStep:
      "Give an address of this machine as mesh.host (--mesh-host), or 0.0.0.0 for all, and start the peer again.",
    cause,
  });
}
