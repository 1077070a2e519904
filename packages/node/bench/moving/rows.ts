/**
 * Somebody else does the rest: what that takes, and whether anything is missing.
 *
 * `added` = disturbed - undisturbed - again, all at the client, in milliseconds:
 * - disturbed, undisturbed: from the call to the end of what came of it; undisturbed is the median of the calls in between. Where an
 *   utterance is live, both take as long as it lasts, and what is done meanwhile adds nothing.
 * - again: what the second engine had to do once more, by its fixed delays alone. The writer waits once more for its first token,
 *   in the place of the one that was due (`llmMs - tokenMs`). The voice makes its sentence from the beginning: what the first had
 *   worked until the trouble, from one delay before its first sound on. The recogniser begins when all was said, so that in
 *   mid-utterance nothing is done again; while it recognises, all from its beginning until the trouble is, as undisturbed it ends one
 *   delay after that.
 * What remains is ours: to notice, to choose another, to give it what the first had, and whatever piece was half done.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { whiteNoise, withRms } from "@parley/audio/testing";
import type { TurnEvent } from "@parley/sdk";
import { below, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { given, LiveMicrophone, ServedHouse, type Given, type TestEngines } from "../../src/testing/index.ts";

const GOAL_MS = 300;
const DELAYS = { sttMs: 700, llmMs: 200, tokenMs: 40, ttsMs: 100, chunkMs: 60 };
const ENGINES: TestEngines = {
  fixed: ["vad", "stt", "llm", "tts"],
  isStarted: true,
  ...DELAYS,
  // What it says is all that it heard.
  texts: ["{sound}"],
  replies: [
    "The kettle is on, the cat is out, and it is ten past nine. Nobody has called since noon. The lights in the hall are off.",
  ],
};
const SENTENCE = "It is ten past nine in the evening, and all is well.";
const UTTERANCE_MS = 2_000;
const QUIET_MS = 1_000;
const SAMPLES_PER_MS = 16;
const MID_UTTERANCE_MS = 800;
const SPEECH = withRms(whiteNoise(UTTERANCE_MS * SAMPLES_PER_MS, 3), 0.05);
const QUIET = new Float32Array(QUIET_MS * SAMPLES_PER_MS);
/** Seldom enough to disturb nobody; each engine works for longer. */
const LOOK_MS = 100;
/** Until the first is asked first again, after it was lost. */
const CALLS_UNTIL_FIRST = 40;

interface Kind {
  readonly what: string;
  readonly service: "stt" | "llm" | "tts";
  /** What is to be the same. */
  readonly same: string;
  call(house: ServedHouse): AsyncIterable<TurnEvent>;
  isDue(event: TurnEvent, seen: number): boolean;
  /** Between the event and the trouble. False: there is nothing to disturb. */
  until(house: ServedHouse, over: AbortSignal): Promise<boolean>;
  /** @param usual what an undisturbed call takes */
  againMs(disturbed: Given, troubledMs: number, usualMs: number): number;
}

const atWork =
  (service: Kind["service"]) =>
  (house: ServedHouse, over: AbortSignal): Promise<boolean> =>
    house.untilFirstWorks(service, over);

const KINDS: readonly Kind[] = [
  {
    what: "STT peer, in mid-utterance",
    service: "stt",
    same: "same transcript",
    call: ({ client }) => client.listen(live(), { partials: "off" }),
    isDue: ({ type }) => type === "speech-start",
    until: async (house) => {
      await sleep(MID_UTTERANCE_MS);
      return house.hasFirstTaken("stt");
    },
    againMs: () => 0,
  },
  {
    what: "STT peer, while it recognises",
    service: "stt",
    same: "same transcript",
    call: ({ client }) => client.listen(recorded(), { partials: "off" }),
    isDue: ({ type }) => type === "speech-start",
    until: atWork("stt"),
    againMs: ({ startedMs }, troubledMs, usualMs) => troubledMs - startedMs - (usualMs - DELAYS.sttMs),
  },
  {
    what: "LLM peer, in mid-reply",
    service: "llm",
    same: "whole answer",
    call: ({ client }) => client.ask({ text: "How are things?" }, { speak: false }),
    isDue: ({ type }, seen) => type === "text" && seen > 4,
    until: atWork("llm"),
    againMs: () => DELAYS.llmMs - DELAYS.tokenMs,
  },
  {
    what: "TTS peer, in mid-sentence",
    service: "tts",
    same: "whole sound",
    call: ({ client }) => client.say(SENTENCE),
    isDue: ({ type }, seen) => type === "audio" && seen > 3,
    until: atWork("tts"),
    againMs: ({ firstSoundMs }, troubledMs) => troubledMs - (firstSoundMs - DELAYS.ttsMs),
  },
];

