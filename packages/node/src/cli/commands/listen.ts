/** `parley listen`: a recording to text. */
import type { Command } from "commander";
import { isAudioError } from "@parley/audio";
import type { CliContext } from "../context.ts";
import { addSettingFlags } from "../setting-flags.ts";
import { hearingOf, hearingOption, hotWordsOption } from "./hearing.ts";
import { languageWarning } from "./heard-languages.ts";
import { privacyOf, privacyOption, type PrivacyFlag } from "./privacy.ts";
import { eventJson, openRecording, timingsText, withTalk } from "./talking.ts";

interface ListenFlags extends PrivacyFlag {
  readonly realtime?: boolean;
  readonly times?: boolean;
  readonly mode?: "command" | "dictation";
  readonly hotWords?: readonly string[];
  readonly language?: string;
  readonly timings?: boolean;
}

const HELP = `
Examples:
  parley listen interview.mp3 --times
  parley listen letter.wav --mode dictation            "comma", "new line" are written as marks
  parley listen order.wav --mode command --hot-words "Parley, kitchen light"
`;

/** Adds `listen` to the program. */
export function registerListenCommand(program: Command, context: CliContext): void {
  const command = program
    .command("listen")
    .description("transcribe a recording, one line for each stretch of speech")
    .argument("<file>", "the recording (WAV, MP3, FLAC, OGG; - is stdin)")
    .option("--times", "print where each line begins and ends, in seconds")
    .addOption(hearingOption())
    .addOption(hotWordsOption())
    .option("--language <tag>", "the language that is spoken, such as en or de")
    .option("--realtime", "hand the recording on as fast as it was spoken, as a microphone would")
    .option("--timings", "print when each stage was done")
    .addOption(privacyOption())
    .addHelpText("after", HELP);
  addSettingFlags(command, ["models.download"]);
  command.action(async (file: string) => {
    const flags = command.opts<ListenFlags>();
    await withTalk(command, context, ["vad", "stt"], async ({ access, config, progress, signal, json }) => {
      const realtime = flags.realtime === true;
      const maxDurationMs = config.limits.listen_minutes * 60_000;
      const { speech, damage } = heardFirst(await openRecording(file, { maxDurationMs, signal, realtime }));
      let heard = false;
      const how = { partials: realtime ? "live" : "every", ...hearingOf(flags), ...privacyOf(flags), signal } as const;
      let isLanguageChecked = flags.language === undefined;
      for await (const event of access.client.listen(speech, how)) {
        if (!isLanguageChecked && flags.language !== undefined) {
          isLanguageChecked = true;
          // By now it is certain who recognises.
          const warning = await languageWarning(access.client, flags.language, signal);
          if (warning !== undefined) progress.line(warning);
        }
        if (json) {
          context.stdout(eventJson(event));
          continue;
        }
        if (event.type === "partial") progress.status(`hearing: ${event.text} …`);
        if (event.type === "segment") {
          heard = true;
          progress.clear();
          const { startMs, endMs, text } = event;
          const times = `[${(startMs / 1000).toFixed(2)}–${(endMs / 1000).toFixed(2)}] `;
          context.stdout(`${flags.times === true ? times : ""}${text}\n`);
        }
        if (event.type === "done" && flags.timings === true) progress.line(timingsText(event.timings).trimEnd());
      }
      if (damage() !== undefined) throw damage();
      if (!heard && !json) progress.line("no speech was heard");
    });
  });
}

/** A damaged recording is heard as far as it goes; what is wrong with the rest is told afterwards. */
function heardFirst(recording: AsyncIterable<Float32Array>): {
  readonly speech: AsyncIterable<Float32Array>;
  readonly damage: () => unknown;
} {
  let damage: unknown;
  async function* speech(): AsyncGenerator<Float32Array> {
    try {
      yield* recording;
    } catch (error) {
      if (!isAudioError(error, "audio-truncated", "audio-corrupt")) throw error;
      damage = error;
    }
  }
  return { speech: speech(), damage: () => damage };
}
