/** `parley say`: text to a sound file. */
import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { addSettingFlags } from "../setting-flags.ts";
import { checked, usage } from "./ask.ts";
import { AudioOut, eventJson, timingsText, withTalk } from "./talking.ts";

interface SayFlags {
  readonly out: string;
  readonly timings?: boolean;
}

/** Adds `say` to the program. */
export function registerSayCommand(program: Command, context: CliContext): void {
  const command = program
    .command("say")
    .description("speak a text into a WAV file")
    .argument("<text...>", "what to say")
    .requiredOption("--out <file>", "the WAV file to write (- is stdout)")
    .option("--timings", "print when each stage was done")
    .addHelpText("after", '\nExample:\n  parley say "Good morning." --out morning.wav --voice af_heart\n');
  addSettingFlags(command, ["voice.name", "voice.speed", "models.download"]);
  command.action(async (words: readonly string[]) => {
    const flags = command.opts<SayFlags>();
    const text = checked(words.join(" ").trim());
    if (text === "") throw usage("there is nothing to say");
    await withTalk(command, context, ["tts"], async ({ access, config, progress, signal, json }) => {
      const out = new AudioOut(flags.out, signal);
      const write = flags.out === "-" ? context.stderr : context.stdout;
      const voice = config.voice.name === "" ? {} : { voice: config.voice.name };
      try {
        for await (const event of access.client.say(text, { speed: config.voice.speed, signal, ...voice })) {
          if (event.type === "audio") await out.write(event);
          if (event.type === "sentence") progress.status(`saying: ${event.text}`);
          if (json) write(eventJson(event));
          else if (event.type === "done" && flags.timings === true) progress.line(timingsText(event.timings).trimEnd());
        }
        await out.finish();
        if (!json && flags.out !== "-") progress.line(`spoken into ${flags.out}`);
      } catch (error) {
        await out.abandon(error);
        throw error;
      }
    });
  });
}
