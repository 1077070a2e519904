/** Which voice a command asks its peer for. */
import type { Command } from "commander";
import type { Config } from "../../config/index.ts";
import { givenFlags } from "../setting-flags.ts";

/** What is asked of the peer; a language on the command line outweighs a voice that is only configured. */
export interface VoiceChoice {
  readonly voice?: string;
  readonly language?: string;
  readonly speed: number;
}

/** The choice of `command`, which runs with `config`. */
export function voiceChoice(command: Command, config: Config): VoiceChoice {
  const { name, language, speed } = config.voice;
  const flags = givenFlags(command);
  if (flags["voice.language"] !== undefined && flags["voice.name"] === undefined) return { language, speed };
  if (flags["voice.language"] !== undefined) return { voice: name, language, speed };
  if (name !== "") return { voice: name, speed };
  return { ...(language === "" ? {} : { language }), speed };
}
