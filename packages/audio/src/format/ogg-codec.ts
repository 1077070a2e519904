/** What the two codecs inside Ogg have in common: packets in, mono samples out. */

/** Facts from a codec's first packet. */
export interface OggIdentity {
  readonly format: "ogg-vorbis" | "ogg-opus";
  /** Of the decoded samples, and the unit of granule positions. */
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Decoded samples at the start that are not part of the sound. */
  readonly preSkipSamples: number;
  /** Header packets that follow the first, before the sound. */
  readonly moreHeaders: number;
  /** Makes the decoder once all header packets are there. Rejects when they cannot be used. */
  createDecoder(headers: readonly Uint8Array[]): Promise<OggPacketDecoder>;
}

/** One logical stream's decoder, in wasm. */
export interface OggPacketDecoder {
  /** Decodes packets in order. `damaged` counts those the codec refused. Rejects when the decoder itself broke. */
  decode(packets: readonly Uint8Array[]): Promise<{ readonly mono: Float32Array; readonly damaged: number }>;
  free(): void;
}
