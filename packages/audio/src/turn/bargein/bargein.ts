/**
 * What a sound does to a reply that is being spoken: it ducks at once, and once it is speech it stops. A cough, a door,
 * a keyboard ducks, and it comes back.
 *
 * Two sums run over the frames. **Sound** adds what is above the noise floor, or may be speech, and forgets it in
 * quiet. **Speech** is a sequential test (Page's cumulative sum, Biometrika 41, 1954): every frame adds the log-odds
 * of its speech probability, in units of a frame that surely is speech, and at zero it starts anew. So a burst that looks
 * like speech for a few frames, as coughs do, is taken back by what follows, and bursts do not add up. What has no voice in it
 * where it is loudest counts for less (`clarity.ts`), and what breaks off stops nothing (`ending.ts`). What our own playback explains
 * counts for neither; what is heard over it has been through an echo canceller (`gated.ts`).
 */
import { Clarity } from "./clarity.ts";
import { Ending } from "./ending.ts";
import { NoiseFloor } from "./floor.ts";
import { Gated } from "./gated.ts";
import { bargeInOptions } from "./options.ts";
import type { BargeInOptions } from "./options.ts";

/** One look at the microphone; frames follow each other without gaps. */
export interface BargeInFrame {
  /** Start of the frame in the captured stream. */
  readonly atMs: number;
  /** How probable speech is, 0 to 1. */
  readonly speech: number;
  /** Level of what the echo canceller leaves, dBFS. */
  readonly levelDbfs: number;
  /** The same, where voices are and the rumble of rooms is not: what stands out of the room is judged by it. `levelDbfs` when absent. */
  readonly bandDbfs?: number | undefined;
  /** How likely our own playback explains it, 0 to 1. */
  readonly echo: number;
  /** How periodic it is, 0 to 1, at the pitches of voices; absent where nobody can tell. */
  readonly periodicity?: number | undefined;
  /** A wake word ended in this frame. */
  readonly wake: boolean;
}

/** What to do about the reply. `onsetMs`: where in the captured stream the sound began. */
export interface BargeInDecision {
  readonly type: "duck" | "restore" | "stop";
  readonly atMs: number;
  readonly onsetMs: number;
}

/** Watches over one reply after another. */
export interface BargeIn {
  /** The next frame; also between replies, so that the room is known. */
  push(frame: BargeInFrame): BargeInDecision | undefined;
  /** A new reply begins, at full volume. What is known of the room stays. */
  reset(): void;
}

/** Below this a frame may be the room's own sound. */
const ROOM_SPEECH = 0.3;
/** Less sound than this lets the sum forget. */
const DOUBT = 0.4;

/** A frame that could not be surer counts as so many that are sure, where what it sounds like is looked at, too. */
const MOST_EVIDENCE = 2;
/** What a frame counts in which a sound has broken off, however much the detector still takes it for speech: surely none. */
const BROKEN_OFF = -1;

/** A new watch. @throws RangeError of {@link bargeInOptions} */
export function createBargeIn(options: Partial<BargeInOptions> = {}): BargeIn {
  return new Watch(bargeInOptions(options));
}

class Watch implements BargeIn {
  readonly #options: BargeInOptions;
  readonly #floor: NoiseFloor;
  readonly #clarity: Clarity;
  readonly #ending: Ending;
  readonly #gated: Gated;
  #state: "full" | "ducked" | "stopped" = "full";
  #soundMs = 0;
  #speechMs = 0;
  /** Since when there is sound. */
  #onsetMs: number | undefined;
  #quietMs = 0;
  #duckedMs = 0;
  #sinceRestoreMs = Number.POSITIVE_INFINITY;

  constructor(options: BargeInOptions) {
    this.#options = options;
    this.#floor = new NoiseFloor(options.frameMs, options.floorRiseMs);
    this.#clarity = new Clarity(options.frameMs);
    this.#ending = new Ending(options.frameMs);
    this.#gated = new Gated(options.frameMs);
  }

