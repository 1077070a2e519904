/** `parley voices`: who can speak here, and in which languages. */
import type { Command } from "commander";
import { chooseVoice, voiceOfLanguage, type Voice } from "@parley/audio/engines";
import { voicesOf } from "@parley/audio/models";
import * as z from "zod";
import type { Config } from "../../config/index.ts";
import { PeerError } from "../../errors.ts";
import { modelChoice } from "../../services/model-choice.ts";
import { modelStoreFor } from "../../services/model-store.ts";
import { remoteVoicesOf } from "../../services/voice/speech-source.ts";
import { wishOf } from "../../services/voice/voice-service.ts";
import { read } from "../cluster/answers.ts";
import type { CliContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { openManagement } from "../management.ts";
import { addSettingFlags, givenFlags, readCommandConfig, wantsJson } from "../setting-flags.ts";

const HELP = `
A language is found as it is asked (en-GB), else without its region (en), else in a near region (en-AU is spoken by an
en-GB voice). "mul" is a voice that reads every language.

Examples:
  parley voices
  parley voices --language de
  parley say "Good morning." --language en-GB --out morning.wav
`;

/** Adds `voices` to the program. */
export function registerVoicesCommand(program: Command, context: CliContext): void {
  const command = program
    .command("voices")
    .description("list the voices that can speak here, or with --peer in that house, and their languages")
    .addHelpText("after", HELP);
  addSettingFlags(command, ["voice.name", "voice.language", "models.folder"]);
  command.action(async () => {
    const { config } = readCommandConfig(command, context);
    const { model, voices } = await (config.client.peer === "" ? voicesHere(config) : voicesThere(config, context));
    const flags = givenFlags(command);
    const asked = flags["voice.language"];
    // Refuses what nobody speaks, with what there is.
    const chosen = chooseVoice(voices, wishOf(config, { language: asked, voice: flags["voice.name"] }));
    const shown =
      asked === undefined ? voices : voices.filter((voice) => voiceOfLanguage([voice], asked) !== undefined);
    if (wantsJson(command)) {
      const list = shown.map(({ name, language }) => ({ name, language, model, chosen: name === chosen.name }));
      context.stdout(`${JSON.stringify({ voices: list })}\n`);
      return;
    }
    const rows = shown.map(({ name, language }) => {
      const mark = name === chosen.name ? "  speaks unless another is asked for" : "";
      return `${language.padEnd(8)} ${name.padEnd(14)}${mark}`.trimEnd();
    });
    context.stdout(`voices of ${model}:\n${rows.join("\n")}\n`);
  });
}

const capabilities = z.object({
  name: z.string(),
  services: z.object({
    tts: z
      .object({ model: z.string(), voices: z.array(z.object({ name: z.string(), language: z.string() })) })
      .optional(),
  }),
});

/** The voices that the peer it asks can give, its own or others of its house. @throws PeerError `peer-refused` while there are none */
async function voicesThere(
  config: Config,
  { env }: CliContext,
): Promise<{ readonly model: string; readonly voices: readonly Voice[] }> {
  const management = await openManagement(config, env);
  let answer: unknown;
  await withInterrupt("Run it again when you like.", async (signal) => {
    answer = await management.getPage("/capabilities", { signal });
  });
  const { name, services } = read(capabilities, answer);
  if (services.tts !== undefined && services.tts.voices.length > 0) return services.tts;
  throw new PeerError("peer-refused", `nobody in the house of ${name} can speak now`, {
    nextStep: "See how far its services are: parley status.",
  });
}

/** The voices of the engine that the configuration chooses; asks neither an engine nor a server. */
async function voicesHere(config: Config): Promise<{ readonly model: string; readonly voices: readonly Voice[] }> {
  if (config.voice.provider === "remote") {
    return { model: `remote:${config.voice.remote_model}`, voices: remoteVoicesOf(config) };
  }
  const store = modelStoreFor(config);
  const model = await modelChoice(store, "tts", config);
  const entry = store.catalogue.find(({ name }) => name === model);
  return { model, voices: entry === undefined ? [] : voicesOf(entry) };
}
