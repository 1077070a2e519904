/** `parley say`: text, or an SSML document, to a sound file. */
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { addSettingFlags } from "../setting-flags.ts";
import { checked, textFrom, usage } from "./ask.ts";
import { addOutFlags, AudioOut, type SoundFormat } from "./audio-out.ts";
import { privacyOf, privacyOption, type PrivacyFlag } from "./privacy.ts";
import { eventJson, timingsText, withTalk } from "./talking.ts";
import { voiceChoice } from "./voice-choice.ts";

interface SayFlags extends PrivacyFlag {
  readonly out?: string;
  readonly format?: SoundFormat;
  readonly ssml?: boolean;
  readonly keep?: boolean;
  readonly timings?: boolean;
}

const HELP = `
Examples:
  parley say "Good morning." --out morning.wav --voice af_heart
  parley say "Good morning." --out morning.opus --language en-GB
  parley say --ssml '<speak>Wait <break time="1s"/> <emphasis>now</emphasis>!</speak>' --out now.wav
  parley say --ssml --out poem.opus < poem.ssml
`;

/** Adds `say` to the program. */
export function registerSayCommand(program: Command, context: CliContext): void {
  const command = program
    .command("say")
    .description("speak a text into a sound file")
    .argument("[text...]", "what to say; read from stdin when it is not given");
  addOutFlags(command, "write")
    .option("--ssml", "the text is a whole SSML document")
    .option("--keep", "the text is no secret: keep its sound on disk, and say it at once the next time")
    .option("--timings", "print when each stage was done")
    .addOption(privacyOption())
    .addHelpText("after", HELP);
  addSettingFlags(command, ["voice.name", "voice.language", "voice.speed", "models.download"]);
  command.action(async (words: readonly string[]) => {
    const flags = command.opts<SayFlags>();
    const { out: path, format, ssml = false, keep = false, timings = false } = flags;
    if (path === undefined) throw usage("name the file to write: --out FILE");
    const given = checked(words.join(" ").trim());
    const text = given === "" ? await textFrom(process.stdin, "there is nothing to say") : given;
    await withTalk(command, context, ["tts"], async ({ access, config, progress, signal, json }) => {
      const out = new AudioOut(path, format, signal);
      const write = path === "-" ? context.stderr : context.stdout;
      try {
        const how = { ...voiceChoice(command, config), ssml, keep, ...privacyOf(flags), signal };
        for await (const event of access.client.say(text, how)) {
          if (event.type === "audio") await out.write(event);
          if (event.type === "sentence") progress.status(`saying: ${event.text}`);
          if (json) write(eventJson(event));
          else if (event.type === "done" && timings) progress.line(timingsText(event.timings).trimEnd());
        }
        await out.finish();
        if (!json && path !== "-") progress.line(`spoken into ${path}`);
      } catch (error) {
        await out.abandon(error);
        throw error;
      }
    });
  });
}
