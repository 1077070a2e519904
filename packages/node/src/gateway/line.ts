/** A client's socket as everything above sees it: messages in its dialect, frames, signs of life. */
import type { ClientSocket, SocketData } from "./client-socket.ts";
import type { Message } from "@parley/sdk";
import type { Dialect } from "./dialect/dialect.ts";
import type { ClientLine } from "./hub/receiver.ts";
import { Outbox } from "./outbox.ts";

/** Between two looks whether the client is still there. */
const LOOK_MS = 30_000;
/** Whether one that is not read from is still there. */
const LOOK_AGAIN_MS = 1_000;
/** A client that answers no look for so long is gone. */
const GONE_AFTER_MS = 90_000;

/** Between two signs of life to a client that is not read from, whose own heartbeats nobody can see. */
const SIGN_MS = 250;
/** With so much unsent there are signs enough on their way. */
const UNSENT_BYTES = 65_536;

export class SocketLine implements ClientLine {
  readonly #socket: ClientSocket;
  readonly #dialect: Dialect;
  readonly #outbox: Outbox;
  readonly #looking: NodeJS.Timeout;
  #heardAtMs = performance.now();
  acknowledges = false;
  maxBytes: number | undefined;
  /** A sign of life, for a client that understands one unasked. */
  signOfLife: (() => Message) | undefined;
  /** Reasons to read nothing more for now. */
  #holds = 0;
  #restsUntilMs: number | undefined;
  #signs: NodeJS.Timeout | undefined;

  constructor(socket: ClientSocket, dialect: Dialect) {
    this.#socket = socket;
    this.#dialect = dialect;
    this.#outbox = new Outbox(socket);
    socket.on("pong", () => this.heard());
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    this.#looking.unref();
    socket.on("close", () => {
      clearInterval(this.#looking);
      clearInterval(this.#signs);
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  get silentMs(): number {
    // Who is not read from cannot be heard.
    return this.#holds > 0 ? 0 : performance.now() - this.#heardAtMs;
  }

  /** Something came from it. */
  heard(): void {
    this.#heardAtMs = performance.now();
  }

  probe(): void {
    if (this.isOpen) this.#socket.ping();
  }

  hangUp(): void {
    this.#socket.terminate();
  }

  send(message: Message): Promise<void> {
    return this.#outbox.send(this.#dialect.write(message));
  }

  frame(bytes: Uint8Array): Promise<void> {
    return this.#outbox.send(bytes);
  }

  /** Nothing more is read for so long, beside what has come already. Asked for again meanwhile, the longest counts. */
  rest(forMs: number): void {
    const isResting = this.#restsUntilMs !== undefined;
    this.#restsUntilMs = Math.max(this.#restsUntilMs ?? 0, performance.now() + forMs);
    if (!isResting) void this.holdWhile(this.#rested());
  }

  async #rested(): Promise<void> {
    for (;;) {
      const leftMs = (this.#restsUntilMs ?? 0) - performance.now();
      if (leftMs <= 0 || !this.isOpen) break;
      await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_AGAIN_MS, leftMs)).unref());
    }
    this.#restsUntilMs = undefined;
  }

  /** Nothing more is read, through TCP. */
  hold(): void {
    this.#holds += 1;
    this.#socket.pause();
    if (this.#holds > 1 || !this.isOpen) return;
    this.#signs = setInterval(() => this.#showLife(), SIGN_MS);
    this.#signs.unref();
  }

  #showLife(): void {
    if (this.signOfLife !== undefined && this.#socket.bufferedAmount < UNSENT_BYTES) void this.send(this.signOfLife());
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    clearInterval(this.#signs);
    this.heard();
    this.#socket.resume();
  }

  /** It is held while `room` is waited for. */
  async holdWhile(room: Promise<void>): Promise<void> {
    this.hold();
    await room;
    this.release();
  }

  #look(): void {
    if (this.silentMs > GONE_AFTER_MS) this.hangUp();
    else this.probe();
  }
}

/** What came in a frame, as one. */
export function toBytes(data: SocketData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
