/** One peer on the network: a small face over libp2p. It connects, proves who is who, and lets in what may come in. */
import { peerIdFromString } from "@libp2p/peer-id";
import type { Connection, Stream, StreamHandler } from "@libp2p/interface";
import type { Logger } from "pino";
import { errorOf, messageOf, PeerError } from "../../errors.ts";
import type { Identity } from "../identity.ts";
import { dialable, plainAddress, type HostAndPort } from "./addresses.ts";
import { connectionBehind, faceOf, type MeshConnection } from "./connection.ts";
import { dialAny } from "./dial-any.ts";
import { startDiscovery, type DiscoveryOptions } from "./discovery.ts";
import { DEFAULT_DOOR_LIMITS, Doorman, type DoorLimits } from "./doorman.ts";
import { UNHINDERED, type Hindrance } from "./hindrance.ts";
import { startLibp2p, type Libp2pNode } from "./libp2p-node.ts";
import type { StandingOf } from "./standing.ts";
import { topicsOver, type Topics } from "./topics.ts";

export interface MeshHostOptions {
  readonly identity: Identity;
  /** Port 0: any that is free. */
  readonly listen: readonly HostAndPort[];
  /** Asked at every connection and every stream that comes in. */
  readonly standingOf: StandingOf;
  readonly log: Logger;
  /** Topics of gossip; others are not listened to. Default none. */
  readonly topics?: readonly string[];
  /** Default: no mDNS. */
  readonly discovery?: DiscoveryOptions;
  readonly limits?: Partial<DoorLimits>;
}

/** A stream has come in. Errors reset it. */
export type MeshStreamHandler = (stream: Stream, connection: MeshConnection) => void | Promise<void>;

export interface HandleOptions {
  /** What is open to strangers is open to revoked peers too: the door tells them that they are. */
  readonly openTo: "members" | "strangers";
  /** Of one connection. Default 4; strangers have one. */
  readonly maxInboundStreams?: number;
}

export interface DialOptions {
  /** Makes another connection though there is one. Default false. */
  readonly force?: boolean;
  readonly signal: AbortSignal;
}

export interface MeshHost {
  readonly peerId: string;
  /** Where it can be reached now: each interface's address, without the peer id. */
  addresses(): readonly string[];
  /**
   * Connects. Without `peer`, to whoever is there.
   * @throws PeerError `unreachable`: nobody at any of the addresses, somebody else, or `signal` aborted.
   */
  dial(peer: string | undefined, addresses: readonly string[], options: DialOptions): Promise<MeshConnection>;
  handle(protocol: string, handler: MeshStreamHandler, options: HandleOptions): Promise<void>;
  unhandle(protocol: string): Promise<void>;
  connectionsOf(peer: string): readonly MeshConnection[];
  /** The answer of `standingOf` for this peer is another: closes what it may no longer have, at once. */
  standingChanged(peer: string): void;
  /** Hears of every new connection, either way. The result ends that. */
  onConnection(listener: (connection: MeshConnection) => void): () => void;
  /** Lets a stranger's connection stay without a word, for a person to decide. False when too many wait. */
  letWait(connection: MeshConnection): boolean;
  endWait(connection: MeshConnection): void;
  /** From now on gossip with that peer goes over this connection. @throws PeerError `unreachable`. */
  gossipOver(connection: MeshConnection, signal: AbortSignal): Promise<void>;
  readonly topics: Topics;
  /** From now on its network is as bad as that, until it is told otherwise. Absent where that cannot be done. */
  hinder?(hindrance: Hindrance): void;
  /** Protocols that have a handler; for diagnosis and tests. */
  protocols(): readonly string[];
  /** Listens no more, then closes everything. May be called twice. */
  close(): Promise<void>;
}

/** Starts a host. @throws PeerError `port-in-use`. */
export async function createMeshHost(options: MeshHostOptions): Promise<MeshHost> {
  const limits = { ...DEFAULT_DOOR_LIMITS, ...options.limits };
  let hindrance = UNHINDERED;
  const doorman = new Doorman(options.standingOf, limits, { isShut: () => hindrance.isCut });
  const openToStrangers = new Set<string>();
  const isMember = ({ remotePeer }: Connection): boolean => options.standingOf(remotePeer.toString()) === "member";
  const admits = (protocol: string, connection: Connection): boolean =>
    openToStrangers.has(protocol) || isMember(connection);
  const holdUpMs = (): number => hindrance.holdUpMs;
  const topics = options.topics ?? [];
  const node = await startLibp2p({ ...options, limits, doorman, admits, isMember, holdUpMs, topics });
  const host = new Host(node, options, doorman, openToStrangers, {
    now: () => hindrance,
    become: (other) => (hindrance = other),
  });
  if (options.discovery !== undefined) await host.discover(options.discovery);
  return host;
}

/** How its network is. */
interface Weather {
  now(): Hindrance;
  become(other: Hindrance): void;
}

