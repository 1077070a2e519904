/** Sound of a piece of work on its way to the client, cut into frames. */
import type { Pcm } from "@parley/audio";
import { encodeAudioFrame } from "@parley/sdk";

/** Longest audio frame sent, in seconds. */
const FRAME_SECONDS = 0.1;
/** A frame counts the time in 32 bits of milliseconds: after 49 days from 0 again. */
const TIME_WRAPS_MS = 0x1_0000_0000;

/** Takes a stream's sound, one block after the other. */
export interface SoundOut {
  /** Resolves once there is room for more. */
  send(pcm: Pcm): Promise<void>;
  /** Resolves when all of it was sent. */
  end(): Promise<void>;
}

/** The frames of one stream, uncompressed. */
export class FramesOut implements SoundOut {
  readonly #stream: number;
  readonly #send: (bytes: Uint8Array) => Promise<void>;
  #sent = 0;
  #sentMs = 0;

  constructor(stream: number, send: (bytes: Uint8Array) => Promise<void>) {
    this.#stream = stream;
    this.#send = send;
  }

  /** Resolves once there is room for more. */
  async send({ sampleRateHz, samples }: Pcm): Promise<void> {
    const size = Math.floor(sampleRateHz * FRAME_SECONDS);
    for (let at = 0; at < samples.length; at += size) {
      const piece = samples.subarray(at, at + size);
      const timestampMs = Math.floor(this.#sentMs) % TIME_WRAPS_MS;
      const frame = { stream: this.#stream, sequence: this.#sent, timestampMs, sampleRateHz, samples: piece };
      // Numbered before it waits: what is sent meanwhile comes behind it.
      this.#sent += 1;
      this.#sentMs += (piece.length / sampleRateHz) * 1000;
      await this.#send(encodeAudioFrame(frame));
    }
  }

  /** Nothing waits in here. */
  async end(): Promise<void> {
    await Promise.resolve();
  }
}
