/** A stream of a simulated connection, as libp2p 3 shows one: as far as the shipped wires use it. */
import type { Frame } from "./frames.ts";

/** What a stream needs of the end of the connection that it is on. */
export interface StreamEnd {
  send(frame: Frame): void;
  forget(stream: SimulatedStream): void;
}

/** More than this waits to be sent: whoever looks at `writeBufferLength` stops, and hears when there is room again. */
const FULL_BYTES = 64 * 1024;

class MessageEvent extends Event {
  readonly data: Uint8Array;

  constructor(data: Uint8Array) {
    super("message");
    this.data = data;
  }
}

class CloseEvent extends Event {
  readonly error: Error | undefined;

  constructor(error: Error | undefined) {
    super("close");
    this.error = error;
  }
}

export class SimulatedStream extends EventTarget {
  readonly id: string;
  readonly number: number;
  readonly protocol: string;
  status: "open" | "closing" | "closed" | "aborted" | "reset" = "open";
  readStatus: "readable" | "paused" | "closing" | "closed" = "readable";
  writeStatus: "writable" | "closing" | "closed" = "writable";
  readableEnded = false;
  writeBufferLength = 0;
  readonly #end: StreamEnd;
  #unread: Uint8Array[] = [];
  #hasRemoteEnded = false;
  #isFull = false;

  constructor(end: StreamEnd, number: number, protocol: string) {
    super();
    this.#end = end;
    this.number = number;
    this.id = String(number);
    this.protocol = protocol;
  }

  get isOver(): boolean {
    return this.status !== "open" && this.status !== "closing";
  }

  send(data: Uint8Array): boolean {
    if (this.writeStatus !== "writable") throw new Error(`the stream is ${this.status}`);
    const bytes = data.slice();
    this.writeBufferLength += bytes.length;
    if (this.writeBufferLength > FULL_BYTES) this.#isFull = true;
    this.#end.send({ type: "data", stream: this.number, bytes });
    return !this.#isFull;
  }

  /** It has arrived. True when whoever waits for room is to be told (`drained`). */
  delivered(bytes: number): boolean {
    this.writeBufferLength -= bytes;
    if (!this.#isFull || this.writeBufferLength > 0) return false;
    this.#isFull = false;
    return true;
  }

  drained(): void {
    if (!this.isOver) this.dispatchEvent(new Event("drain"));
  }

  async close(): Promise<void> {
    if (this.writeStatus !== "writable") return;
    this.writeStatus = "closed";
    this.status = "closing";
    this.#end.send({ type: "end", stream: this.number });
    this.#maybeClosed();
  }

  abort(error: Error): void {
    if (this.isOver) return;
    this.#end.send({ type: "reset", stream: this.number });
    this.#over("aborted", error);
  }

  pause(): void {
    if (this.readStatus === "readable") this.readStatus = "paused";
  }

  resume(): void {
    if (this.readStatus !== "paused") return;
    this.readStatus = "readable";
    this.#read();
  }

  /** Bytes have come. */
  arrived(bytes: Uint8Array): void {
    if (this.isOver) return;
    this.#unread.push(bytes);
    this.#read();
  }

  remoteEnded(): void {
    this.#hasRemoteEnded = true;
    this.#read();
  }

  remoteReset(): void {
    if (!this.isOver) this.#over("reset", new Error("the other side has reset the stream"));
  }

  /** Its connection is no more. */
  connectionClosed(error: Error | undefined): void {
    if (!this.isOver) this.#over(error === undefined ? "closed" : "aborted", error);
  }

  #read(): void {
    while (this.readStatus === "readable" && !this.isOver) {
      const bytes = this.#unread.shift();
      if (bytes === undefined) break;
      this.dispatchEvent(new MessageEvent(bytes));
    }
    if (!this.#hasRemoteEnded || this.readableEnded || this.isOver || this.#unread.length > 0) return;
    this.readableEnded = true;
    this.readStatus = "closed";
    this.dispatchEvent(new Event("end"));
    this.#maybeClosed();
  }

  #maybeClosed(): void {
    if (this.readableEnded && this.writeStatus === "closed") this.#over("closed", undefined);
  }

  #over(status: "closed" | "aborted" | "reset", error: Error | undefined): void {
    if (this.isOver) return;
    this.status = status;
    this.readStatus = "closed";
    this.writeStatus = "closed";
    this.#end.forget(this);
    this.dispatchEvent(new CloseEvent(error));
  }
}
