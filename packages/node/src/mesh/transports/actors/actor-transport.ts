/**
 * Frames of actors over links: the control lane on the prompt connection, so that heartbeats do not queue behind messages;
 * messages and streams on the bulk one, each in a libp2p stream with a window of its own.
 */
import { randomBytes } from "node:crypto";
import type { Stream } from "@libp2p/interface";
import {
  ActorError,
  LANES,
  type AcceptConnection,
  type ActorTransport,
  type ConnectionReceiver,
  type Lane,
  type TransportConnection,
} from "@parley/actors";
import { messageOf, PeerError } from "../../../errors.ts";
import type { MeshConnection } from "../../host/connection.ts";
import type { MeshHost } from "../../host/mesh-host.ts";
import { talkOf, type Talk } from "../../host/talk.ts";
import type { Link } from "../../links/link.ts";
import type { Links } from "../../links/links.ts";
import { LaneConnection, type Lanes } from "./lane-connection.ts";
import { CONNECTION_ID_BYTES, decodeLaneHeader, encodeLaneHeader, LaneStream } from "./lane-stream.ts";

export const ACTORS_PROTOCOL = "/parley/actors/1";
/** A peer that is about to have a link is waited for so long; its sender's own deadline may be shorter. */
const LINK_TIMEOUT_MS = 2_000;
/** Lanes of one connection must come within this time. */
const GATHER_TIMEOUT_MS = 2_000;
/** Connections of which not all lanes have come yet. */
const MAX_GATHERING = 256;
const MAX_STREAMS_PER_CONNECTION = 48;

export interface MeshActorTransportOptions {
  readonly host: MeshHost;
  readonly links: Links;
  /** Default 16 MiB. */
  readonly maxFrameBytes?: number;
}

/** The transport of `@parley/actors` on this mesh. Hosts are named by their peer ids. */
export function createActorTransport(options: MeshActorTransportOptions): ActorTransport {
  return new MeshActorTransport(options);
}

interface Gathering {
  readonly lanes: Map<Lane, LaneStream>;
  readonly deadline: NodeJS.Timeout;
  /** Where the control lane has come. */
  talk?: Talk;
}

class MeshActorTransport implements ActorTransport {
  readonly maxFrameBytes: number;
  readonly #options: MeshActorTransportOptions;
  readonly #connections = new Set<LaneConnection>();
  readonly #gathering = new Map<string, Gathering>();
  #accept: AcceptConnection | undefined;
  #isClosed = false;

  constructor(options: MeshActorTransportOptions) {
    this.#options = options;
    this.maxFrameBytes = options.maxFrameBytes ?? 16 * 1024 * 1024;
  }

  async listen(accept: AcceptConnection): Promise<void> {
    this.#accept = accept;
    await this.#options.host.handle(ACTORS_PROTOCOL, (stream, connection) => this.#greet(stream, connection), {
      openTo: "members",
      maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
    });
  }

  async connect(peer: string, receiver: ConnectionReceiver, signal: AbortSignal): Promise<TransportConnection> {
    if (signal.aborted) throw cancelled(peer);
    if (this.#isClosed) throw new ActorError("peer-gone", "this transport is closed");
    const waiting = AbortSignal.any([signal, AbortSignal.timeout(LINK_TIMEOUT_MS)]);
    try {
      const link = await this.#options.links.whenUp(peer, waiting);
      return this.#join(peer, await this.#openLanes(link, waiting), talkOf(link.prompt), () => receiver);
    } catch (cause) {
      if (signal.aborted) throw cancelled(peer);
      throw new ActorError("peer-gone", `${peer} cannot be reached: ${messageOf(cause)}`, { cause });
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#accept !== undefined) await this.#options.host.unhandle(ACTORS_PROTOCOL);
    for (const id of this.#gathering.keys()) this.#scatter(id);
    for (const connection of this.#connections) connection.destroy();
  }

  async #openLanes(link: Link, signal: AbortSignal): Promise<Lanes> {
    const connection = randomBytes(CONNECTION_ID_BYTES).toString("hex");
    const open = async (lane: Lane, over: MeshConnection): Promise<LaneStream> => {
      const stream = new LaneStream(await over.openStream(ACTORS_PROTOCOL, signal), this.maxFrameBytes);
      stream.frames.send(encodeLaneHeader({ lane, connection }));
      return stream;
    };
    const opening = [open("control", link.prompt), open("message", link.bulk), open("bulk", link.bulk)];
    const opened = await Promise.allSettled(opening);
    const [control, message, bulk] = opened.map((lane) => (lane.status === "fulfilled" ? lane.value : undefined));
    if (control === undefined || message === undefined || bulk === undefined || signal.aborted || this.#isClosed) {
      for (const lane of [control, message, bulk]) lane?.frames.destroy();
      const failed = opened.find((lane) => lane.status === "rejected");
      throw failed?.reason ?? new Error("it was given up");
    }
    return { control, message, bulk };
  }

  /** A stream has come in. */
  #greet(stream: Stream, over: MeshConnection): void {
    const { peer } = over;
    if (this.#isClosed) throw new ActorError("peer-gone", "this transport is closed");
    const deadline = setTimeout(() => lane.frames.destroy(), GATHER_TIMEOUT_MS);
    const lane = new LaneStream(stream, this.maxFrameBytes, (frame) => {
      clearTimeout(deadline);
      const header = decodeLaneHeader(frame);
      this.#gather(`${peer} ${header.connection}`, over, header.lane, lane);
    });
    lane.onEarlyEnd = () => clearTimeout(deadline);
  }

  #gather(id: string, over: MeshConnection, name: Lane, lane: LaneStream): void {
    const scatter = (): void => this.#scatter(id);
    const known = this.#gathering.get(id);
    const gathering: Gathering = known ?? { lanes: new Map(), deadline: setTimeout(scatter, GATHER_TIMEOUT_MS) };
    if (name === "control") gathering.talk = talkOf(over);
    this.#gathering.set(id, gathering);
    if (gathering.lanes.has(name) || this.#gathering.size > MAX_GATHERING) {
      scatter();
      throw new PeerError("bad-frame", "lanes of actors that do not make a connection", {
        nextStep: "Check that both peers run the same version.",
      });
    }
    gathering.lanes.set(name, lane);
    lane.onEarlyEnd = scatter;
    const [control, message, bulk] = LANES.map((each) => gathering.lanes.get(each));
    const { talk } = gathering;
    if (control === undefined || message === undefined || bulk === undefined || talk === undefined) return;
    if (this.#accept === undefined) return;
    clearTimeout(gathering.deadline);
    this.#gathering.delete(id);
    this.#join(over.peer, { control, message, bulk }, talk, this.#accept);
  }

  #scatter(id: string): void {
    const gathering = this.#gathering.get(id);
    if (gathering === undefined) return;
    this.#gathering.delete(id);
    clearTimeout(gathering.deadline);
    for (const lane of gathering.lanes.values()) lane.frames.destroy();
  }

  #join(peer: string, lanes: Lanes, talk: Talk, receiverOf: AcceptConnection): LaneConnection {
    const connection = new LaneConnection(peer, lanes, talk, (closed) => this.#connections.delete(closed));
    this.#connections.add(connection);
    connection.listen(receiverOf(connection));
    return connection;
  }
}

function cancelled(peer: string): ActorError {
  return new ActorError("cancelled", `connecting to ${peer} was cancelled`);
}
