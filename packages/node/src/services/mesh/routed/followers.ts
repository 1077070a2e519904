/**
 * What follows live sound, at another peer where this one has no engine for it: finding voices, and wake words. When that peer is
 * lost another one goes on, with a little of the sound before, so that it is warmed up; nothing is told twice.
 */
import { AudioError, SPEECH_RATE_HZ } from "@parley/audio";
import type { CallOptions, VoiceFrame, VoiceFrames, WakeStep, WakeWord } from "@parley/audio/engines";
import type { EngineOf } from "../engines.ts";
import type { EngineFacts } from "../offers.ts";
import type { FollowJob } from "../wire.ts";
import { defined } from "./defined.ts";
import { LiveSound } from "./live-sound.ts";
import { ALIVE, moving, type Sign } from "./moving.ts";
import { bestElsewhere, ownEngine, ownIfReady, PlacedWork, type Ask, type Placement, type There } from "./placing.ts";
import { askEngine, offerSound, type Said } from "./remote.ts";

/** Sound before the place where another one goes on. */
const CONTEXT_MS = { vad: 1_000, wake: 3_000 } as const;
/** Whoever is so far behind what it was given owes an answer … */
const BEHIND_MS = 300;
/** … and has so long for it. */
const ANSWER_MS = 100;

const PER_MS = SPEECH_RATE_HZ / 1000;

/** What finds voices: this peer's own engine where it is there. @throws AudioError of an engine that does not come up */
export async function routedVoiceFrames(
  placement: Placement<"vad">,
  ask: Ask,
  signal: AbortSignal | undefined,
): Promise<VoiceFrames> {
  const own = ownIfReady(placement, ask);
  if (own !== undefined) return own;
  const elsewhere = bestElsewhere(placement, ask, ({ frameMs }) => frameMs !== undefined);
  const frameMs = elsewhere === undefined ? undefined : placement.house.factsOf(elsewhere).frameMs;
  if (elsewhere === undefined || frameMs === undefined) return await ownEngine(placement, ask, signal);
  const follower: Follower<"vad", VoiceFrame> = {
    placement,
    ask,
    suits: (facts) => facts.frameMs === frameMs,
    gridMs: frameMs,
    isSteady: true,
    here: (engine, sound, how) => engine.frames(sound, how),
    read: (item) => (item.type === "frames" ? item.frames : []),
    suitsHere: (engine) => engine.frameMs === frameMs,
  };
  return { id: elsewhere.model, frameMs, frames: (audio, how) => follow(follower, audio, how) };
}

/** What listens for words, likewise. @throws AudioError of an engine that does not come up */
export async function routedWakeWord(
  placement: Placement<"wake">,
  ask: Ask,
  { words, signal }: { readonly words: readonly string[]; readonly signal: AbortSignal | undefined },
): Promise<WakeWord> {
  const own = ownIfReady(placement, ask);
  if (own !== undefined) return own;
  const knows = (facts: EngineFacts): boolean => words.every((word) => facts.words?.includes(word) === true);
  const elsewhere = bestElsewhere(placement, ask, knows);
  if (elsewhere === undefined) return await ownEngine(placement, ask, signal);
  const { stepMs, words: known = words } = placement.house.factsOf(elsewhere);
  const follower: Follower<"wake", WakeStep> = {
    placement,
    ask,
    suits: (facts) => knows(facts) && facts.stepMs === stepMs,
    gridMs: stepMs ?? 1,
    isSteady: stepMs !== undefined,
    here: (engine, sound, how) => engine.scores(sound, how),
    read: (item) => (item.type === "scores" ? item.steps : []),
    suitsHere: (engine) => engine.stepMs === stepMs,
  };
  return { id: elsewhere.model, words: known, stepMs, scores: (audio, how) => follow(follower, audio, how) };
}