class Host implements MeshHost {
  readonly peerId: string;
  readonly topics: Topics & { close(): void };
  readonly #node: Libp2pNode;
  readonly #options: MeshHostOptions;
  readonly #doorman: Doorman;
  readonly #openToStrangers: Set<string>;
  readonly #listeners = new Set<(connection: MeshConnection) => void>();
  readonly #weather: Weather;
  #discovery: { close(): Promise<void> } | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    node: Libp2pNode,
    options: MeshHostOptions,
    doorman: Doorman,
    openToStrangers: Set<string>,
    weather: Weather,
  ) {
    this.#weather = weather;
    this.peerId = options.identity.peerId;
    this.#node = node;
    this.#options = options;
    this.#doorman = doorman;
    this.#openToStrangers = openToStrangers;
    this.topics = topicsOver(node.libp2p.services.gossip, options.standingOf);
    node.libp2p.addEventListener("connection:open", ({ detail }) => this.#opened(detail));
  }

  async discover(options: DiscoveryOptions): Promise<void> {
    this.#discovery = await startDiscovery(this.#node.inside, options);
  }

  addresses(): readonly string[] {
    return [...new Set(this.#node.inside.addressManager.getAddresses().map(plainAddress))];
  }

  async dial(peer: string | undefined, addresses: readonly string[], options: DialOptions): Promise<MeshConnection> {
    const [known] = peer === undefined || options.force === true ? [] : this.connectionsOf(peer);
    if (known !== undefined) return known;
    if (peer !== undefined && this.#options.standingOf(peer) === "revoked") throw revoked(peer);
    if (this.#weather.now().isCut) throw cutOff();
    // Not by libp2p's own `dial`: that tries addresses one after the other, and makes two dials of one peer into one.
    const connection = await dialAny({
      addresses,
      attempt: (address, signal) => this.#node.inside.transportManager.dial(dialable(address, peer), { signal }),
      discard: (late) => faceOf(late).abort("another address was faster"),
      signal: options.signal,
    });
    return faceOf(connection);
  }

  async handle(protocol: string, handler: MeshStreamHandler, options: HandleOptions): Promise<void> {
    const isOpen = options.openTo === "strangers";
    if (isOpen) this.#openToStrangers.add(protocol);
    const maxInboundStreams = options.maxInboundStreams ?? (isOpen ? 1 : 4);
    await this.#node.libp2p.handle(protocol, this.#handling(handler, isOpen), { maxInboundStreams });
  }

  async unhandle(protocol: string): Promise<void> {
    await this.#node.libp2p.unhandle(protocol);
    this.#openToStrangers.delete(protocol);
  }

  connectionsOf(peer: string): readonly MeshConnection[] {
    return this.#connectionsOf(peer)
      .map(faceOf)
      .filter(({ isOpen }) => isOpen);
  }

  standingChanged(peer: string): void {
    const connections = this.#connectionsOf(peer);
    const standing = this.#options.standingOf(peer);
    if (standing === "member") {
      this.#doorman.admitted(peer, connections);
      return;
    }
    for (const connection of connections) faceOf(connection).abort(`${peer} is ${standing} now`);
  }

  onConnection(listener: (connection: MeshConnection) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  letWait(connection: MeshConnection): boolean {
    const inner = connectionBehind(connection);
    return inner !== undefined && this.#doorman.letWait(inner);
  }

  endWait(connection: MeshConnection): void {
    const inner = connectionBehind(connection);
    if (inner !== undefined) this.#doorman.endWait(inner);
  }

  async gossipOver(connection: MeshConnection, signal: AbortSignal): Promise<void> {
    const inner = connectionBehind(connection);
    if (inner === undefined) throw new RangeError("a connection of another host");
    try {
      await new Promise(setImmediate);
      await this.#node.libp2p.services.identify.identify(inner, { signal });
    } catch (cause) {
      throw new PeerError("unreachable", `${connection.peer} did not say what it speaks: ${messageOf(cause)}`, {
        nextStep: "Wait: it is asked again with the next connection.",
        cause,
      });
    }
  }

  hinder(hindrance: Hindrance): void {
    this.#weather.become(hindrance);
    if (!hindrance.isCut) return;
    for (const connection of this.#node.libp2p.getConnections())
      faceOf(connection).abort("this peer is cut off on purpose");
  }

  protocols(): readonly string[] {
    return this.#node.libp2p.getProtocols();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.topics.close();
    this.#doorman.close();
    await this.#discovery?.close();
    // First of all nobody is taken in any more, so that peers whose connections close now find nobody listening.
    await Promise.all(this.#node.inside.transportManager.getListeners().map((listener) => listener.close()));
    for (const connection of this.#node.libp2p.getConnections()) faceOf(connection).abort("this peer stops");
    await new Promise(setImmediate);
    await this.#node.libp2p.stop();
  }

  #handling(handler: MeshStreamHandler, isOpen: boolean): StreamHandler {
    return async (stream, connection) => {
      if (isOpen) {
        this.#doorman.heard(connection);
        stream.addEventListener("message", () => this.#doorman.heard(connection));
      }
      try {
        await handler(stream, faceOf(connection));
      } catch (error) {
        this.#options.log.debug({ err: error, remote: connection.remotePeer.toString() }, "a stream was reset");
        stream.abort(errorOf(error));
      }
    };
  }

  #opened(connection: Connection): void {
    this.#doorman.opened(connection);
    connection.addEventListener("close", () => this.#forgetStranger(connection), { once: true });
    for (const listener of this.#listeners) listener(faceOf(connection));
  }

  /** Nothing is kept of strangers: there may be any number of them. */
  #forgetStranger(connection: Connection): void {
    if (this.#options.standingOf(connection.remotePeer.toString()) === "member" || this.#closed !== undefined) return;
    this.#node.inside.peerStore.delete(connection.remotePeer).catch((error: unknown) => {
      this.#options.log.debug({ err: error }, "a stranger's record could not be removed");
    });
  }

  #connectionsOf(peer: string): readonly Connection[] {
    return this.#node.libp2p.getConnections(peerIdFromString(peer)).filter(({ status }) => status === "open");
  }
}

function cutOff(): PeerError {
  return new PeerError("unreachable", "this peer is cut off from all others on purpose (parley chaos)", {
    nextStep: "Wait: that ends by itself within half a minute.",
  });
}

function revoked(peer: string): PeerError {
  return new PeerError("unreachable", `${peer} was revoked`, { nextStep: "Pair it anew if it shall belong again." });
}
