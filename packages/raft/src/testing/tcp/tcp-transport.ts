/** Messages and snapshots over plain TCP, for tests on one machine: no encryption, and names are believed. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Message, NodeId } from "../../core/types.ts";
import type { Transport, TransportReceiver } from "../../driver/transport.ts";
import { invariant, RaftError } from "../../errors.ts";
import type { SnapshotContents } from "../../storage/log-store.ts";
import type { Hello } from "./control.ts";
import { Incoming, type Host } from "./incoming.ts";
import { DEFAULT_TCP_LIMITS, type TcpLimits } from "./limits.ts";
import { Link, type LinkFaults } from "./link.ts";
import { Outgoing, type PeerAddress, type Way } from "./outgoing.ts";
import { letGo, SnapshotSending } from "./snapshot-sending.ts";

/** All connections to a node; more are not accepted. */
const MAX_CONNECTIONS = 1024;

export interface TcpTransportOptions {
  /** Only nodes that name the same cluster are listened to. Up to 255 bytes. */
  readonly cluster: string;
  readonly id: NodeId;
  readonly limits?: Partial<TcpLimits>;
}

interface Peer {
  readonly way: Way;
  outgoing: Outgoing | undefined;
}

/**
 * Every node dials every peer, and sends on the connections it dialled. Faults of links are set at each end: a full cut
 * seen by both needs `both` on both.
 */
