/** The wires of `@parley/raft` over links: messages on the prompt connection, snapshots on the bulk one. */
import type { Message, NodeId, SnapshotContents, Transport, TransportReceiver } from "@parley/raft";
import type { Logger } from "pino";
import { PeerError } from "../../../errors.ts";
import type { MeshHost } from "../../host/mesh-host.ts";
import { talkOf } from "../../host/talk.ts";
import type { LinkEvent } from "../../links/link.ts";
import type { Links } from "../../links/links.ts";
import type { BytePipe } from "../../wire/byte-pipe.ts";
import type { RaftDirectory } from "./directory.ts";
import { readMessages } from "./incoming.ts";
import { DEFAULT_RAFT_TRANSPORT_LIMITS, type RaftTransportLimits } from "./limits.ts";
import { Outgoing, RAFT_PROTOCOL } from "./outgoing.ts";
import { SNAPSHOT_PROTOCOL } from "./snapshot-codec.ts";
import { SnapshotReception } from "./snapshot-reception.ts";
import { sendSnapshot } from "./snapshot-sending.ts";

export interface MeshRaftTransportOptions {
  readonly host: MeshHost;
  readonly links: Links;
  readonly directory: RaftDirectory;
  readonly self: NodeId;
  readonly log: Logger;
  readonly limits?: Partial<RaftTransportLimits>;
}

/** The transport of one Raft node on this mesh. One for each life of the node: it is started and closed once. */
export function createRaftTransport(options: MeshRaftTransportOptions): Transport {
  return new MeshRaftTransport(options);
}

class MeshRaftTransport implements Transport {
  readonly #options: MeshRaftTransportOptions;
  readonly #limits: RaftTransportLimits;
  readonly #outgoing = new Map<string, Outgoing>();
  readonly #incoming = new Map<string, BytePipe>();
  readonly #receptions = new Set<SnapshotReception>();
  readonly #sendings = new AbortController();
  #receiver: TransportReceiver | undefined;
  #stopListening: (() => void) | undefined;
  #isClosed = false;

  constructor(options: MeshRaftTransportOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_RAFT_TRANSPORT_LIMITS, ...options.limits };
  }

  async start(receiver: TransportReceiver): Promise<void> {
    if (this.#receiver !== undefined) throw new RangeError("a transport is started once");
    this.#receiver = receiver;
    const { host, links, self } = this.#options;
    this.#stopListening = links.onEvent((event) => this.#heard(event));
    await host.handle(
      RAFT_PROTOCOL,
      (stream, connection) => {
        const { peer } = connection;
        const from = this.#nodeOf(peer);
        const talk = talkOf(connection);
        // A node sends on one stream: an older one must not bring messages after the newer.
        this.#incoming.get(peer)?.destroy();
        const pipe: BytePipe = readMessages(stream, {
          self,
          from,
          maxFrameBytes: this.#limits.maxFrameBytes,
          heard: () => talk.heard(),
          receive: (message) => receiver.receive(message),
          closed: () => this.#incoming.get(peer) === pipe && this.#incoming.delete(peer),
        });
        this.#incoming.set(peer, pipe);
      },
      { openTo: "members" },
    );
    await host.handle(
      SNAPSHOT_PROTOCOL,
      (stream, { peer }) => {
        const closed = (reception: SnapshotReception): void => void this.#receptions.delete(reception);
        const options = { self, from: this.#nodeOf(peer), limits: this.#limits, receiver, closed };
        this.#receptions.add(new SnapshotReception(stream, options));
      },
      { openTo: "members" },
    );
  }

  send(messages: readonly Message[]): void {
    if (this.#isClosed) return;
    for (const [to, theirs] of Map.groupBy(messages, (message) => message.to)) {
      const peer = this.#options.directory.peerOf(to);
      if (peer === undefined) setImmediate(() => this.#unreachable(to));
      else this.#outgoingTo(peer).send(theirs);
    }
  }

  async sendSnapshot(message: Message, contents: SnapshotContents, signal: AbortSignal): Promise<void> {
    const peer = this.#options.directory.peerOf(message.to);
    await sendSnapshot({
      over: peer === undefined ? undefined : this.#options.links.current(peer)?.bulk,
      message,
      contents,
      signal: AbortSignal.any([signal, this.#sendings.signal]),
      stallMs: this.#limits.snapshotStallMs,
    });
  }

  roundTripMs(node: NodeId): number | undefined {
    const peer = this.#options.directory.peerOf(node);
    return peer === undefined ? undefined : this.#options.links.roundTripMs(peer);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening?.();
    this.#sendings.abort();
    for (const outgoing of this.#outgoing.values()) outgoing.close();
    for (const pipe of this.#incoming.values()) pipe.destroy();
    for (const reception of this.#receptions) reception.close();
    if (this.#receiver === undefined) return;
    await this.#options.host.unhandle(RAFT_PROTOCOL);
    await this.#options.host.unhandle(SNAPSHOT_PROTOCOL);
  }

  #outgoingTo(peer: string): Outgoing {
    const known = this.#outgoing.get(peer);
    if (known !== undefined) return known;
    const { links, log, directory } = this.#options;
    const unreachable = (): void => {
      const node = directory.nodeOf(peer);
      if (node !== undefined) this.#unreachable(node);
    };
    const outgoing = new Outgoing({ limits: this.#limits, log, unreachable });
    this.#outgoing.set(peer, outgoing);
    outgoing.use(links.current(peer)?.prompt);
    return outgoing;
  }

  #heard(event: LinkEvent): void {
    const peer = event.type === "refused" ? event.peer : event.link.peer;
    const node = this.#options.directory.nodeOf(peer);
    if (event.type === "up") {
      // Also to one that nothing was sent to yet: the first vote shall not wait for a stream.
      if (node !== undefined && !this.#outgoing.has(peer)) this.#outgoingTo(peer);
      else this.#outgoing.get(peer)?.use(event.link.prompt);
    } else if (event.type === "down") {
      this.#outgoing.get(peer)?.use(undefined);
      if (node !== undefined) setImmediate(() => this.#unreachable(node));
    } else if (node !== undefined && !this.#isClosed) {
      this.#receiver?.gone(node);
    }
  }

  #unreachable(node: NodeId): void {
    if (!this.#isClosed) this.#receiver?.unreachable(node);
  }

  /** @throws PeerError `peer-refused`: a member that is no node of this cluster's log. */
  #nodeOf(peer: string): NodeId {
    const node = this.#options.directory.nodeOf(peer);
    if (node !== undefined && this.#receiver !== undefined && !this.#isClosed) return node;
    throw new PeerError("peer-refused", `${peer} is no Raft node as far as this peer knows`, {
      nextStep: "Wait until this peer has caught up.",
    });
  }
}
