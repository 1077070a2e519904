/** Sound of a piece of work on its way to the client as Ogg Opus: about a twelfth of the bytes. */
import type { Pcm } from "@parley/audio";
import { BoundedQueue, encodeOpus } from "@parley/audio/format";
import { encodeOpusFrame } from "@parley/sdk";
import type { SoundOut } from "./frames-out.ts";

/** Blocks that wait for the encoder. */
const BLOCKS_WAITING = 8;

/** One Ogg Opus stream, begun with its first sound. */
export class OpusOut implements SoundOut {
  readonly #stream: number;
  readonly #send: (bytes: Uint8Array) => Promise<void>;
  readonly #blocks: BoundedQueue<Pcm>;
  #pumping: Promise<void> | undefined;
  #sent = 0;

  constructor(stream: number, send: (bytes: Uint8Array) => Promise<void>, signal: AbortSignal) {
    this.#stream = stream;
    this.#send = send;
    this.#blocks = new BoundedQueue({ capacity: BLOCKS_WAITING, signal, doing: "encoding sound" });
  }

  async send(pcm: Pcm): Promise<void> {
    this.#pumping ??= this.#pump();
    if (!(await this.#blocks.push(pcm))) await this.#pumping;
  }

  async end(): Promise<void> {
    this.#blocks.close();
    await this.#pumping;
  }

  #pump(): Promise<void> {
    const pumping = this.#encode();
    // Who sends next, or ends, meets the reason; until then nobody waits.
    pumping.catch(() => this.#blocks.return());
    return pumping;
  }

  async #encode(): Promise<void> {
    for await (const bytes of encodeOpus(this.#blocks)) {
      const sequence = this.#sent;
      this.#sent += 1;
      await this.#send(encodeOpusFrame({ stream: this.#stream, sequence, bytes }));
    }
  }
}
