/** One snapshot on its way out, on a connection of its own. */
import { connect, type Socket } from "node:net";
import type { Message } from "../../core/types.ts";
import { isRaftError, RaftError } from "../../errors.ts";
import type { SnapshotContents } from "../../storage/log-store.ts";
import { FrameSplitter } from "../../wire/frames.ts";
import {
  encodeHello,
  encodeSignal,
  encodeSnapshotBegin,
  encodeSnapshotChunk,
  SNAPSHOT_ALIVE,
  SNAPSHOT_DONE,
  SNAPSHOT_END,
  SNAPSHOT_REFUSED,
  WELCOME,
} from "./control.ts";
import type { Way } from "./outgoing.ts";

/** Larger chunks are cut, so that a frame stays small and the peer's answer is heard between them. */
const MAX_CHUNK_BYTES = 256 * 1024;

/** Lets go of contents that are not sent: they hold their file until somebody stops reading them. */
export async function letGo(contents: SnapshotContents): Promise<void> {
  const chunks = contents.chunks[Symbol.asyncIterator]();
  await chunks.next();
  await chunks.return?.();
}

export class SnapshotSending {
  readonly #way: Way;
  readonly #message: Message;
  readonly #contents: SnapshotContents;
  readonly #signal: AbortSignal;
  readonly #outcome = Promise.withResolvers<void>();
  readonly #abort = (): void => this.fail("it was given up");
  /** There is a socket to write to, or there will be none. */
  readonly #dialled = Promise.withResolvers<void>();
  #isSettled = false;
  #socket: Socket | undefined;
  #stall: NodeJS.Timeout | undefined;
  #unhook: (() => void) | undefined;

  constructor(way: Way, message: Message, contents: SnapshotContents, signal: AbortSignal) {
    this.#way = way;
    this.#message = message;
    this.#contents = contents;
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort, { once: true });
    this.#progressed();
    if (signal.aborted) this.#abort();
    else if (way.link.isCut) this.#unhook = way.link.onceHealed(() => this.#dial());
    else this.#dial();
    this.#stream().catch((error: unknown) => {
      // What is wrong with the contents themselves must be told as it is.
      if (error instanceof RaftError) this.#settle(error);
      else this.fail("its contents could not be read", { cause: error });
    });
  }

  /** As {@link Transport.sendSnapshot}. */
  get outcome(): Promise<void> {
    return this.#outcome.promise;
  }

  /** Ends it, if it has not ended. */
  fail(why: string, options?: ErrorOptions): void {
    const { peer } = this.#way;
    this.#settle(new RaftError("unreachable", `the snapshot did not get to node ${peer}: ${why}`, options));
  }

  #settle(error: Error | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#signal.removeEventListener("abort", this.#abort);
    clearTimeout(this.#stall);
    this.#unhook?.();
    this.#socket?.destroy();
    this.#dialled.resolve();
    if (error === undefined) this.#outcome.resolve();
    else this.#outcome.reject(error);
  }

  #progressed(): void {
    if (this.#isSettled) return;
    clearTimeout(this.#stall);
    const { snapshotStallMs } = this.#way.limits;
    this.#stall = setTimeout(() => this.fail(`nothing was heard for ${snapshotStallMs} ms`), snapshotStallMs);
  }

  #dial(): void {
    const { address, limits, link } = this.#way;
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    this.#socket = socket;
    const splitter = new FrameSplitter(limits.maxFrameBytes);
    let cause: Error | undefined;
    socket.on("data", (chunk: Buffer) => this.#heard(splitter, chunk));
    socket.on("error", (error) => (cause = error));
    socket.on("close", () => {
      // Through a pulled cable nobody hears that; the silence ends it.
      if (!link.isCut) this.fail("the connection closed", { cause });
    });
    this.#dialled.resolve();
  }

  async #stream(): Promise<void> {
    const { cluster, self, peer } = this.#way;
    await this.#dialled.promise;
    await this.#write(encodeHello({ purpose: "snapshot", cluster, from: self, to: peer }));
    await this.#write(encodeSnapshotBegin(this.#message, this.#contents.contentBytes));
    // Also begun when all is over already: only contents that are being read let go of their file.
    let offset = 0;
    for await (const chunk of this.#contents.chunks) {
      for (let at = 0; at < chunk.length; at += MAX_CHUNK_BYTES) {
        const part = chunk.subarray(at, at + MAX_CHUNK_BYTES);
        await this.#write(encodeSnapshotChunk(offset, part));
        if (this.#isSettled) return;
        offset += part.length;
      }
    }
    await this.#write(encodeSignal(SNAPSHOT_END));
  }

  /** Fulfilled when the system has taken the bytes, or they were lost. */
  #write(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || this.#isSettled) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#way.link.pass((arrives) => {
      if (!arrives || socket.destroyed) {
        resolve();
        return;
      }
      socket.write(bytes, (error) => {
        // An error closes the socket, and that is told there.
        if (error === null || error === undefined) this.#progressed();
        resolve();
      });
    });
    return promise;
  }

  #heard(splitter: FrameSplitter, chunk: Buffer): void {
    try {
      for (const { kind, body } of splitter.framesOf(chunk)) {
        if (this.#way.link.cutsIn) continue;
        this.#progressed();
        if (kind === SNAPSHOT_DONE) this.#settle(undefined);
        else if (kind === SNAPSHOT_REFUSED) this.fail(`it was refused (${Buffer.from(body).toString()})`);
        else if (kind !== WELCOME && kind !== SNAPSHOT_ALIVE) this.fail(`the peer sent a frame ${kind}`);
      }
    } catch (error) {
      if (!isRaftError(error, "corrupt")) throw error;
      this.fail("the peer's answer makes no sense", { cause: error });
    }
  }
}
