/** A voice that does not compute the same phrase twice. */
import { createHash } from "node:crypto";
import type { SynthesizeOptions, TextToSpeech } from "../../engines/contracts.ts";
import { abortError } from "../../format/abort.ts";
import type { Pcm } from "../../format/pcm.ts";
import type { PhraseDisk } from "./disk.ts";
import { ByteLru, PhrasePolicy } from "./policy.ts";
import type { Keeping, PhrasePolicyOptions } from "./policy.ts";

/** Options of {@link cachedTts}. */
export interface CachedTtsOptions extends PhrasePolicyOptions {
  /** The model's version or checksum: sounds of another model are not found. */
  readonly version: string;
  /** Bytes of sound in memory. Default 16 MiB, about three minutes at 24 kHz. */
  readonly maxBytes?: number;
  /** Keeps fixed phrases over restarts. */
  readonly disk?: PhraseDisk | undefined;
  /**
   * True for a phrase that is the same for everybody ("One moment, please."): kept from its first time on, also on the
   * disk. Never for text that was written for a person. None by default.
   */
  readonly isFixed?: (text: string) => boolean;
}

/** How often the cache helped. */
export interface PhraseCounts {
  readonly memory: number;
  readonly disk: number;
  readonly synthesised: number;
}

/** A {@link TextToSpeech} with a cache. */
export interface CachedTts extends TextToSpeech {
  counts(): PhraseCounts;
}

/**
 * `tts`, with the sounds of frequent phrases kept. What counts as the same: engine, version, voice, speed and text. Only
 * sounds that were synthesised to their end are kept; a cached sound comes in one piece.
 */
export function cachedTts(tts: TextToSpeech, options: CachedTtsOptions): CachedTts {
  const { version, maxBytes = 16 << 20, disk, isFixed = () => false } = options;
  const policy = new PhrasePolicy(policyOptions(options));
  const memory = new ByteLru<Pcm>(maxBytes);
  const counts = { memory: 0, disk: 0, synthesised: 0 };

  const find = async (key: string, keeping: Keeping): Promise<Pcm | undefined> => {
    const held = memory.get(key);
    if (held !== undefined) {
      counts.memory += 1;
      return held;
    }
    if (keeping !== "memory-and-disk" || disk === undefined) return undefined;
    const found = await disk.read(key);
    if (found === undefined || found.sampleRateHz !== tts.sampleRateHz) return undefined;
    counts.disk += 1;
    memory.set(key, found, found.samples.byteLength);
    return found;
  };

  return {
    id: tts.id,
    sampleRateHz: tts.sampleRateHz,
    voices: tts.voices,
    counts: () => ({ ...counts }),
    async *synthesize(text, how = {}) {
      const key = phraseKey(tts, version, text, how);
      const keeping = policy.said(key, text.length, isFixed(text));
      const found = await find(key, keeping);
      if (how.signal?.aborted === true) throw abortError(how.signal, "speaking");
      if (found !== undefined) {
        // A copy: who plays it may change it.
        yield { sampleRateHz: found.sampleRateHz, samples: found.samples.slice() };
        return;
      }
      counts.synthesised += 1;
      const parts: Float32Array[] = [];
      let bytes = 0;
      for await (const pcm of tts.synthesize(text, how)) {
        bytes += pcm.samples.byteLength;
        if (keeping !== "nowhere" && bytes <= maxBytes / 4) parts.push(pcm.samples.slice());
        yield pcm;
      }
      if (keeping === "nowhere" || bytes === 0 || bytes > maxBytes / 4) return;
      const whole = { sampleRateHz: tts.sampleRateHz, samples: joined(parts) };
      memory.set(key, whole, bytes);
      if (keeping === "memory-and-disk") await disk?.write(key, whole);
    },
  };
}

function policyOptions({ maxChars, timesSaid, counted }: CachedTtsOptions): PhrasePolicyOptions {
  return {
    ...(maxChars === undefined ? {} : { maxChars }),
    ...(timesSaid === undefined ? {} : { timesSaid }),
    ...(counted === undefined ? {} : { counted }),
  };
}

/** What was said is not readable from the key. */
function phraseKey(tts: TextToSpeech, version: string, text: string, how: SynthesizeOptions): string {
  const manner = Object.entries({ speed: 1, voice: tts.voices[0]?.name, ...how, signal: undefined });
  const parts = [tts.id, version, text, manner.toSorted(([a], [b]) => (a < b ? -1 : 1))];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