  reset(): void {
    this.#state = "full";
    this.#clarity.reset();
    this.#ending.reset();
    this.#gated.reset();
    this.#soundMs = 0;
    this.#speechMs = 0;
    this.#onsetMs = undefined;
    this.#quietMs = 0;
    this.#sinceRestoreMs = Number.POSITIVE_INFINITY;
  }

  push(frame: BargeInFrame): BargeInDecision | undefined {
    const { policy, frameMs, echoUpTo } = this.#options;
    const ours = within(frame.echo);
    const theirs = Math.min(1, (1 - ours) / (1 - echoUpTo));
    const speech = within(frame.speech) * theirs;
    this.#sum(frame, speech, theirs);
    this.#floor.push(frame.bandDbfs ?? frame.levelDbfs, speech < ROOM_SPEECH && ours <= echoUpTo);
    if (policy === "never" || this.#state === "stopped") return undefined;
    const decided = this.#decide(frame, speech);
    if (decided === undefined) return undefined;
    const atMs = frame.atMs + frameMs;
    return { type: decided, atMs, onsetMs: this.#onsetMs ?? frame.atMs };
  }

  /** Takes the frame into both sums. */
  #sum(frame: BargeInFrame, speech: number, theirs: number): void {
    const { frameMs, soundDb, duckAfterMs, sureSpeech } = this.#options;
    const aboveDb = this.#floor.above(frame.bandDbfs ?? frame.levelDbfs);
    const prominence = Math.min(1, aboveDb / soundDb) * theirs;
    const sound = Math.max(prominence, speech);
    // Half of a sure sound is none yet; below it the sum falls.
    const more = ((sound - DOUBT) / (1 - DOUBT)) * frameMs;
    this.#soundMs = Math.min(2 * duckAfterMs, Math.max(0, this.#soundMs + more));
    const clear = this.#clarity.push(frame.levelDbfs, aboveDb, frame.periodicity);
    const gated = this.#gated.push(within(frame.echo), theirs, speech, frame.periodicity);
    const most = frame.periodicity === undefined ? 1 : MOST_EVIDENCE;
    const odds = Math.max(-1, Math.min(most, (logOdds(speech) + gated.surer) / logOdds(sureSpeech)));
    const weight = clear * gated.weight;
    this.#ending.push(frame.levelDbfs, speech);
    const evidence = this.#ending.isOver ? BROKEN_OFF : odds > 0 ? odds * weight : odds;
    this.#speechMs = Math.min(this.#options.stopAfterMs, Math.max(0, this.#speechMs + evidence * frameMs));
    this.#quietMs = sound < DOUBT ? this.#quietMs + frameMs : 0;
    this.#sinceRestoreMs += frameMs;
    if (sound >= DOUBT) this.#onsetMs ??= frame.atMs;
    else if (this.#state === "full" && this.#soundMs === 0) this.#onsetMs = undefined;
  }

  #decide({ wake, levelDbfs, bandDbfs }: BargeInFrame, speech: number): BargeInDecision["type"] | undefined {
    const { policy, frameMs, duckAfterMs, stopAfterMs, quietMs, noiseMs, refractoryMs } = this.#options;
    if (wake || (policy === "any-speech" && this.#speechMs >= stopAfterMs && !this.#ending.isFalling)) {
      this.#state = "stopped";
      return "stop";
    }
    if (this.#state === "full") {
      const mayDuck = this.#sinceRestoreMs >= refractoryMs || this.#speechMs > 0;
      if (this.#soundMs < duckAfterMs || !mayDuck) return undefined;
      this.#state = "ducked";
      this.#duckedMs = 0;
      return "duck";
    }
    this.#duckedMs += frameMs;
    const isNoise = this.#duckedMs >= noiseMs && speech < 0.5;
    if (this.#quietMs < quietMs && !isNoise) return undefined;
    if (isNoise) this.#floor.settle(bandDbfs ?? levelDbfs);
    this.#state = "full";
    this.#soundMs = 0;
    this.#sinceRestoreMs = 0;
    return "restore";
  }
}

/** 0 to 1; what is no number counts as 0. */
function within(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(1, Math.max(0, value));
}

function logOdds(probability: number): number {
  return Math.log(Math.max(1e-6, probability) / Math.max(1e-6, 1 - probability));
}
