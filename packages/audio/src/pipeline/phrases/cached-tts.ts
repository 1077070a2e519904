/** A voice that does not compute the same phrase twice. */
import { createHash } from "node:crypto";
import type { SynthesizeOptions, TextToSpeech } from "../../engines/contracts.ts";
import { abortError } from "../../format/abort.ts";
import { joinSamples } from "../../format/join.ts";
import type { Pcm } from "../../format/pcm.ts";
import type { PhraseDisk } from "./disk.ts";
import { ByteLru, PhrasePolicy } from "./policy.ts";
import type { PhrasePolicyOptions } from "./policy.ts";

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
  /** The same voice and cache, for a caller whose phrases are all fixed. */
  readonly fixed: TextToSpeech;
  /** Has the sound of a fixed phrase kept, without saying it. @throws AudioError of the voice */
  prepare(text: string, options?: SynthesizeOptions): Promise<void>;
  counts(): PhraseCounts;
}

/**
 * `tts`, with the sounds of frequent phrases kept. What counts as the same: engine, version, voice, speed and text. Only
 * sounds that were synthesised to their end are kept; a cached sound comes in one piece.
 */
export function cachedTts(tts: TextToSpeech, options: CachedTtsOptions): CachedTts {
  const cache = new Cache(tts, options);
  const { id, sampleRateHz, voices } = tts;
  const { isFixed = () => false } = options;
  return {
    id,
    sampleRateHz,
    voices,
    counts: () => ({ ...cache.counts }),
    synthesize: (text, how = {}) => cache.synthesize(text, how, isFixed(text)),
    prepare: (text, how = {}) => cache.prepare(text, how),
    fixed: { id, sampleRateHz, voices, synthesize: (text, how = {}) => cache.synthesize(text, how, true) },
  };
}

class Cache {
  readonly counts = { memory: 0, disk: 0, synthesised: 0 };
  readonly #tts: TextToSpeech;
  readonly #version: string;
  readonly #disk: PhraseDisk | undefined;
  readonly #policy: PhrasePolicy;
  readonly #memory: ByteLru<Pcm>;
  /** Longer sounds are not kept. */
  readonly #maxSoundBytes: number;

  constructor(tts: TextToSpeech, options: CachedTtsOptions) {
    const { version, maxBytes = 16 << 20, disk } = options;
    this.#tts = tts;
    this.#version = version;
    this.#disk = disk;
    this.#policy = new PhrasePolicy(policyOptions(options));
    this.#memory = new ByteLru<Pcm>(maxBytes);
    this.#maxSoundBytes = maxBytes / 4;
  }

  async *synthesize(text: string, how: SynthesizeOptions, isFixed: boolean): AsyncGenerator<Pcm, void, undefined> {
    const key = phraseKey(this.#tts, this.#version, text, how);
    const keeping = this.#policy.said(key, text.length, isFixed);
    const found = await this.#find(key);
    if (how.signal?.aborted === true) throw abortError(how.signal, "speaking");
    if (found !== undefined) {
      // A copy: who plays it may change it.
      yield { sampleRateHz: found.sampleRateHz, samples: found.samples.slice() };
      if (keeping === "memory-and-disk" && this.#disk?.has(key) === false) await this.#disk.write(key, found);
      return;
    }
    this.counts.synthesised += 1;
    const parts: Float32Array[] = [];
    let bytes = 0;
    for await (const pcm of this.#tts.synthesize(text, how)) {
      bytes += pcm.samples.byteLength;
      if (keeping !== "nowhere" && bytes <= this.#maxSoundBytes) parts.push(pcm.samples.slice());
      yield pcm;
    }
    if (keeping === "nowhere" || bytes === 0 || bytes > this.#maxSoundBytes) return;
    const whole = { sampleRateHz: this.#tts.sampleRateHz, samples: joinSamples(parts) };
    this.#memory.set(key, whole, bytes);
    if (keeping === "memory-and-disk") await this.#disk?.write(key, whole);
  }

  async prepare(text: string, how: SynthesizeOptions): Promise<void> {
    const key = phraseKey(this.#tts, this.#version, text, how);
    if (this.#memory.get(key) !== undefined || this.#disk?.has(key) === true) return;
    for await (const _ of this.synthesize(text, how, true));
  }

  async #find(key: string): Promise<Pcm | undefined> {
    const held = this.#memory.get(key);
    if (held !== undefined) {
      this.counts.memory += 1;
      return held;
    }
    const found = await this.#disk?.read(key);
    if (found === undefined || found.sampleRateHz !== this.#tts.sampleRateHz) return undefined;
    this.counts.disk += 1;
    this.#memory.set(key, found, found.samples.byteLength);
    return found;
  }
}

function policyOptions({ maxChars, timesSaid, counted }: CachedTtsOptions): PhrasePolicyOptions {
  return {
    ...(maxChars === undefined ? {} : { maxChars }),
    ...(timesSaid === undefined ? {} : { timesSaid }),
    ...(counted === undefined ? {} : { counted }),
  };
}

/** What was said is not readable from the key. How it is called (how urgent, until when) is no part of it. */
function phraseKey(tts: TextToSpeech, version: string, text: string, { voice, speed = 1 }: SynthesizeOptions): string {
  const parts = [tts.id, version, voice ?? tts.voices[0]?.name, speed, text];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
