/** What `ask`, `say`, `listen` and `chat` share: the peer, Ctrl-C, recordings. */
import type { Command } from "commander";
import { SPEECH_RATE_HZ } from "@parley/audio";
import { openAudio, openAudioFile, toSpeech } from "@parley/audio/format";
import type { SideEvent, Timings, TurnEvent } from "@parley/sdk";
import type { Config } from "../../config/index.ts";
import { openAccess, type Access } from "../access.ts";
import type { CliContext } from "../context.ts";
import type { ServiceName } from "../../services/stage.ts";
import { downloadNotice } from "../downloads.ts";
import { sessionToContinue } from "../sessions/choose.ts";
import { withInterrupt } from "../interrupt.ts";
import { onOneLine } from "../one-line.ts";
import { ProgressLine } from "../progress.ts";
import { stageReporter } from "../service-progress.ts";
import { readCommandConfig, wantsJson } from "../setting-flags.ts";

/** As much as a microphone hands over at a time. */
const REALTIME_BLOCK_MS = 100;

/** What a talking command works with. */
export interface Talk {
  readonly access: Access;
  readonly config: Config;
  readonly progress: ProgressLine;
  readonly json: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Opens a peer, runs `body`, closes it, whatever happens; Ctrl-C cancels. `needs` is what the work will use. */
export async function withTalk(
  command: Command,
  context: CliContext,
  needs: readonly ServiceName[],
  body: (talk: Talk) => Promise<void>,
): Promise<void> {
  const { config } = readCommandConfig(command, context);
  const progress = new ProgressLine(context, undefined, wantsJson(command));
  await withInterrupt("Nothing was left half-written.", async (signal) => {
    const report = stageReporter(progress);
    const embedded = { onStage: report, onNews: (sentence: string) => progress.line(sentence) };
    const session = await sessionToContinue(command.opts()["continue"], config, context.env, signal);
    const access = await openAccess(config, context.env, embedded, signal, session);
    try {
      const notice = access.peer === undefined ? undefined : await downloadNotice(access.peer, needs);
      if (notice !== undefined) progress.line(notice);
      else if (access.kind === "embedded") progress.status("no peer is running: working in this process …");
      const onSide = ({ text }: SideEvent): void => progress.line(`(${onOneLine(text)})`);
      access.client.on("apart", onSide);
      access.client.on("together", onSide);
      await body({ access, config, progress, json: wantsJson(command), signal });
    } finally {
      progress.clear();
      await access.close();
    }
  });
}

/** A recording as speech samples; `-` is stdin. @throws AudioError of the file. */
export async function openRecording(
  path: string,
  options: { readonly maxDurationMs: number; readonly signal: AbortSignal; readonly realtime: boolean },
): Promise<AsyncIterable<Float32Array>> {
  const { maxDurationMs, signal, realtime } = options;
  const opened =
    path === "-"
      ? await openAudio(process.stdin, { signal, maxDurationMs, label: "standard input" })
      : await openAudioFile(path, { signal, maxDurationMs });
  const speech = toSpeech(opened.pcm);
  if (!realtime) return speech;
  const { MACHINE_CLOCK, paced } = await import("@parley/audio/devices");
  return paced(speech, SPEECH_RATE_HZ, { blockMs: REALTIME_BLOCK_MS, clock: MACHINE_CLOCK, signal });
}

/** An event as one JSON line; sound as its length. */
export function eventJson(event: TurnEvent): string {
  if (event.type === "opus") return `${JSON.stringify({ type: "opus", bytes: event.bytes.length })}\n`;
  if (event.type !== "audio") return `${JSON.stringify(event)}\n`;
  const durationMs = (event.samples.length / event.sampleRateHz) * 1000;
  return `${JSON.stringify({ type: "audio", sampleRateHz: event.sampleRateHz, durationMs })}\n`;
}

const TIMING_WORDS: readonly (readonly [keyof Timings, string])[] = [
  ["inputAudioMs", "audio heard"],
  ["inputEndMs", "last of the audio in"],
  ["transcriptMs", "question understood"],
  ["firstTokenMs", "first word thought"],
  ["firstSentenceMs", "first sentence to the voice"],
  ["firstAudioMs", "first sound out"],
  ["answerMs", "answer complete"],
  ["totalMs", "everything done"],
  ["outputAudioMs", "audio spoken"],
];
const LENGTHS = new Set<keyof Timings>(["inputAudioMs", "outputAudioMs"]);

/** The timings of a turn for people: moments from its start, and lengths of sound. */
export function timingsText(timings: Timings): string {
  const rows = TIMING_WORDS.flatMap(([key, words]) => {
    const value = timings[key];
    if (value === undefined) return [];
    const kind = LENGTHS.has(key) ? "long" : "after";
    return [`  ${words.padEnd(28)} ${kind.padEnd(6)} ${(value / 1000).toFixed(3).padStart(9)} s`];
  });
  return `${rows.join("\n")}\n`;
}
