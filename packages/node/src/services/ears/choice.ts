/** What `[ears]` asks for, as a source and a sink. */
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { AudioError, SPEECH_RATE_HZ } from "@parley/audio";
import { fileSink, fileSource, microphone, nullSink, rawSource, speaker } from "@parley/audio/devices";
import type { AudioSource, DeviceEvent, SinkDevice } from "@parley/audio/devices";
import { codeOf, messageOf } from "../../errors.ts";
import type { Config } from "../../config/index.ts";
import { FILE, isDevice, RAW } from "./places.ts";
import type { SoundChoice } from "./sound.ts";

const VOICE_RATE_HZ = 24_000;

/**
 * The chosen source and sink; a microphone's coming and going is told to `onDevice`.
 * @throws AudioError `device-missing` when there is no program for a device; `file-unreadable` for a pipe that cannot be opened.
 */
export function soundChoice(
  { source, sink, echo_cancellation }: Config["ears"],
  onDevice: (what: string, event: DeviceEvent) => void,
): SoundChoice {
  // Only a microphone hears the loudspeaker.
  const echo = echo_cancellation && isDevice(source) && isDevice(sink) && sink !== "null";
  return { source: sourceOf(source, onDevice), sink: sinkOf(sink), echo };
}

function sourceOf(choice: string, onDevice: (what: string, event: DeviceEvent) => void): AudioSource {
  if (choice.startsWith(FILE)) return fileSource(choice.slice(FILE.length));
  if (choice.startsWith(RAW)) return pipeSource(choice.slice(RAW.length));
  const device = choice === "default" ? undefined : choice;
  return microphone({ device, onEvent: (event) => onDevice("microphone", event) });
}

function sinkOf(choice: string): SinkDevice {
  if (choice === "null") return nullSink(VOICE_RATE_HZ);
  if (choice.startsWith(FILE)) return fileSink(choice.slice(FILE.length), VOICE_RATE_HZ);
  return speaker({ device: choice === "default" ? undefined : choice });
}

/** Whoever writes into a named pipe may come and go. */
function pipeSource(path: string): AudioSource {
  const layout = { encoding: "pcm16", channels: 1, sampleRateHz: SPEECH_RATE_HZ } as const;
  return {
    name: `pipe ${path}`,
    sampleRateHz: SPEECH_RATE_HZ,
    async *blocks(signal) {
      const pipe = openPipe(path);
      const end = (): void => void pipe.destroy();
      signal.addEventListener("abort", end, { once: true });
      try {
        yield* rawSource(pipe, layout).blocks(signal);
      } finally {
        signal.removeEventListener("abort", end);
        end();
      }
    },
  };
}

/** Opened for writing as well, so that it does not end with the first writer; and without waiting for one. */
function openPipe(path: string): Socket {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    return new Socket({ fd, readable: true, writable: false });
  } catch (cause) {
    if (fd !== undefined) closeSync(fd);
    throw new AudioError("file-unreadable", `cannot listen to the pipe ${path}: ${messageOf(cause)}`, {
      nextStep: codeOf(cause) === "ENOENT" ? `Make it: mkfifo ${path}` : "Give a named pipe (mkfifo) as ears.source.",
      cause,
    });
  }
}
