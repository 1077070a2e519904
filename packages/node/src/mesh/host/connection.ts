/** One connection to another peer: one TCP socket, encrypted, over which both sides open streams. */
import type { Connection, Stream } from "@libp2p/interface";
import { messageOf, PeerError } from "../../errors.ts";
import { plainAddress } from "./addresses.ts";

export interface MeshConnection {
  /** Who the other end has proven to be: its peer id. */
  readonly peer: string;
  /** Who dialled. */
  readonly direction: "inbound" | "outbound";
  /** Where the other end is. Of an inbound one the port is not the one it listens on. */
  readonly remoteAddress: string;
  readonly isOpen: boolean;
  /** @throws PeerError `unreachable` when the other side does not take it or `signal` is aborted. */
  openStream(protocol: string, signal: AbortSignal): Promise<Stream>;
  /** Closes it, with all its streams: it is not open any more when this returns, and in the next turn they hear of it. */
  abort(reason: string): void;
  /** Calls `listener` once, when the connection is closed; soon when it is already. */
  onClose(listener: () => void): void;
}

const faces = new WeakMap<Connection, MeshConnection>();
const insides = new WeakMap<MeshConnection, Connection>();

/** The same face for the same connection, always. */
export function faceOf(connection: Connection): MeshConnection {
  const known = faces.get(connection);
  if (known !== undefined) return known;
  const face = new Face(connection);
  faces.set(connection, face);
  insides.set(face, connection);
  return face;
}

/** libp2p's own connection behind a face. */
export function connectionBehind(face: MeshConnection): Connection | undefined {
  return insides.get(face);
}

/**
 * Closes a connection in the next turn of the event loop. In this one somebody may just have opened a stream: Yamux 8.0.3 then
 * sends its first frame from a microtask of its own, and on a connection that has closed meanwhile that ends the process.
 */
export function abortSoon(connection: Connection, reason: string): void {
  setImmediate(() => connection.abort(new Error(reason)));
}

/** Why a stream was not opened: the other side is there, and says that it does not know the protocol, not to this peer. */
export function isShutOut(error: PeerError | undefined): boolean {
  return error?.details["isShutOut"] === true;
}

class Face implements MeshConnection {
  readonly peer: string;
  readonly direction: "inbound" | "outbound";
  readonly remoteAddress: string;
  readonly #connection: Connection;
  #isAborted = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.peer = connection.remotePeer.toString();
    this.direction = connection.direction;
    this.remoteAddress = plainAddress(connection.remoteAddr);
  }

  get isOpen(): boolean {
    return !this.#isAborted && this.#connection.status === "open";
  }

  async openStream(protocol: string, signal: AbortSignal): Promise<Stream> {
    try {
      // From a turn of its own, and for the same reason as in `abortSoon`.
      await new Promise(setImmediate);
      if (!this.isOpen) throw new Error("the connection is closed");
      const stream = await this.#connection.newStream(protocol, { signal });
      if (!signal.aborted) return stream;
      stream.abort(new Error("nobody waits for it any more"));
      throw signal.reason;
    } catch (cause) {
      throw new PeerError("unreachable", `${this.peer} took no stream for ${protocol}: ${messageOf(cause)}`, {
        nextStep: "Check that both peers run the same version and belong to the same cluster.",
        details: { isShutOut: cause instanceof Error && cause.name === "UnsupportedProtocolError" },
        cause,
      });
    }
  }

  abort(reason: string): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    abortSoon(this.#connection, reason);
  }

  onClose(listener: () => void): void {
    if (this.#connection.status === "open") this.#connection.addEventListener("close", listener, { once: true });
    else queueMicrotask(listener);
  }
}
