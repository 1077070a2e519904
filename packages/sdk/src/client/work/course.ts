/** What is to become of a piece of work: what is asked, what its caller hears, and whether another peer can carry it on. */
import type { AudioFrame } from "../../protocol/audio-frame.ts";
import type { OpusFrame } from "../../protocol/opus-frame.ts";
import type { CommandName } from "../../protocol/work.ts";

/** The rate of audio sent to a peer, in Hz. */
export const INPUT_RATE_HZ = 16_000;

/** What a peer is asked for; `stream` is added. */
export interface WorkRequest {
  readonly command: CommandName;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** How much was said so far, by the one who sends it. */
export interface Said {
  /** Samples that were sent to any peer. */
  readonly samples: number;
  /** It comes as it is spoken, not faster: no peer is far behind. */
  readonly isLive: boolean;
}

/** A peer that is to carry it on. */
export interface NextPeer {
  readonly name: string;
  /** It goes on with answers that were cut. */
  readonly resumes: boolean;
}

/** A kind of work. Positions are samples from the first one of the caller's audio, whatever peer has heard them. */
export interface Course {
  /**
   * What to ask now: at the beginning, and of each next peer. Its audio begins at `from`. Undefined: this peer cannot carry it on.
   */
  request(from: number, peer: NextPeer): WorkRequest | undefined;
  /** `event` as it came, not yet checked. */
  event(event: Readonly<Record<string, unknown>>): void;
  audio(frame: AudioFrame): void;
  opus(frame: OpusFrame): void;
  /** The connection was lost. @returns whether another peer can carry it on, as far as can be told before there is one */
  lost(): boolean;
  /** It is there again, and has just been asked to carry on. */
  resumed?(peerName: string): void;
  /** Where audio for the next peer would have to begin; undefined when it takes none (any more). */
  neededFrom(said: Said): number | undefined;
  /** An answer is being heard, as far as can be told: silence would be noticed. False when absent. */
  readonly isSounding?: boolean;
  /** Whether it still makes sense when some of the audio that is needed is not kept any more. */
  readonly mayMiss: boolean;
  end(): void;
  fail(error: unknown): void;
}

/** Samples until `ms`. */
export function samplesUntil(ms: number): number {
  return Math.round((ms * INPUT_RATE_HZ) / 1000);
}

/** Milliseconds until the sample at `position`. */
export function msUntil(position: number): number {
  return (position * 1000) / INPUT_RATE_HZ;
}
