/** A pair of ears and a mouth: a source to hear with, a sink to speak through, and our own voice taken out of what is heard. */
import { SPEECH_RATE_HZ } from "@parley/audio";
import { createEchoCanceller, createEchoPath, type EchoPath, type ReplyPlayback } from "@parley/audio/converse";
import { Playback, type AudioSource, type DeviceEvent, type SinkDevice } from "@parley/audio/devices";
import { createMeter, type LevelEvent } from "@parley/audio/format";

/** What is heard and spoken through. */
export interface SoundChoice {
  readonly source: AudioSource;
  /** Nothing is to be heard when undefined. */
  readonly sink: SinkDevice | undefined;
  /** Whether the source hears the sink, and its sound has to be taken out. */
  readonly echo: boolean;
}

/** What is told of devices. */
export interface SoundNews {
  readonly onDevice: (what: string, event: DeviceEvent) => void;
  readonly onLevel?: ((level: LevelEvent) => void) | undefined;
}

/** What was captured, without our own voice. */
export interface HeardSound {
  readonly samples: Float32Array;
  /** How likely it is what is left of our own playback, 0 to 1; absent where that is not looked for. */
  readonly echo?: number | undefined;
}

/** A loudspeaker of this host: it knows at once how far it got. */
export interface LocalPlayback extends ReplyPlayback {
  stop(): { readonly heardMs: number };
}

/** Open ears and mouth. */
export interface Sound {
  /** "microphone (parec), speaker (pacat)" */
  readonly name: string;
  /** Mono at `SPEECH_RATE_HZ`. One reader. */
  readonly microphone: AsyncIterable<HeardSound>;
  /** Undefined when nothing is to be heard. */
  readonly playback: LocalPlayback | undefined;
  close(): Promise<void>;
}

/** Levels told a second. */
const LEVELS_PER_SECOND = 10;

/** Opens what was chosen; the devices themselves are opened when they are first heard or spoken through. */
export async function openSound(choice: SoundChoice, news: SoundNews, signal: AbortSignal): Promise<Sound> {
  const { source, sink } = choice;
  const canceller = choice.echo && sink !== undefined ? await createEchoCanceller() : undefined;
  const echo = canceller === undefined || sink === undefined ? undefined : createEchoPath(canceller, sink.sampleRateHz);
  const playback =
    sink === undefined
      ? undefined
      : new Playback(sink, {
          onEvent: (event) => news.onDevice(sink.name, event),
          onPlayed: (samples) => echo?.played(samples, performance.now()),
        });
  return {
    name: sink === undefined ? source.name : `${source.name}, ${sink.name}`,
    microphone: heard(source, echo, news, signal),
    playback: playback === undefined ? undefined : replyPlayback(playback),
    close: async () => {
      await playback?.close();
      canceller?.[Symbol.dispose]();
    },
  };
}

async function* heard(
  source: AudioSource,
  echo: EchoPath | undefined,
  { onLevel }: SoundNews,
  signal: AbortSignal,
): AsyncGenerator<HeardSound> {
  const meter = createMeter({ sampleRateHz: SPEECH_RATE_HZ, eventsPerSecond: LEVELS_PER_SECOND });
  for await (const block of source.blocks(signal)) {
    if (onLevel !== undefined) for (const level of meter.push(block)) onLevel(level);
    if (echo === undefined) yield { samples: block };
    else {
      for (const { samples, residueLikelihood } of echo.heard(block, performance.now())) {
        yield { samples, echo: residueLikelihood };
      }
    }
  }
}

function replyPlayback(playback: Playback): LocalPlayback {
  return {
    get heardMs() {
      return playback.heardMs;
    },
    play: (sound, signal) => playback.play(sound, signal),
    finished: (signal) => playback.finished(signal),
    stop: () => {
      const { heardMs, tailMs } = playback.stop();
      // What is in the device already is heard as well.
      return { heardMs: heardMs + tailMs };
    },
    duck: (gainDb, fadeMs) => playback.duck(gainDb, fadeMs),
    restore: (fadeMs) => playback.restore(fadeMs),
  };
}
