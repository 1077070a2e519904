/** Engines of fixed delay in place of models, for tests and benches of everything round them. */
import { startEngineHost, type EngineHost, type EngineHostOptions, type Voice } from "@parley/audio/engines";
import { energyVadHost, fixedDelaySttHost, fixedDelayTtsHost, toneSttHost, toneWakeHost } from "@parley/audio/testing";
import type { EngineSource } from "../services/engine-source.ts";
import type { EngineSources } from "../services/engine-sources.ts";
import type { EngineName } from "../services/stage.ts";
import { fixedDelayLlmHost, type ScriptedAnswer } from "./fixed-delay-llm.ts";

/** What the fixed-delay engines say and how slow they are. */
export interface FixedDelays {
  readonly sttMs?: number;
  readonly llmMs?: number;
  readonly ttsMs?: number;
  readonly tokenMs?: number;
  /** Between pieces of sound. */
  readonly chunkMs?: number;
  readonly texts?: readonly string[];
  readonly replies?: readonly string[];
  /** To what; `replies` to anything else. */
  readonly answers?: readonly ScriptedAnswer[];
  /** The ears understand these words, in tones, in the place of `texts`. */
  readonly toneWords?: readonly string[];
  /** What a tone of 1,000 Hz says; without it there is no engine for wake words. */
  readonly wakeWord?: string;
  /** One English voice when absent. */
  readonly voices?: readonly Voice[];
}

/** The named test engines: 150, 200 and 100 ms when nothing else is said. `onHost` sees each host that is started. */
export function fixedDelaySources(
  delays: FixedDelays = {},
  onHost: (service: EngineName, host: EngineHost) => void = () => undefined,
): EngineSources {
  const { sttMs, llmMs, ttsMs, tokenMs, chunkMs, texts, replies, answers, toneWords, voices, wakeWord } = delays;
  const source = (service: EngineName, options: EngineHostOptions): EngineSource => ({
    choose: async () => `fixed-delay-${service}`,
    fetch: async () => async (signal) => {
      const host = await startEngineHost({ ...options, signal });
      onHost(service, host);
      return host;
    },
  });
  const sttDelay = sttMs === undefined ? {} : { delayMs: sttMs };
  const stt =
    toneWords === undefined
      ? fixedDelaySttHost({ ...sttDelay, ...(texts === undefined ? {} : { texts }) })
      : toneSttHost({ ...sttDelay, words: toneWords });
  const llm = {
    ...(llmMs === undefined ? {} : { delayMs: llmMs }),
    ...(tokenMs === undefined ? {} : { tokenMs }),
    ...(replies === undefined ? {} : { replies }),
    ...(answers === undefined ? {} : { answers }),
  };
  const tts = {
    ...(ttsMs === undefined ? {} : { delayMs: ttsMs }),
    ...(chunkMs === undefined ? {} : { chunkMs }),
    ...(voices === undefined ? {} : { voices }),
  };
  return {
    vad: source("vad", energyVadHost()),
    stt: source("stt", stt),
    llm: source("llm", fixedDelayLlmHost(llm)),
    tts: source("tts", fixedDelayTtsHost(tts)),
    ...(wakeWord === undefined ? {} : { wake: source("wake", toneWakeHost({ word: wakeWord })) }),
  };
}
