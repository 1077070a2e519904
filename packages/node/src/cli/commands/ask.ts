/** `parley ask`: one question in text or sound, one answer in text and, if wished, in sound. */
import type { Command } from "commander";
import { MAX_REQUEST_CHARS, type TurnEvent } from "@parley/sdk";
import { PeerError } from "../../errors.ts";
import type { ServiceName } from "../../services/stage.ts";
import type { CliContext } from "../context.ts";
import type { ProgressLine } from "../progress.ts";
import { addSettingFlags } from "../setting-flags.ts";
import { addOutFlags, AudioOut, type SoundFormat } from "./audio-out.ts";
import { privacyOf, privacyOption, type PrivacyFlag } from "./privacy.ts";
import { eventJson, openRecording, timingsText, withTalk, type Talk } from "./talking.ts";
import { voiceChoice, type VoiceChoice } from "./voice-choice.ts";

interface AskFlags extends PrivacyFlag {
  readonly audio?: string;
  readonly out?: string;
  readonly format?: SoundFormat;
  readonly realtime?: boolean;
  readonly timings?: boolean;
}

const HELP = `
The answer goes to stdout as it is written; what was heard and the progress go to stderr.

Examples:
  parley ask "What is the capital of France?"
  parley ask --privacy host "What did the doctor say?"
  parley ask --audio question.wav --out answer.wav --timings
  echo "Tell me a joke." | parley ask --out joke.wav
`;

/** Adds `ask` to the program. */
export function registerAskCommand(program: Command, context: CliContext): void {
  const command = program
    .command("ask")
    .description("ask one question, in words or with a recording, and get the answer in words or sound")
    .argument("[text...]", "the question; read from stdin when neither it nor --audio is given")
    .option("--audio <file>", "ask with this recording (WAV, MP3, FLAC, OGG; - is stdin)");
  addOutFlags(command, "also speak the answer, into")
    .option("--realtime", "hand the recording on as fast as it was spoken, as a microphone would")
    .option("--timings", "print when each stage was done")
    .addOption(privacyOption())
    .addHelpText("after", HELP);
  addSettingFlags(command, ["voice.name", "voice.language", "voice.speed", "llm.provider", "models.download"]);
  command.action(async (words: readonly string[]) => {
    const flags = command.opts<AskFlags>();
    const text = words.join(" ").trim();
    if (text !== "" && flags.audio !== undefined) throw usage("give the question as text or as --audio, not both");
    const question = flags.audio === undefined ? await textOrStdin(text) : undefined;
    await withTalk(command, context, needsOf(flags), (talk) =>
      ask(talk, context, { ...flags, ...voiceChoice(command, talk.config) }, question),
    );
  });
}

function needsOf(flags: AskFlags): readonly ServiceName[] {
  const ears = flags.audio === undefined ? [] : (["vad", "stt"] as const);
  return [...ears, "llm", ...(flags.out === undefined ? [] : (["tts"] as const))];
}

async function ask(
  talk: Talk,
  context: CliContext,
  flags: AskFlags & VoiceChoice,
  question: string | undefined,
): Promise<void> {
  const { access, config, signal, progress } = talk;
  const options = {
    speak: flags.out !== undefined,
    speed: flags.speed,
    partials: flags.realtime === true ? ("live" as const) : ("every" as const),
    signal,
    ...privacyOf(flags),
    ...(flags.voice === undefined ? {} : { voice: flags.voice }),
    ...(flags.language === undefined ? {} : { language: flags.language }),
  };
  const input =
    question === undefined
      ? {
          audio: await openRecording(flags.audio ?? "-", {
            maxDurationMs: config.limits.ask_seconds * 1000,
            signal,
            realtime: flags.realtime === true,
          }),
        }
      : { text: question };
  const out = flags.out === undefined ? undefined : new AudioOut(flags.out, flags.format, signal);
  // With the sound on stdout, the words go to stderr.
  const write = flags.out === "-" ? context.stderr : context.stdout;
  let isMidLine = false;
  try {
    for await (const event of access.client.ask(input, options)) {
      if (!talk.json) isMidLine = event.type === "text" || (isMidLine && event.type !== "done");
      if (event.type === "audio") await out?.write(event);
      if (talk.json) write(eventJson(event));
      else show(event, { write, progress, timings: flags.timings === true, spoken: question === undefined });
    }
    await out?.finish();
    if (flags.out !== undefined && flags.out !== "-" && !talk.json) progress.line(`spoken into ${flags.out}`);
  } catch (error) {
    if (isMidLine) write("\n");
    await out?.abandon(error);
    throw error;
  }
}

interface Screen {
  readonly write: (text: string) => void;
  readonly progress: ProgressLine;
  readonly timings: boolean;
  readonly spoken: boolean;
}

/** Shows an event of a turn to a person. */
export function show(event: TurnEvent, screen: Screen): void {
  const { progress, write } = screen;
  switch (event.type) {
    case "partial":
      // On a terminal the partial is replaced as it grows; elsewhere each one is a line.
      if (process.stderr.isTTY === true) progress.status(`hearing: ${event.text} …`);
      else progress.line(`hearing: ${event.text} …`);
      return;
    case "question":
      if (screen.spoken) progress.line(`heard: ${event.text}`);
      return;
    case "text":
      progress.clear();
      write(event.delta);
      return;
    case "done":
      write("\n");
      if (screen.timings) progress.line(timingsText(event.timings).trimEnd());
      return;
    case "speech-start":
    case "segment":
    case "sentence":
    case "timing":
    case "audio":
    case "opus":
      return;
  }
}

async function textOrStdin(text: string): Promise<string> {
  if (text !== "") return checked(text);
  if (process.stdin.isTTY === true)
    throw usage('give a question: parley ask "…", or a recording: parley ask --audio FILE');
  return textFrom(process.stdin, "the question on stdin is empty");
}

/** All text of `stdin`, as far as a request takes it. @throws PeerError `usage`, of `empty` when there is none or nobody sends one. */
export async function textFrom(stdin: NodeJS.ReadStream, empty: string): Promise<string> {
  let read = "";
  if (stdin.isTTY !== true) {
    for await (const chunk of stdin.setEncoding("utf8")) {
      read += String(chunk);
      if (read.length > MAX_REQUEST_CHARS) break;
    }
  }
  if (read.trim() === "") throw usage(empty);
  return checked(read.trim());
}

/** @throws PeerError `usage` for text that is too long for one request. */
export function checked(text: string): string {
  if (text.length <= MAX_REQUEST_CHARS) return text;
  throw usage(`the text has more than ${MAX_REQUEST_CHARS} characters`);
}

/** @returns a PeerError for a command given wrongly. */
export function usage(message: string): PeerError {
  return new PeerError("usage", message, { nextStep: "See: parley help, or the command with --help." });
}
