/** What tests of the node package share: homes that vanish, peers with engines of fixed delay. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { energyVadHost, fixedDelaySttHost, fixedDelayTtsHost } from "@parley/audio/testing";
import { startEngineHost, type EngineHost, type EngineHostOptions } from "@parley/audio/engines";
import { fixedDelayLlmHost } from "../src/testing/index.ts";
import { loadConfig, hostFacts, type Config, type FlagValues } from "../src/config/index.ts";
import { createPeer, type Peer, type PeerOptions } from "../src/peer.ts";
import type { EngineSource, EngineSources } from "../src/services/engine-sources.ts";
import type { ServiceName } from "../src/services/stage.ts";

/** A folder for one test. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "parley-test-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A configuration for a test's home: any free port, no downloads, no noise. */
export function testConfig(home: string, flags: FlagValues = {}): Config {
  const quiet: FlagValues = {
    home,
    "listen.port": "0",
    "models.download": "false",
    "llm.provider": "embedded",
    "log.level": "silent",
    ...flags,
  };
  const loaded = loadConfig({ env: {}, flags: quiet, host: hostFacts({}), cwd: home });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("\n"));
  return loaded.config;
}

/** What the fixed-delay engines say and how slow they are. */
export interface FixedDelays {
  readonly sttMs?: number;
  readonly llmMs?: number;
  readonly ttsMs?: number;
  readonly tokenMs?: number;
  readonly texts?: readonly string[];
  readonly replies?: readonly string[];
}

/** The named test engines: 150, 200 and 100 ms when nothing else is said. `onHost` sees each host that is started. */
export function fixedDelaySources(
  delays: FixedDelays = {},
  onHost: (service: ServiceName, host: EngineHost) => void = () => undefined,
): EngineSources {
  const { sttMs, llmMs, ttsMs, tokenMs, texts, replies } = delays;
  const source = (service: ServiceName, options: EngineHostOptions): EngineSource => ({
    choose: async () => `fixed-delay-${service}`,
    fetch: async () => async (signal) => {
      const host = await startEngineHost({ ...options, signal });
      onHost(service, host);
      return host;
    },
  });
  return {
    vad: source("vad", energyVadHost()),
    stt: source("stt", fixedDelaySttHost(defined({ delayMs: sttMs, texts }))),
    llm: source("llm", fixedDelayLlmHost(defined({ delayMs: llmMs, tokenMs, replies }))),
    tts: source("tts", fixedDelayTtsHost(defined({ delayMs: ttsMs }))),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(options: T): Defined<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** Mono speech-like sound at 16 kHz: a tone with silence on both sides. */
export async function* tone(ms: number, silenceMs = 400): AsyncGenerator<Float32Array> {
  yield new Float32Array(silenceMs * 16);
  yield Float32Array.from({ length: ms * 16 }, (_, i) => 0.5 * Math.sin(i / 5));
  yield new Float32Array(silenceMs * 16);
}

/** A silent logger. */
export const noLog = pino({ level: "silent" });

export type { Peer, PeerOptions };
export { createPeer };
