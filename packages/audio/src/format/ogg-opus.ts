/** Opus in Ogg (RFC 7845): the identification header, and libopus in wasm. */
import { latin1, viewOf } from "./bytes.ts";
import { freeing, quietly } from "./decoder.ts";
import { gainsOf, toMono, VORBIS_ORDER } from "./downmix.ts";
import type { OggIdentity, OggPacketDecoder } from "./ogg-codec.ts";

/** Opus decodes at 48 kHz whatever was recorded. */
const OPUS_RATE_HZ = 48_000;

interface OpusLayout {
  readonly channels: number;
  readonly streamCount: number;
  readonly coupledStreamCount: number;
  readonly channelMappingTable: number[];
}

/** Of mapping family 255 nobody knows what the channels are. */
const UNORDERED = 255;

/** Undefined when `packet` is no Opus header; an error text when it is one we cannot use. */
export function identifyOpus(packet: Uint8Array): OggIdentity | string | undefined {
  if (latin1(packet, 0, 8) !== "OpusHead") return undefined;
  if (packet.length < 19 || (packet[8] ?? 0) >= 16) return "its Opus header makes no sense";
  const view = viewOf(packet);
  const layout = parseLayout(packet);
  if (layout === undefined) return "its Opus channel layout makes no sense or is not supported";
  const gains = gainsOf(layout.channels, packet[18] === UNORDERED ? undefined : VORBIS_ORDER[layout.channels]);
  const gain = 10 ** (view.getInt16(16, true) / 256 / 20);
  return {
    format: "ogg-opus",
    sampleRateHz: OPUS_RATE_HZ,
    channels: layout.channels,
    preSkipSamples: view.getUint16(10, true),
    moreHeaders: 1,
    createDecoder: () => createDecoder(layout, gain, gains),
  };
}

/** Mapping families 0 (mono, stereo), 1 (Vorbis order) and 255 (unordered), RFC 7845 section 5.1.1. */
function parseLayout(packet: Uint8Array): OpusLayout | undefined {
  const channels = packet[9] ?? 0;
  const family = packet[18] ?? 0;
  if (channels === 0 || channels > 8) return undefined;
  if (family === 0) {
    if (channels > 2) return undefined;
    return {
      channels,
      streamCount: 1,
      coupledStreamCount: channels - 1,
      channelMappingTable: channels === 2 ? [0, 1] : [0],
    };
  }
  if ((family !== 1 && family !== UNORDERED) || packet.length < 21 + channels) return undefined;
  const [streamCount = 0, coupledStreamCount = 0] = packet.subarray(19, 21);
  const channelMappingTable = [...packet.subarray(21, 21 + channels)];
  const decoded = streamCount + coupledStreamCount;
  const valid = streamCount > 0 && coupledStreamCount <= streamCount && decoded <= 255;
  if (!valid || channelMappingTable.some((source) => source >= decoded && source !== 255)) return undefined;
  return { channels, streamCount, coupledStreamCount, channelMappingTable };
}

async function createDecoder(layout: OpusLayout, gain: number, gains: readonly number[]): Promise<OggPacketDecoder> {
  const { OpusDecoder } = await import("opus-decoder");
  const decoder = new OpusDecoder(layout);
  await decoder.ready;
  return {
    // An empty packet stands for a lost one and would be filled with invented sound.
    decode: async (packets) => {
      const decoded = quietly(() => decoder.decodeFrames(packets.filter((packet) => packet.length > 0)));
      const mono = toMono(decoded.channelData, decoded.samplesDecoded, gains);
      if (gain !== 1) for (let i = 0; i < mono.length; i++) mono[i] = (mono[i] ?? 0) * gain;
      return { mono, damaged: decoded.errors.length };
    },
    free: freeing(decoder),
  };
}
