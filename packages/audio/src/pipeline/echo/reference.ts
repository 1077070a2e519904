/** What was played, in step with what the microphone hears. */
import { ClockBridge } from "../../format/live/index.ts";
import type { BridgeReport } from "../../format/live/index.ts";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import { createResampler } from "../../format/resample.ts";
import type { Resampler } from "../../format/resample.ts";
import { ECHO_FRAME_SAMPLES } from "./canceller.ts";
import type { CleanFrame, EchoCanceller } from "./canceller.ts";

/** Held back of the reference, so that a late block of it leaves no hole. An echo is at least as late as both devices' buffers. */
const REFERENCE_TARGET_MS = 40;

/** A microphone stream without our own voice. */
export interface EchoPath {
  /**
   * What goes to the loudspeaker (`Playback`'s `onPlayed`, silence included), and when it was handed over by a monotonic
   * clock: not when it will be heard.
   */
  played(samples: Float32Array, nowMs: number): void;
  /** What the microphone gave, at `nowMs` of the same clock, in blocks of any size; the frames that are complete. */
  heard(samples: Float32Array, nowMs: number): readonly CleanFrame[];
  /** How the clocks of loudspeaker and microphone run against each other. */
  readonly report: BridgeReport;
}

/**
 * Brings playback of any rate into step with the microphone (mono at `SPEECH_RATE_HZ`) and through `canceller`. Two sound
 * cards have two clocks: their drift is taken out of the reference, so that the delay of the echo stands still for hours.
 */
export function createEchoPath(canceller: EchoCanceller, playbackRateHz: number): EchoPath {
  const bridge = new ClockBridge({
    sampleRateHz: SPEECH_RATE_HZ,
    targetMs: REFERENCE_TARGET_MS,
    capacityMs: 500,
  });
  const resampler: Resampler = createResampler(playbackRateHz, SPEECH_RATE_HZ);
  let rest = new Float32Array(0);
  return {
    played: (samples, nowMs) => bridge.push(resampler.push(samples), nowMs),
    heard: (samples, nowMs) => {
      const joined = new Float32Array(rest.length + samples.length);
      joined.set(rest);
      joined.set(samples, rest.length);
      const frames: CleanFrame[] = [];
      let at = 0;
      for (; at + ECHO_FRAME_SAMPLES <= joined.length; at += ECHO_FRAME_SAMPLES) {
        const reference = bridge.pull(ECHO_FRAME_SAMPLES, nowMs);
        frames.push(canceller.process(reference, joined.subarray(at, at + ECHO_FRAME_SAMPLES)));
      }
      rest = joined.slice(at);
      return frames;
    },
    get report() {
      return bridge.report;
    },
  };
}
