/** Where `parley talk` hears and speaks: the host's microphone and loudspeaker, or files, pipes and nothing in their place. */
import { createEchoCanceller, createEchoPath, type EchoPath } from "@parley/audio/converse";
import {
  fileSink,
  fileSource,
  microphone,
  nullSink,
  Playback,
  pipeSink,
  speaker,
  type AudioSource,
  type DeviceEvent,
  type SinkDevice,
} from "@parley/audio/devices";
import { createMeter, type LevelEvent } from "@parley/audio/format";
import { SPEECH_RATE_HZ } from "@parley/audio";
import type { CapturedSound, Speaker } from "@parley/sdk";

/** What was asked for. `-` is a pipe, `null` nothing. */
export interface SoundChoice {
  /** A file instead of the microphone. */
  readonly input: string | undefined;
  /** A file instead of the loudspeaker. */
  readonly output: string | undefined;
  readonly inputDevice: string | undefined;
  readonly outputDevice: string | undefined;
  /** Whether our own voice is taken out of the microphone. */
  readonly echo: boolean;
}

/** What a person is told of devices. */
export interface SoundNews {
  readonly onDevice: (what: string, event: DeviceEvent) => void;
  readonly onLevel: (level: LevelEvent) => void;
}

/** An open pair of ears and mouth. */
export interface Sound {
  /** "microphone (parec), speaker (pacat)" */
  readonly name: string;
  readonly microphone: AsyncIterable<Float32Array | CapturedSound>;
  /** Undefined when nothing is to be heard. */
  readonly speaker: Speaker | undefined;
  close(): Promise<void>;
}

/** Levels shown a second. */
const LEVELS_PER_SECOND = 10;
const VOICE_RATE_HZ = 24_000;

/**
 * Opens what was chosen.
 * @throws AudioError `device-missing` when there is no program for a device; of files what opening them throws.
 */
export async function openSound(choice: SoundChoice, news: SoundNews, signal: AbortSignal): Promise<Sound> {
  const source = sourceOf(choice, news);
  const device = sinkOf(choice);
  // A file does not hear what is played.
  const hasEcho = choice.echo && choice.input === undefined && device !== undefined && choice.output === undefined;
  const canceller = hasEcho ? await createEchoCanceller() : undefined;
  const echo =
    canceller === undefined || device === undefined ? undefined : createEchoPath(canceller, device.sampleRateHz);
  const playback =
    device === undefined
      ? undefined
      : new Playback(device, {
          onEvent: (event) => news.onDevice(device.name, event),
          onPlayed: (samples) => echo?.played(samples, performance.now()),
        });
  return {
    name: device === undefined ? source.name : `${source.name}, ${device.name}`,
    microphone: heard(source, echo, news, signal),
    speaker: playback === undefined ? undefined : speakerOn(playback, signal),
    close: async () => {
      await playback?.close();
      canceller?.[Symbol.dispose]();
    },
  };
}

function sourceOf({ input, inputDevice }: SoundChoice, news: SoundNews): AudioSource {
  if (input === undefined) {
    return microphone({ device: inputDevice, onEvent: (event) => news.onDevice("microphone", event) });
  }
  return fileSource(input === "-" ? process.stdin : input);
}

function sinkOf({ output, outputDevice }: SoundChoice): SinkDevice | undefined {
  if (output === undefined) return speaker({ device: outputDevice });
  if (output === "none") return undefined;
  if (output === "null") return nullSink(VOICE_RATE_HZ);
  return output === "-" ? pipeSink(process.stdout, "wav", VOICE_RATE_HZ) : fileSink(output, VOICE_RATE_HZ);
}

/** The microphone, without what we play ourselves, and how much that was. */
async function* heard(
  source: AudioSource,
  echo: EchoPath | undefined,
  { onLevel }: SoundNews,
  signal: AbortSignal,
): AsyncGenerator<Float32Array | CapturedSound> {
  const meter = createMeter({ sampleRateHz: SPEECH_RATE_HZ, eventsPerSecond: LEVELS_PER_SECOND });
  for await (const block of source.blocks(signal)) {
    for (const level of meter.push(block)) onLevel(level);
    if (echo === undefined) yield block;
    else {
      for (const { samples, echoLikelihood } of echo.heard(block, performance.now())) {
        yield { samples, echo: echoLikelihood };
      }
    }
  }
}

function speakerOn(playback: Playback, signal: AbortSignal): Speaker {
  return {
    get heardMs() {
      return playback.heardMs;
    },
    play: (sound) => playback.play(sound, signal),
    finished: () => playback.finished(signal),
    stop: () => {
      const { heardMs, tailMs } = playback.stop();
      // What is in the device already is heard as well.
      return { heardMs: heardMs + tailMs };
    },
    duck: (gainDb, fadeMs) => playback.duck(gainDb, fadeMs),
    restore: (fadeMs) => playback.restore(fadeMs),
  };
}
