/** One of the two connections of a link, and the stream on it that says so and keeps watch over it. */
import type { Stream } from "@libp2p/interface";
import { PeerError } from "../../errors.ts";
import type { MeshConnection } from "../host/connection.ts";
import { FrameStream } from "../wire/frame-stream.ts";
import {
  decodeLinkFrame,
  encodeEcho,
  encodeGreeting,
  MAX_LINK_FRAME_BYTES,
  type Greeting,
  type LinkKind,
} from "./greeting.ts";

/** Smoothed as TCP does it (RFC 6298): an eighth of each new one. */
const GAIN = 1 / 8;

export interface WireEvents {
  /** A frame of the handshake. What it throws closes the connection. */
  greeted(wire: LinkWire, greeting: Greeting): void;
  /** Once: the connection is closed, with what was told to `abort` or with what became of the stream. */
  closed(wire: LinkWire, error: PeerError): void;
}

export class LinkWire {
  readonly connection: MeshConnection;
  kind: LinkKind | undefined;
  /** By `performance.now()`. */
  heardMs = performance.now();
  #roundTripMs: number | undefined;
  readonly #stream: FrameStream;
  /** Whose it is: of an attempt at first, then of its link. */
  events: WireEvents;
  #sequence = 0;
  #pingedMs: number | undefined;
  #error: PeerError | undefined;

  constructor(connection: MeshConnection, stream: Stream, events: WireEvents, kind?: LinkKind) {
    this.connection = connection;
    this.kind = kind;
    this.events = events;
    this.#stream = new FrameStream(stream, MAX_LINK_FRAME_BYTES, {
      heard: () => (this.heardMs = performance.now()),
      frame: (frame) => this.#take(frame),
      closed: (error) => this.#closed(error),
    });
  }

  /** Smoothed; undefined while there was none. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  greet(greeting: Greeting): void {
    this.#stream.send(encodeGreeting(greeting));
  }

  /** The dialler's part: one at a time. The answerer learns the round trip from it, too. */
  ping(): void {
    if (this.#pingedMs !== undefined) return;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#pingedMs = performance.now();
    this.#stream.send(encodeEcho({ type: "ping", sequence: this.#sequence, roundTripMs: this.#roundTripMs ?? NaN }));
  }

  /** Closes the connection, and all that goes over it. */
  abort(error: PeerError): void {
    this.#error ??= error;
    this.connection.abort(error.message);
  }

  /** Ends only the handshake's stream, after what was said on it has left; then the other side closes the connection. */
  end(): void {
    this.#stream.end();
  }

  #take(frame: Uint8Array): void {
    const said = decodeLinkFrame(frame);
    if ("say" in said) {
      this.events.greeted(this, said);
    } else if (said.type === "ping") {
      if (said.roundTripMs >= 0) this.#roundTripMs = said.roundTripMs;
      this.#stream.send(encodeEcho({ type: "pong", sequence: said.sequence, roundTripMs: NaN }));
    } else if (said.sequence === this.#sequence && this.#pingedMs !== undefined) {
      const sampleMs = performance.now() - this.#pingedMs;
      this.#pingedMs = undefined;
      this.#roundTripMs =
        this.#roundTripMs === undefined ? sampleMs : this.#roundTripMs + GAIN * (sampleMs - this.#roundTripMs);
    }
  }

  #closed(error: PeerError | undefined): void {
    // Without its stream a connection is of no use to a link.
    this.connection.abort("its link ended");
    const ended =
      error ?? new PeerError("unreachable", "the other side ended the link", { nextStep: "Wait: it is made anew." });
    this.events.closed(this, this.#error ?? ended);
  }
}
