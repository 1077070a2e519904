/** What tests of the node package share: homes that vanish, peers with engines of fixed delay. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { expect } from "vitest";
import { loadConfig, hostFacts, type Config, type FlagValues } from "../src/config/index.ts";
import { createPeer, type Peer, type PeerOptions } from "../src/peer.ts";

/** A folder for one test. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "parley-test-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A configuration for a test's home: any free port, no downloads, no cluster, no noise. */
export function testConfig(home: string, flags: FlagValues = {}): Config {
  const quiet: FlagValues = {
    home,
    "listen.host": "127.0.0.1",
    "listen.port": "0",
    "mesh.host": "127.0.0.1",
    "mesh.port": "0",
    "cluster.enabled": "false",
    "models.download": "false",
    "llm.provider": "embedded",
    "log.level": "silent",
    ...flags,
  };
  const loaded = loadConfig({ env: {}, flags: quiet, host: hostFacts({}), cwd: home });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("\n"));
  return loaded.config;
}

/** Mono speech-like sound at 16 kHz: a tone with silence on both sides. */
export async function* tone(ms: number, silenceMs = 400): AsyncGenerator<Float32Array> {
  yield new Float32Array(silenceMs * 16);
  yield Float32Array.from({ length: ms * 16 }, (_, i) => 0.5 * Math.sin(i / 5));
  yield new Float32Array(silenceMs * 16);
}

/** What `read` gives by and by, however busy the machine is. */
export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 30_000 });
}

/** A silent logger. */
export const noLog = pino({ level: "silent" });

export type { Peer, PeerOptions };
export { createPeer };
export { fixedDelaySources, type FixedDelays } from "../src/testing/index.ts";
