/**
 * Messages over a socket: a 4-byte little-endian length, then the value in V8's serialization format (structured clone,
 * so typed arrays cross as they are).
 *
 * This is what `child_process.fork({ serialization: "advanced" })` does as well, but there a damaged message is an
 * uncaught exception in the parent, and a length of 4 GiB makes it collect 4 GiB. Here both end the channel only.
 */
import type { Duplex } from "node:stream";
import { deserialize, serialize } from "node:v8";
import { MAX_MESSAGE_BYTES, ProtocolBreach } from "./protocol.ts";

const HEADER_BYTES = 4;

/** What a channel tells its owner. */
export interface ChannelEvents {
  onMessage(value: unknown): void;
  /** The other side sent what is not a message; nothing more is read. */
  onBreach(breach: ProtocolBreach): void;
  /** The socket ended or failed; called once, after which nothing is sent. */
  onClosed(): void;
}

/** One end of the conversation. */
export interface Channel {
  /**
   * Queues a message. Memory is bounded by the credit of the protocol, not here. After the end it is a no-op: the
   * owner has been told by `onClosed`.
   * @throws DataCloneError when the value cannot be cloned; ProtocolBreach when it is larger than a message may be.
   */
  send(message: unknown): void;
  close(): void;
}

/** Speaks messages over `socket`, which it owns from here on. */
export function openChannel(socket: Duplex, events: ChannelEvents): Channel {
  let closed = false;
  const finish = () => {
    if (closed) return;
    closed = true;
    events.onClosed();
  };
  const splitter = new FrameSplitter((frame) => {
    if (!closed) events.onMessage(deserialize(frame));
  });
  socket.on("data", (chunk: Buffer) => {
    try {
      splitter.push(chunk);
    } catch (cause) {
      socket.pause();
      events.onBreach(cause instanceof ProtocolBreach ? cause : new ProtocolBreach("unreadable message", { cause }));
    }
  });
  socket.on("close", finish);
  socket.on("end", finish);
  // A write into a host that has just died: its end is reported through onClosed and the process's exit.
  socket.on("error", finish);
  return {
    send(message) {
      const body = serialize(message);
      if (body.length > MAX_MESSAGE_BYTES) {
        throw new ProtocolBreach(`a message of ${body.length} bytes is larger than ${MAX_MESSAGE_BYTES}`);
      }
      if (closed || !socket.writable) return;
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      header.writeUInt32LE(body.length);
      socket.cork();
      socket.write(header);
      socket.write(body);
      socket.uncork();
    },
    close() {
      socket.destroy();
      finish();
    },
  };
}

/** Cuts a byte stream into frames. Holds at most one frame in memory. */
class FrameSplitter {
  readonly #onFrame: (frame: Buffer) => void;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #body: Buffer | undefined;
  /** Bytes already in the header or, once that is complete, in the body. */
  #filled = 0;

  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      const target = this.#body ?? this.#header;
      const copied = chunk.copy(target, this.#filled, offset);
      offset += copied;
      this.#filled += copied;
      if (this.#filled < target.length) return;
      this.#filled = 0;
      if (this.#body === undefined) {
        this.#body = this.#newBody();
      } else {
        this.#body = undefined;
        this.#onFrame(target);
      }
    }
  }

  #newBody(): Buffer {
    const length = this.#header.readUInt32LE();
    if (length === 0 || length > MAX_MESSAGE_BYTES) throw new ProtocolBreach(`a message of ${length} bytes`);
    // Not from the pool: typed arrays of the message may alias these bytes and outlive this call.
    return Buffer.allocUnsafeSlow(length);
  }
}
