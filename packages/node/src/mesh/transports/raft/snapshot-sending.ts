/** One snapshot on its way to a peer, no faster than that takes it in. */
import { RaftError, type Message, type SnapshotContents } from "@parley/raft";
import { isPeerError, messageOf } from "../../../errors.ts";
import type { MeshConnection } from "../../host/connection.ts";
import { FrameStream } from "../../wire/frame-stream.ts";
import {
  decodeSnapshotFrame,
  encodeSnapshotFrame,
  MAX_CHUNK_BYTES,
  SNAPSHOT_PROTOCOL,
  type SnapshotFrame,
} from "./snapshot-codec.ts";

/** Of an answer. */
const MAX_ANSWER_BYTES = 2 * 1024;
const MAX_FRAME_BYTES = Math.max(MAX_ANSWER_BYTES, 2 * MAX_CHUNK_BYTES);

export interface SendingOptions {
  /** Undefined: there is no link. */
  readonly over: MeshConnection | undefined;
  readonly message: Message;
  readonly contents: SnapshotContents;
  readonly signal: AbortSignal;
  readonly stallMs: number;
}

/**
 * Fulfilled once the receiver says that it has the snapshot.
 * @throws RaftError `unreachable`; `corrupt` when the contents themselves are.
 */
export async function sendSnapshot(options: SendingOptions): Promise<void> {
  const sending = new Sending(options);
  try {
    await sending.run();
  } catch (error) {
    // What is wrong with the contents themselves is told as it is.
    if (error instanceof RaftError) throw error;
    throw unreachable(options.message, messageOf(error), error);
  } finally {
    sending.close();
  }
}

class Sending {
  readonly #options: SendingOptions;
  readonly #over = new AbortController();
  /** Settled by the receiver's answer, or by what prevents one. */
  readonly #answer = Promise.withResolvers<void>();
  #stream: FrameStream | undefined;
  #stall: NodeJS.Timeout | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  readonly #abort = (): void => this.#fail("it was given up");

  constructor(options: SendingOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", this.#abort, { once: true });
    // Whoever waits for it comes later; until then a failure is nobody's.
    this.#answer.promise.catch(() => undefined);
  }

  async run(): Promise<void> {
    const { over, signal, contents } = this.#options;
    if (over === undefined) this.#fail("there is no link");
    if (signal.aborted) this.#abort();
    this.#progressed();
    const opened = over === undefined ? undefined : await this.#open(over);
    // Contents hold their file until somebody has begun to read them and stopped: so also when all is over already.
    for await (const chunk of contents.chunks) {
      for (let at = 0; at < chunk.length && !this.#over.signal.aborted; at += MAX_CHUNK_BYTES) {
        await this.#send(opened, { type: "chunk", chunk: chunk.subarray(at, at + MAX_CHUNK_BYTES) });
      }
      if (this.#over.signal.aborted) break;
    }
    await this.#send(opened, { type: "end" });
    await this.#answer.promise;
  }

  close(): void {
    this.#options.signal.removeEventListener("abort", this.#abort);
    clearTimeout(this.#stall);
    this.#over.abort();
    this.#stream?.destroy();
  }

  async #open(over: MeshConnection): Promise<FrameStream | undefined> {
    const { message, contents } = this.#options;
    try {
      const stream = new FrameStream(await over.openStream(SNAPSHOT_PROTOCOL, this.#over.signal), MAX_FRAME_BYTES, {
        frame: (frame) => this.#heard(decodeSnapshotFrame(frame)),
        drained: () => this.#drained(),
        closed: (error) => this.#fail(error?.message ?? "the receiver ended it"),
      });
      this.#stream = stream;
      await this.#send(stream, { type: "begin", message, contentBytes: contents.contentBytes });
      return stream;
    } catch (error) {
      if (!isPeerError(error)) throw error;
      this.#fail(messageOf(error), error);
      return undefined;
    }
  }

  /** Fulfilled when more may be sent, or nothing more will be. */
  async #send(stream: FrameStream | undefined, frame: SnapshotFrame): Promise<void> {
    if (stream === undefined || this.#over.signal.aborted || stream.send(...encodeSnapshotFrame(frame))) return;
    this.#room = Promise.withResolvers();
    await this.#room.promise;
  }

  #drained(): void {
    this.#progressed();
    this.#room?.resolve();
  }

  #heard(frame: SnapshotFrame): void {
    this.#progressed();
    if (frame.type === "done") this.#answer.resolve();
    else if (frame.type === "refused") this.#fail(`the receiver has no use for it: ${frame.reason}`);
    else if (frame.type !== "busy") this.#fail(`the receiver said "${frame.type}"`);
  }

  #progressed(): void {
    clearTimeout(this.#stall);
    if (this.#over.signal.aborted) return;
    const { stallMs } = this.#options;
    this.#stall = setTimeout(() => this.#fail(`nothing was heard for ${stallMs} ms`), stallMs);
  }

  #fail(why: string, cause?: unknown): void {
    clearTimeout(this.#stall);
    this.#answer.reject(unreachable(this.#options.message, why, cause));
    this.#over.abort();
    this.#room?.resolve();
  }
}

function unreachable({ to }: Message, why: string, cause?: unknown): RaftError {
  return new RaftError("unreachable", `no snapshot for node ${to}: ${why}`, { cause });
}
