/** Where a voice on a server comes from. */
import { startEngineHost, type Voice } from "@parley/audio/engines";
import type { Config } from "../../config/index.ts";
import { speechHost } from "../../providers/speech/index.ts";
import type { EngineSource } from "../engine-source.ts";

/** Voices of servers mostly speak every language (ISO 639-2: "multiple languages"). */
const ANY_LANGUAGE = "mul";

/** The voices of `voice.remote_voices`: names, with a language behind a colon where one speaks only that. */
export function remoteVoicesOf(config: Config): readonly Voice[] {
  return config.voice.remote_voices
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
    .map((entry) => {
      const [name = "", language = ANY_LANGUAGE] = entry.split(":");
      return { name: name.trim(), language: language.trim() };
    });
}

/** The engine for the server of `config.voice`. Its key stands in the environment alone. */
export function speechSource(config: Config, env: NodeJS.ProcessEnv): EngineSource {
  const { remote_url: url, remote_model: model } = config.voice;
  const key = env["PARLEY_SPEECH_KEY"];
  const options = speechHost({
    url,
    model,
    voices: [...remoteVoicesOf(config)],
    ...(key === undefined || key === "" ? {} : { key }),
  });
  const stallAfterMs = config.engines.stall_seconds * 1000;
  return {
    choose: async () => `remote:${model}`,
    fetch: async () => (signal) => startEngineHost({ ...options, stallAfterMs, signal }),
  };
}
