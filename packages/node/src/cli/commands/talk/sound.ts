/** Where `parley talk` hears and speaks: the host's microphone and loudspeaker, or files, pipes and nothing in their place. */
import { fileSink, fileSource, microphone, nullSink, pipeSink, speaker } from "@parley/audio/devices";
import type { AudioSource, SinkDevice } from "@parley/audio/devices";
import type { Speaker } from "@parley/sdk";
import { openSound, type LocalPlayback, type Sound, type SoundNews } from "../../../services/ears/sound.ts";

/** What was asked for. `-` is a pipe, `null` nothing. */
export interface TalkSound {
  /** A file instead of the microphone. */
  readonly input: string | undefined;
  /** A file instead of the loudspeaker. */
  readonly output: string | undefined;
  readonly inputDevice: string | undefined;
  readonly outputDevice: string | undefined;
  /** Whether our own voice is taken out of the microphone. */
  readonly echo: boolean;
}

const VOICE_RATE_HZ = 24_000;

/**
 * Opens what was chosen.
 * @throws AudioError `device-missing` when there is no program for a device; of files what opening them throws.
 */
export function openTalkSound(choice: TalkSound, news: SoundNews, signal: AbortSignal): Promise<Sound> {
  // A file does not hear what is played.
  const echo = choice.echo && choice.input === undefined && choice.output === undefined;
  return openSound({ source: sourceOf(choice, news), sink: sinkOf(choice), echo }, news, signal);
}

function sourceOf({ input, inputDevice }: TalkSound, news: SoundNews): AudioSource {
  if (input === undefined) {
    return microphone({ device: inputDevice, onEvent: (event) => news.onDevice("microphone", event) });
  }
  return fileSource(input === "-" ? process.stdin : input);
}

function sinkOf({ output, outputDevice }: TalkSound): SinkDevice | undefined {
  if (output === undefined) return speaker({ device: outputDevice });
  if (output === "none") return undefined;
  if (output === "null") return nullSink(VOICE_RATE_HZ);
  return output === "-" ? pipeSink(process.stdout, "wav", VOICE_RATE_HZ) : fileSink(output, VOICE_RATE_HZ);
}

/** `playback` for a conversation with a peer. */
export function speakerOn(playback: LocalPlayback, signal: AbortSignal): Speaker {
  return {
    get heardMs() {
      return playback.heardMs;
    },
    play: (sound) => playback.play(sound, signal),
    finished: () => playback.finished(signal),
    stop: () => playback.stop(),
    duck: (gainDb, fadeMs) => playback.duck(gainDb, fadeMs),
    restore: (fadeMs) => playback.restore(fadeMs),
  };
}
