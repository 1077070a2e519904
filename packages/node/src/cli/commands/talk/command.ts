/** `parley talk`: a live conversation through microphone and loudspeaker; speak when you like, interrupt when you like. */
import { Option, type Command } from "commander";
import { checkWritable } from "@parley/audio/format";
import type { DeviceEvent } from "@parley/audio/devices";
import type { Config } from "../../../config/index.ts";
import { messageOf } from "../../../errors.ts";
import type { CliContext } from "../../context.ts";
import { addSettingFlags, givenFlags } from "../../setting-flags.ts";
import { usage } from "../ask.ts";
import { hearingOf, hearingOption, hotWordsOption } from "../hearing.ts";
import { privacyOf, privacyOption, type PrivacyFlag } from "../privacy.ts";
import { continueOption } from "../../sessions/choose.ts";
import { withTalk, type Talk } from "../talking.ts";
import { TalkScreen } from "./screen.ts";
import { openTalkSound, speakerOn } from "./sound.ts";
import { Unanswered } from "./unanswered.ts";

interface TalkFlags extends PrivacyFlag {
  readonly in?: string;
  readonly out?: string;
  readonly inputDevice?: string;
  readonly outputDevice?: string;
  readonly wake?: boolean;
  readonly push?: boolean;
  readonly interrupt: "any" | "wake" | "never";
  readonly language?: string;
  readonly mode?: "command" | "dictation";
  readonly hotWords?: readonly string[];
  readonly echoCancellation: boolean;
}

const HELP = `
Speak when you like; Parley answers when you have finished, and stops when you speak again.
On a terminal, Enter begins listening, or ends what you are saying; "x" and Enter takes it back. Ctrl-C ends.
With --in it ends with the recording, and not with 0 when a question could not be answered.

Examples:
  parley talk
  parley talk --push                          listens only after Enter
  parley talk --in questions.wav --out answers.wav
  parley talk --out none                      answers in text only
`;

const INTERRUPTIONS = { any: "any-speech", wake: "wake-word", never: "never" } as const;

/** What of `--out` is no file. */
const PLACES = new Set(["-", "null", "none"]);

/** Adds `talk` to the program. */
export function registerTalkCommand(program: Command, context: CliContext): void {
  const command = program
    .command("talk")
    .description("talk with the assistant: microphone in, loudspeaker out, interruptions welcome")
    .option("--in <file>", "hear this recording instead of the microphone, as fast as it was spoken (- is stdin)")
    .option(
      "--out <file>",
      "speak into this file: Opus when it ends in .opus or .ogg, else WAV (- is stdout, null is nowhere, none is text only)",
    )
    .option("--input-device <name>", "a microphone, as the system names it")
    .option("--output-device <name>", "a loudspeaker, as the system names it")
    .option("--wake", "begin with a wake word (wake.words in the configuration)")
    .option("--push", "listen only when Enter is pressed")
    .addOption(
      new Option("--interrupt <by>", "what may interrupt an answer").choices(["any", "wake", "never"]).default("any"),
    )
    .option("--language <tag>", "the language that is spoken, such as en or de")
    .addOption(hearingOption())
    .addOption(hotWordsOption())
    .addOption(privacyOption())
    .addOption(continueOption())
    .option("--no-echo-cancellation", "the system takes our own voice out of the microphone itself")
    .addHelpText("after", HELP);
  addSettingFlags(command, ["voice.name", "voice.speed", "llm.provider", "models.download"]);
  command.action(async () => {
    const flags = command.opts<TalkFlags>();
    if (flags.wake === true && flags.push === true) throw usage("give --wake or --push, not both");
    // The first answer may come in an hour: what it is to be written to is looked at now.
    if (flags.out !== undefined && !PLACES.has(flags.out)) await checkWritable(flags.out);
    const voice = flags.out === "none" ? [] : (["tts"] as const);
    await withTalk(command, context, ["vad", "stt", "llm", ...voice], (talk) =>
      converse(talk, context, { ...flags, ...voiceOf(command, talk.config, flags) }),
    );
  });
}

/** The voice that is named: for a language on the command line only one that is named there as well. */
function voiceOf(command: Command, { voice }: Config, { language }: TalkFlags): { readonly voice?: string } {
  const isNamed = voice.name !== "" && (language === undefined || givenFlags(command)["voice.name"] !== undefined);
  return isNamed ? { voice: voice.name } : {};
}

async function converse(
  talk: Talk,
  context: CliContext,
  flags: TalkFlags & { readonly voice?: string },
): Promise<void> {
  const { access, config, progress, signal, json } = talk;
  // With the sound on stdout, the words go to stderr.
  const write = flags.out === "-" ? context.stderr : context.stdout;
  const screen = new TalkScreen(write, progress);
  const choice = {
    input: flags.in,
    output: flags.out,
    inputDevice: flags.inputDevice,
    outputDevice: flags.outputDevice,
    echo: flags.echoCancellation,
  };
  const onDevice = (what: string, event: DeviceEvent): void => progress.line(deviceNews(what, event));
  const onLevel = json ? () => undefined : screen.level.bind(screen);
  const sound = await openTalkSound(choice, { onDevice, onLevel }, signal);
  const stopListening = context.person?.listen((line) => session.key(line.trim() === "x" ? "cancel" : "strike"));
  const session = access.client.talk(sound.microphone, {
    ...(sound.playback === undefined ? {} : { speaker: speakerOn(sound.playback, signal) }),
    mode: flags.push === true ? "keys" : flags.wake === true ? "wake" : "open",
    interruptions: INTERRUPTIONS[flags.interrupt],
    ...hearingOf(flags),
    ...privacyOf(flags),
    ...(flags.voice === undefined ? {} : { voice: flags.voice }),
    speed: config.voice.speed,
    ...(access.client.continued?.answer === undefined ? {} : { answer: access.client.continued.answer }),
    signal,
  });
  if (!json) progress.line(`Talking with ${access.client.server.name} through ${sound.name}. ${hint(flags, context)}`);
  const unanswered = new Unanswered();
  try {
    for await (const event of session.events) {
      unanswered.see(event);
      if (json) write(`${JSON.stringify(event)}\n`);
      else screen.show(event);
    }
  } finally {
    stopListening?.();
    screen.close();
    await sound.close();
  }
  // A person at a microphone has been told, and asked again.
  if (flags.in !== undefined) unanswered.check();
}

function hint(flags: TalkFlags, { person }: CliContext): string {
  if (person === undefined) return "";
  return flags.push === true ? "Press Enter and speak; Ctrl-C ends." : "Speak when you like; Ctrl-C ends.";
}

function deviceNews(what: string, event: DeviceEvent): string {
  if (event.type === "back") return `${what} is back`;
  return `${what} is gone: ${messageOf(event.error)} Trying again.`;
}
