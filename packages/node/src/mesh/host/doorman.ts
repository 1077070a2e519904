/**
 * Who may connect at all. Before Noise has told who is there, connections are bounded per host that they come from, so that
 * one host's garbage does not lock out the others; after it strangers are few, and so are revoked peers, who come to hear that
 * they are: neither takes the other's place.
 */
import type { Connection, ConnectionGater, MultiaddrConnection, PeerId } from "@libp2p/interface";
import { plainAddress } from "./addresses.ts";
import { abortSoon } from "./connection.ts";
import { Crowd } from "./crowd.ts";
import type { StandingOf } from "./standing.ts";

/** A link's two, and one to ask at the door. */
const MAX_CONNECTIONS_PER_REVOKED = 3;
/** Of revoked peers: they have one thing to ask. */
const REVOKED_IDLE_MS = 5_000;

/** Bounds of what comes from those who have proven nothing. */
export interface DoorLimits {
  /** Connections from one address of which nobody knows yet whose they are. */
  readonly maxPendingPerHost: number;
  /** The same from all. */
  readonly maxPending: number;
  /** Connections of strangers, beside those that are allowed to wait. */
  readonly maxStrangers: number;
  readonly maxConnectionsPerStranger: number;
  /** Connections of revoked peers, all together. */
  readonly maxRevoked: number;
  /** Strangers that may stay as long as they like: they wait for a person. */
  readonly maxWaiting: number;
  /** A stranger that says nothing at the door for so long is sent away. */
  readonly strangerIdleMs: number;
  /** After so long a stranger's connection makes room for another's where there is none: long enough for any visit. */
  readonly longVisitMs: number;
}

export const DEFAULT_DOOR_LIMITS: DoorLimits = {
  maxPendingPerHost: 32,
  maxPending: 256,
  maxStrangers: 16,
  maxConnectionsPerStranger: 2,
  maxRevoked: 8,
  maxWaiting: 32,
  strangerIdleMs: 30_000,
  longVisitMs: 10_000,
};

export class Doorman {
  readonly gater: ConnectionGater = {
    denyInboundConnection: (wire) => this.#isShut() || this.#deniesPending(wire),
    denyInboundEncryptedConnection: (peer, wire) => this.#deniesInbound(peer, wire),
    denyOutboundEncryptedConnection: (peer) => this.#standingOf(peer.toString()) === "revoked",
    denyDialMultiaddr: () => false,
  };
  readonly #standingOf: StandingOf;
  readonly #limits: DoorLimits;
  readonly #isShut: () => boolean;
  readonly #pending = new Crowd();
  readonly #strangers: Crowd;
  readonly #revoked = new Crowd();
  readonly #waiting = new Set<Connection>();
  readonly #idle = new Map<Connection, NodeJS.Timeout>();

  /** @param how `isShut`: nobody is let in at all, for now */
  constructor(
    standingOf: StandingOf,
    limits: DoorLimits,
    { nowMs, isShut = () => false }: { readonly nowMs?: () => number; readonly isShut?: () => boolean } = {},
  ) {
    this.#standingOf = standingOf;
    this.#limits = limits;
    this.#isShut = isShut;
    this.#strangers = new Crowd(nowMs);
  }

  /** A connection is complete. One that a stranger made is closed when nothing happens at the door. */
  opened(connection: Connection): void {
    if (connection.direction === "outbound" || this.#standingOf(connection.remotePeer.toString()) === "member") return;
    this.heard(connection);
    connection.addEventListener("close", () => this.#forget(connection), { once: true });
  }

  /** A stranger has said something at the door. */
  heard(connection: Connection): void {
    clearTimeout(this.#idle.get(connection));
    this.#idle.delete(connection);
    if (connection.status !== "open" || connection.direction === "outbound" || this.#waiting.has(connection)) return;
    const isRevoked = this.#standingOf(connection.remotePeer.toString()) === "revoked";
    const idleMs = isRevoked ? REVOKED_IDLE_MS : this.#limits.strangerIdleMs;
    const idle = setTimeout(() => abortSoon(connection, "nothing was said at the door"), idleMs);
    idle.unref();
    this.#idle.set(connection, idle);
  }

  /** Lets a stranger stay without a word. False when too many do. */
  letWait(connection: Connection): boolean {
    if (connection.status !== "open" || this.#waiting.size >= this.#limits.maxWaiting) return false;
    this.#waiting.add(connection);
    this.heard(connection);
    return true;
  }

  /** It waits no more: it has to speak again. */
  endWait(connection: Connection): void {
    if (this.#waiting.delete(connection)) this.heard(connection);
  }

  /** `peer` is no stranger any more: its connections are bound by nothing here. */
  admitted(peer: string, connections: readonly Connection[]): void {
    for (const connection of connections) this.#forget(connection);
    this.#strangers.removePeer(peer);
  }

  close(): void {
    for (const idle of this.#idle.values()) clearTimeout(idle);
    this.#idle.clear();
  }

  #forget(connection: Connection): void {
    clearTimeout(this.#idle.get(connection));
    this.#idle.delete(connection);
    this.#waiting.delete(connection);
  }

  /**
   * Who comes takes the place of who has been silent for longest: of its own host where that has too many, else of the host that
   * has most. Turned away, members would wait behind those that have nothing to say.
   */
  #deniesPending(wire: MultiaddrConnection): boolean {
    const { maxPendingPerHost, maxPending } = this.#limits;
    if (this.#pending.besides(wire) >= maxPendingPerHost) this.#pending.dropBeside(wire);
    else if (this.#pending.size >= maxPending) this.#pending.dropOfMost(wire);
    this.#pending.add(wire);
    return false;
  }

  #deniesInbound(peerId: PeerId, wire: MultiaddrConnection): boolean {
    this.#pending.remove(wire);
    const peer = peerId.toString();
    const { maxRevoked } = this.#limits;
    switch (this.#standingOf(peer)) {
      case "member":
        return false;
      case "revoked":
        if (this.#revoked.of(peer) >= MAX_CONNECTIONS_PER_REVOKED || this.#revoked.size >= maxRevoked) return true;
        this.#revoked.add(wire, peer);
        return false;
      case "stranger":
        if (!this.#hasRoomFor(peer, wire)) return true;
        this.#strangers.add(wire, peer);
        return false;
    }
  }

  /**
   * A host that has many stranger's connections gives one up for another host's; where none has, because somebody has many
   * addresses, the oldest goes once it has been there for longer than a visit takes. Those that wait for a person stay.
   */
  #hasRoomFor(peer: string, wire: MultiaddrConnection): boolean {
    const { maxStrangers, maxConnectionsPerStranger, longVisitMs } = this.#limits;
    if (this.#strangers.of(peer) >= maxConnectionsPerStranger) return false;
    if (this.#strangers.size - this.#waiting.size < maxStrangers) return true;
    const spared = new Set([...this.#waiting].map(({ remoteAddr }) => plainAddress(remoteAddr)));
    return (
      this.#strangers.dropOfMost(wire, { over: 2, spared }) ||
      this.#strangers.dropOldest({ longMs: longVisitMs, spared })
    );
  }
}
