/** Vorbis in Ogg (Vorbis I specification, 4.2 and appendix A): the identification header, and libvorbis in wasm. */
import type { OggVorbisDecoder } from "@wasm-audio-decoders/ogg-vorbis";
import { latin1, viewOf } from "./bytes.ts";
import { freeing, quietly } from "./decoder.ts";
import { gainsOf, toMono, VORBIS_ORDER } from "./downmix.ts";
import type { OggIdentity, OggPacketDecoder } from "./ogg-codec.ts";

/** Undefined when `packet` is no Vorbis header; an error text when it is one we cannot use. */
export function identifyVorbis(packet: Uint8Array): OggIdentity | string | undefined {
  if (latin1(packet, 0, 7) !== "\u0001vorbis") return undefined;
  if (packet.length < 30) return "its Vorbis header is too short";
  const view = viewOf(packet);
  const channels = packet[11] ?? 0;
  const sampleRateHz = view.getUint32(12, true);
  const [small, large] = [(packet[28] ?? 0) & 15, (packet[28] ?? 0) >> 4];
  const valid = view.getUint32(7, true) === 0 && small >= 6 && small <= large && large <= 13;
  if (!valid || channels === 0 || sampleRateHz === 0) return "its Vorbis header makes no sense";
  return {
    format: "ogg-vorbis",
    sampleRateHz,
    channels,
    preSkipSamples: 0,
    moreHeaders: 2,
    createDecoder: (headers) => createDecoder([packet, ...headers], gainsOf(channels, VORBIS_ORDER[channels])),
  };
}

/** What the package's decoder reads of the pages that its own parser would give it. */
interface PageLike {
  readonly data: Uint8Array;
  readonly codecFrames: readonly { readonly data: Uint8Array; readonly header?: object }[];
}

/** The package's decoder as far as it is used: it takes pages from any parser. */
interface PageDecoder {
  readonly ready: Promise<void>;
  decodeOggPages(pages: readonly PageLike[]): ReturnType<OggVorbisDecoder["decodeOggPages"]>;
  free(): void;
}

async function createDecoder(headers: readonly Uint8Array[], gains: readonly number[]): Promise<OggPacketDecoder> {
  const [identification, , setup] = headers;
  if (identification === undefined || setup === undefined || latin1(setup, 0, 7) !== "\u0005vorbis") {
    throw new Error("the Vorbis setup header is missing");
  }
  const { OggVorbisDecoder: Decoder } = await import("@wasm-audio-decoders/ogg-vorbis");
  const decoder: PageDecoder = new Decoder();
  await decoder.ready;
  const run = (pages: readonly PageLike[]) => quietly(() => decoder.decodeOggPages(pages));
  try {
    // The setup rides on the first page that has frames; an empty frame decodes to nothing.
    await run([
      { data: identification, codecFrames: [] },
      { data: setup, codecFrames: [{ data: new Uint8Array(0), header: { vorbisSetup: setup } }] },
    ]);
  } catch (error) {
    freeing(decoder)();
    throw error;
  }
  return {
    // libvorbis reports a bad packet by giving no samples; pages are checked by their CRC before they come here.
    decode: async (packets) => {
      const decoded = await run([{ data: identification, codecFrames: packets.map((data) => ({ data })) }]);
      return { mono: toMono(decoded.channelData, decoded.samplesDecoded, gains), damaged: 0 };
    },
    free: freeing(decoder),
  };
}
