/** A peer for a while, in a home of its own, and a client at its real socket. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ParleyClient } from "@parley/sdk";
import { hostFacts, loadConfig, type FlagValues } from "../../src/config/index.ts";
import { createPeer, type Peer } from "../../src/peer.ts";
import type { EngineSources } from "../../src/services/engine-sources.ts";
import type { Models } from "./material.ts";

/** Settings for the real engines of a models folder; the language model tells children's stories, always the same. */
export function realFlags(at: Models, more: FlagValues = {}): FlagValues {
  return { "models.folder": at("."), "models.llm": "stories15m", "llm.temperature": "0", ...more };
}

/** @throws Error when `flags` are no settings */
export function configFor(home: string, flags: FlagValues): Peer["config"] {
  const all = {
    "listen.port": "0",
    "cluster.enabled": "false",
    "models.download": "false",
    "llm.provider": "embedded",
    "log.level": "error",
    // What a voice takes is measured, not how often the same is said.
    "voice.cache_mib": "0",
    ...flags,
    home,
  };
  const loaded = loadConfig({ env: {}, flags: all, host: hostFacts({}), cwd: home });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("\n"));
  return loaded.config;
}

export async function withHome<T>(body: (home: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), "parley-bench-"));
  try {
    return await body(home);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Runs `body` with a client of a peer that has `flags`, on `sources` in the place of its models where they are given. */
export function withPeer<T>(
  flags: FlagValues,
  sources: EngineSources | undefined,
  body: (client: ParleyClient) => Promise<T>,
): Promise<T> {
  return withHome(async (home) => {
    const config = configFor(home, flags);
    const peer = await createPeer({ config, patient: true, ...(sources === undefined ? {} : { sources }) });
    const client = await connect({ url: `${peer.url.replace("http", "ws")}/ws`, token: peer.token });
    try {
      return await body(client);
    } finally {
      client.close();
      await peer.close();
    }
  });
}