/** Said as it is captured. */
async function* live(): AsyncGenerator<Float32Array> {
  const microphone = new LiveMicrophone();
  void microphone.say(SPEECH);
  void microphone.say(QUIET).then(() => microphone.end());
  yield* microphone.blocks;
}

/** Given at once. */
async function* recorded(): AsyncGenerator<Float32Array> {
  yield SPEECH;
  yield QUIET;
}

export async function* movingRows(rounds: number): AsyncGenerator<BenchRow> {
  const house = await ServedHouse.open(ENGINES, { "voice.cache_mib": "0" });
  try {
    for (const kind of KINDS) {
      for (const how of ["killed", "stopped"] as const) yield* rowsOf(house, kind, how, rounds);
    }
  } finally {
    await house.close();
  }
}

interface Round {
  readonly usual: Given;
  readonly disturbed: Given;
  readonly troubledMs: number;
}

async function* rowsOf(
  house: ServedHouse,
  kind: Kind,
  how: "killed" | "stopped",
  rounds: number,
): AsyncGenerator<BenchRow> {
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round += 1) measured.push(await disturbed(house, kind, how));
  const usualMs = quantile(
    measured.map(({ usual }) => tookMs(usual)),
    0.5,
  );
  const added = measured.map(
    (each) => tookMs(each.disturbed) - usualMs - kind.againMs(each.disturbed, each.troubledMs, usualMs),
  );
  const whole = measured.filter((each) => isSame(each.usual, each.disturbed)).length;
  const what = `${kind.what}, ${how}`;
  yield {
    ...informs(`${what}: ${kind.same}, of ${rounds}`, (100 * whole) / rounds, "%"),
    goal: 100,
    met: whole === rounds,
  };
  yield below(GOAL_MS, informs(`${what}: added beyond the second engine's own work, p50`, quantile(added, 0.5), "ms"));
  yield below(
    GOAL_MS,
    informs(`${what}: added beyond the second engine's own work, slowest`, Math.max(...added), "ms"),
  );
}

/**
 * First undisturbed, by the first; then the same again, over which the first is lost.
 * @throws Error when it never was at work
 */
async function disturbed(house: ServedHouse, kind: Kind, how: "killed" | "stopped"): Promise<Round> {
  for (let call = 0; call < CALLS_UNTIL_FIRST; call += 1) {
    const usual = await byTheFirst(house, kind);
    let troubledMs: number | undefined;
    const trouble = async (over: AbortSignal): Promise<void> => {
      if (!(await kind.until(house, over))) return;
      troubledMs = performance.now();
      if (how === "killed") await house.first.kill();
      else house.first.pause();
    };
    const after = await given(kind.call(house), { isDue: kind.isDue, trouble });
    await house.untilWhole();
    if (troubledMs !== undefined && troubledMs < after.endedMs) return { usual, disturbed: after, troubledMs };
  }
  throw notAsked(house, kind);
}

/** @throws Error when the first is not asked first */
async function byTheFirst(house: ServedHouse, kind: Kind): Promise<Given> {
  for (let call = 0; call < CALLS_UNTIL_FIRST; call += 1) {
    const over = new AbortController();
    const worked = firstWorked(house, kind, over.signal);
    // It is met below; the call may last longer.
    worked.catch(() => undefined);
    const usual = await given(kind.call(house)).finally(() => over.abort());
    if (await worked) return usual;
  }
  throw notAsked(house, kind);
}

function notAsked(house: ServedHouse, { service }: Kind): Error {
  return new Error(`${house.first.name} is not asked for ${service}`);
}

/** Whether that engine of the first was ever busy until `signal`. */
async function firstWorked(house: ServedHouse, { service }: Kind, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await house.isFirstAtWork(service)) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

function tookMs({ startedMs, endedMs }: Given): number {
  return endedMs - startedMs;
}

function isSame(one: Given, other: Given): boolean {
  if (one.text !== other.text || one.text.length + one.sound.length === 0) return false;
  return one.sound.length === other.sound.length && one.sound.every((sample, n) => sample === other.sound[n]);
}
