/** The host's loudspeaker, through a program that comes with the system. */
import { basename } from "node:path";
import { isAudioError } from "../errors.ts";
import type { AudioError } from "../errors.ts";
import { toPcm16 } from "../format/wav-writer.ts";
import { deviceError, startProgram } from "./child.ts";
import { MACHINE_CLOCK } from "./clock.ts";
import type { AudioSink, SinkDevice } from "./contracts.ts";
import { findPrograms } from "./programs.ts";
import type { DeviceProgram } from "./programs.ts";

/** What voices speak at here; the system converts. */
const SPEAKER_RATE_HZ = 24_000;
/** A program that cannot open its device says so and ends; one that lives this long is believed. */
const SETTLING_MS = 150;

/** On a busy machine a program may take longer to fail: one that dies younger than this gives way to the next. */
const PROVEN_MS = 2000;

/** Options of {@link speaker}. */
export interface SpeakerOptions {
  /** 24,000 when absent. */
  readonly sampleRateHz?: number | undefined;
  /** A device as the system's programs name it; its default when absent. */
  readonly device?: string | undefined;
  /** Programs to try instead of those that are found. */
  readonly programs?: readonly [DeviceProgram, ...DeviceProgram[]] | undefined;
}

/**
 * The loudspeaker as a device to open sinks on. The first program that stays alive is used, and again next time.
 * @throws AudioError `device-missing` at once when no program is installed.
 */
export function speaker(options: SpeakerOptions = {}): SinkDevice {
  const { sampleRateHz = SPEAKER_RATE_HZ, device } = options;
  const programs = options.programs ?? findPrograms({ direction: "playback", sampleRateHz, device });
  let first = 0;
  let isProven = false;
  return {
    name: `speaker (${basename(programs[0].command)})`,
    sampleRateHz,
    open: async (signal) => {
      let failure: AudioError | undefined;
      for (let attempt = 0; attempt < programs.length; attempt++) {
        const program = programs[first] ?? programs[0];
        const next = (): void => {
          first = (first + 1) % programs.length;
          isProven = false;
        };
        try {
          return await openProgram(program, isProven ? 0 : SETTLING_MS, signal, (livedMs) => {
            if (livedMs >= PROVEN_MS) isProven = true;
            else next();
          });
        } catch (error) {
          if (!isAudioError(error, "device-failed")) throw error;
          failure = error;
          next();
        }
      }
      throw failure ?? deviceError("device-failed", "speaker", programs[0], "it was not tried");
    },
  };
}

/** `onEnd` is told how long the program lived, when it is let go or dies. */
async function openProgram(
  program: DeviceProgram,
  settlingMs: number,
  signal: AbortSignal,
  onEnd: (livedMs: number) => void,
): Promise<AudioSink> {
  const startedMs = MACHINE_CLOCK.nowMs();
  const child = startProgram(program, "stdin");
  const { stdin } = child.process;
  // What goes wrong with the pipe is told by the write that meets it.
  stdin?.on("error", () => undefined);
  let why: string | undefined;
  void child.ended.then((reason) => (why = reason));
  await endedWithin(child.ended, settlingMs, signal);
  if (why !== undefined) throw deviceError("device-failed", "speaker", program, why);
  const write = async (samples: Float32Array): Promise<void> => {
    const failed = await Promise.race([
      child.ended,
      new Promise<string | undefined>((resolve) => {
        if (stdin === null) resolve("it has no input");
        else stdin.write(toPcm16(samples), (error) => resolve(error?.message));
      }),
    ]);
    if (failed === undefined) return;
    onEnd(MACHINE_CLOCK.nowMs() - startedMs);
    throw deviceError("device-lost", "speaker", program, why ?? failed);
  };
  const close = async (): Promise<void> => {
    if (why === undefined) onEnd(PROVEN_MS);
    stdin?.end();
    // It plays what it holds and ends by itself; a stuck one is not waited for.
    await endedWithin(child.ended, 4 * program.latencyMs + 500, undefined);
    if (why === undefined) await child.stop();
  };
  return { latencyMs: program.latencyMs, write, close };
}

/** Waits for `ended`, `ms` or `signal`, and leaves no timer behind. */
async function endedWithin(ended: Promise<string>, ms: number, signal: AbortSignal | undefined): Promise<void> {
  const over = new AbortController();
  const stop = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
  await Promise.race([ended, MACHINE_CLOCK.sleep(ms, stop)]);
  over.abort();
}