interface Follower<Kind extends "vad" | "wake", Item> {
  readonly placement: Placement<Kind>;
  readonly ask: Ask;
  readonly suits: (facts: EngineFacts) => boolean;
  readonly suitsHere: (engine: EngineOf[Kind]) => boolean;
  /** Its items lie on multiples of it. */
  readonly gridMs: number;
  /** Whether there is one in each step of it. */
  readonly isSteady: boolean;
  readonly here: (engine: EngineOf[Kind], sound: AsyncIterable<Float32Array>, how: CallOptions) => AsyncIterable<Item>;
  readonly read: (item: Said) => readonly Item[];
}

async function* follow<Kind extends "vad" | "wake", Item extends { readonly atMs: number }>(
  follower: Follower<Kind, Item>,
  audio: AsyncIterable<Float32Array>,
  how: CallOptions = {},
): AsyncGenerator<Item> {
  const { placement, ask, gridMs, isSteady } = follower;
  const { kind, house } = placement;
  let changed = (): void => undefined;
  const sound = new LiveSound(audio, house.clock, () => changed());
  let givenMs = -Infinity;
  /** Where whoever begins now begins. */
  const start = (): number => {
    if (givenMs === -Infinity) return 0;
    const grid = gridMs * PER_MS;
    return Math.max(0, Math.floor(((givenMs - CONTEXT_MS[kind]) * PER_MS) / grid) * grid);
  };
  async function* behind(first: number, items: AsyncIterable<Sign<Item>>): AsyncGenerator<Sign<Item>> {
    for await (const item of items) {
      if (typeof item === "symbol") yield item;
      else {
        const atMs = item.atMs + first / PER_MS;
        yield atMs > givenMs ? { ...item, atMs } : ALIVE;
      }
    }
  }
  const work = new PlacedWork<Kind, Item>(placement, {
    ask,
    wishes: () => [{}],
    suits: follower.suits,
    here: (engine, signal) => {
      if (!follower.suitsHere(engine)) throw otherFrames();
      const first = start();
      return behind(first, follower.here(engine, sound.from(first, signal), { ...how, signal }));
    },
    there: (there, signal) => {
      const first = start();
      return behind(
        first,
        followedThere(there, kind, { how, sound: sound.from(first, signal), read: follower.read }, signal),
      );
    },
    isLively: false,
    waitedSinceMs: (sinceMs) => (isSteady && sound.lengthMs - Math.max(0, givenMs) > BEHIND_MS ? sinceMs : undefined),
    expectedMs: () => ANSWER_MS,
  });
  const moved = Object.assign(work, {
    watch: (told: () => void) => {
      changed = told;
    },
    took: (item: Item) => {
      givenMs = item.atMs;
      sound.forgetBefore((givenMs - CONTEXT_MS[kind]) * PER_MS - gridMs * PER_MS);
    },
  });
  try {
    yield* moving(moved, { clock: house.clock, signal: how.signal, doing: "listening" });
    if (sound.failure !== undefined) throw sound.failure.error;
  } finally {
    sound.close();
  }
}

async function* followedThere<Item>(
  there: There,
  kind: "vad" | "wake",
  given: {
    readonly how: CallOptions;
    readonly sound: AsyncIterable<Float32Array>;
    readonly read: (item: Said) => readonly Item[];
  },
  signal: AbortSignal,
): AsyncGenerator<Sign<Item>> {
  const { system, peer, terms } = there;
  const { how, sound, read } = given;
  const job: Omit<FollowJob, "replyTo" | "answer"> = {
    type: "follow",
    terms,
    sound: offerSound(there, sound, signal),
    ...defined({ urgent: how.urgent }),
  };
  for await (const item of askEngine(system, { peer, kind }, (back) => ({ ...job, ...back }), signal)) {
    const steps = read(item);
    if (steps.length === 0) yield ALIVE;
    yield* steps;
  }
}

function otherFrames(): AudioError {
  return new AudioError("engine-failed", "this peer's own engine looks at sound in other steps", {
    nextStep: "Try again.",
  });
}
