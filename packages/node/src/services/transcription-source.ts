/** Where a recogniser on a server comes from. */
import { startEngineHost } from "@parley/audio/engines";
import type { Config } from "../config/index.ts";
import { transcriptionHost } from "../providers/transcription/index.ts";
import type { EngineSource } from "./engine-source.ts";

/** The engine for the server of `config.stt`. Its key stands in the environment alone. */
export function transcriptionSource(config: Config, env: NodeJS.ProcessEnv): EngineSource {
  const { remote_url: url, remote_model: model, remote_timeout_s } = config.stt;
  const key = env["PARLEY_STT_KEY"];
  const options = transcriptionHost({
    url,
    model,
    timeoutMs: remote_timeout_s * 1000,
    ...(key === undefined || key === "" ? {} : { key }),
  });
  const stallAfterMs = config.engines.stall_seconds * 1000;
  return {
    choose: async () => `remote:${model}`,
    fetch: async () => (signal) => startEngineHost({ ...options, stallAfterMs, signal }),
  };
}