export class TcpTransport implements Transport {
  readonly id: NodeId;
  readonly #cluster: string;
  readonly #limits: TcpLimits;
  readonly #server: Server;
  readonly #peers = new Map<NodeId, Peer>();
  readonly #links = new Map<NodeId, Link>();
  readonly #incoming = new Set<Incoming>();
  readonly #callers = new Map<NodeId, Incoming>();
  readonly #sendings = new Set<SnapshotSending>();
  /** Accepted before there was anyone to receive. */
  readonly #early = new Set<Socket>();
  #listening: Promise<number> | undefined;
  #receiver: TransportReceiver | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: TcpTransportOptions) {
    this.id = options.id;
    this.#cluster = options.cluster;
    this.#limits = { ...DEFAULT_TCP_LIMITS, ...options.limits };
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Listens, by default on a free port of 127.0.0.1; the port. Once; `start` does it if nobody did. */
  listen(address: Partial<PeerAddress> = {}): Promise<number> {
    invariant(this.#closed === undefined, "a closed transport does not listen again");
    this.#listening ??= listenOn(this.#server, address);
    return this.#listening;
  }

  /** Where `peer` is, from now on; messages are sent to it there, and nowhere without. */
  setPeer(peer: NodeId, address: PeerAddress): void {
    invariant(peer !== this.id, "a node is not its own peer");
    const known = this.#peers.get(peer)?.way.address;
    if (known?.host === address.host && known.port === address.port) return;
    this.removePeer(peer);
    const way: Way = {
      cluster: this.#cluster,
      self: this.id,
      peer,
      address,
      link: this.#link(peer),
      limits: this.#limits,
    };
    const added: Peer = { way, outgoing: undefined };
    this.#peers.set(peer, added);
    this.#reach(added);
  }

  /** Closes the connection to it, and drops what waits. What `peer` sends is received as before. */
  removePeer(peer: NodeId): void {
    this.#peers.get(peer)?.outgoing?.close();
    this.#peers.delete(peer);
  }

  /** What is wrong with the link to `peer` from now on; `{}`: nothing. Whether or not the peer is known. */
  setLink(peer: NodeId, faults: LinkFaults): void {
    this.#link(peer).set(faults);
  }

  async start(receiver: TransportReceiver): Promise<void> {
    invariant(this.#receiver === undefined, "a transport is started once");
    await this.listen();
    if (this.#closed !== undefined) throw new RaftError("closed", "the transport was closed while it started");
    this.#receiver = receiver;
    for (const peer of this.#peers.values()) this.#reach(peer);
    for (const socket of this.#early) this.#accept(socket);
    this.#early.clear();
  }

  send(messages: readonly Message[]): void {
    if (this.#closed !== undefined) return;
    const [first] = messages;
    if (first === undefined) return;
    if (messages.every((message) => message.to === first.to)) {
      this.#sendTo(first.to, messages);
      return;
    }
    for (const [to, theirs] of Map.groupBy(messages, (message) => message.to)) this.#sendTo(to, theirs);
  }

  async sendSnapshot(message: Message, contents: SnapshotContents, signal: AbortSignal): Promise<void> {
    const peer = this.#peers.get(message.to);
    if (peer === undefined || this.#closed !== undefined) {
      await letGo(contents);
      throw new RaftError("unreachable", `there is no way to node ${message.to}`);
    }
    const sending = new SnapshotSending(peer.way, message, contents, signal);
    this.#sendings.add(sending);
    try {
      await sending.outcome;
    } finally {
      this.#sendings.delete(sending);
    }
  }

  roundTripMs(peer: NodeId): number | undefined {
    return this.#peers.get(peer)?.outgoing?.roundTripMs;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const stopped = this.#stopListening();
    for (const { outgoing } of this.#peers.values()) outgoing?.close();
    for (const sending of this.#sendings) sending.fail("the transport was closed");
    for (const connection of this.#incoming) connection.close();
    for (const socket of this.#early) socket.destroy();
    for (const link of this.#links.values()) link.close();
    await stopped;
  }

  /** At once, so that peers who dial again because their connection closed are refused. */
  async #stopListening(): Promise<void> {
    const isListening = await this.#listening?.then(
      () => true,
      // Whoever asked to listen was told that it failed.
      () => false,
    );
    if (isListening !== true) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.close((error) => (error === undefined ? resolve() : reject(error)));
    await promise;
  }

  #sendTo(to: NodeId, messages: readonly Message[]): void {
    const outgoing = this.#peers.get(to)?.outgoing;
    if (outgoing !== undefined) outgoing.send(messages);
    else setImmediate(() => this.#unknown(to));
  }

  #unknown(to: NodeId): void {
    if (this.#closed === undefined) this.#receiver?.unreachable(to);
  }

  #link(peer: NodeId): Link {
    const known = this.#links.get(peer);
    if (known !== undefined) return known;
    const link = new Link();
    this.#links.set(peer, link);
    return link;
  }

  #reach(peer: Peer): void {
    const receiver = this.#receiver;
    if (receiver === undefined || this.#closed !== undefined) return;
    const id = peer.way.peer;
    peer.outgoing = new Outgoing(peer.way, {
      unreachable: () => receiver.unreachable(id),
      gone: () => receiver.gone(id),
    });
  }

  #accept(socket: Socket): void {
    const receiver = this.#receiver;
    if (this.#closed !== undefined || socket.destroyed) {
      socket.destroy();
      return;
    }
    if (receiver === undefined) {
      this.#early.add(socket);
      socket.once("error", () => this.#early.delete(socket));
      return;
    }
    const host: Host = {
      cluster: this.#cluster,
      self: this.id,
      limits: this.#limits,
      receiver,
      link: (peer) => this.#link(peer),
      met: (connection, hello) => this.#met(connection, hello),
      closed: (connection, peer) => {
        this.#incoming.delete(connection);
        if (peer !== undefined && this.#callers.get(peer) === connection) this.#callers.delete(peer);
      },
    };
    this.#incoming.add(new Incoming(socket, host));
    socket.resume();
  }

  #met(connection: Incoming, { from, purpose }: Hello): void {
    if (purpose === "snapshot") return;
    // A node sends on one connection: an older one must not bring messages after the newer.
    const before = this.#callers.get(from);
    this.#callers.set(from, connection);
    before?.close();
    this.#peers.get(from)?.outgoing?.nudge();
  }
}

async function listenOn(server: Server, { host = "127.0.0.1", port = 0 }: Partial<PeerAddress>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host, port }, resolve);
  await promise;
  server.off("error", reject);
  const address: AddressInfo | string | null = server.address();
  invariant(address !== null && typeof address === "object", "a server that listens on TCP has a port");
  return address.port;
}
