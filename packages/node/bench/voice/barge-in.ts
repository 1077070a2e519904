/**
 * How fast a sound turns a reply down and a voice stops it, what stops it that should not, and whether our own voice does: real
 * detector, real echo canceller, in simulated time (`src/testing/conversation/over-reply.ts`). Settings were chosen on other voices, sentences and seeds.
 */
import { framesHost, startEngineHost, voiceFrames, type VoiceFrames } from "@parley/audio/engines";
import {
  cough,
  doorKnock,
  droppedThing,
  joinedSounds,
  keyboard,
  laughter,
  Leak,
  music,
  pinkNoise,
  rms,
  speakingRms,
  throatClearing,
  voicedCough,
  whiteNoise,
  withRms,
} from "@parley/audio/testing";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { cleanedOf, heldAgainst, type EchoScene, type Reaction } from "../../src/testing/conversation/index.ts";
import { modelsWith, recordings, VOICE_MODELS, VOICES, withVoices, type Models } from "./material.ts";
import type { PartOptions } from "./part.ts";

/** Said over a reply. Some begin with a vowel, some with a hiss, some with a breath. */
const SENTENCES = [
  "Hang on, I have a question.",
  "Stop, that is wrong.",
  "What was the second one?",
  "Thanks, I know that already.",
  "Excuse me, who said so?",
];
const GOALS = { duckMs: 150, stopMs: 300 };
/** Voices that whisper: nothing in them sounds like a throat, so they are told apart late from what is none. */
const WHISPERS: readonly string[] = ["af_nicole"];
/** Level of a voice at the microphone, and of a quiet room. */
const VOICE_RMS = 0.06;
const ROOM_RMS = 0.0008;
const LEAD_MS = 1000;
const TAIL_MS = 1500;
/** What is never done counts as done so late: a row has to have a number. */
const NEVER_MS = 10_000;
/** Our own voice is well known to the canceller after so long. */
const LEARNING_MS = 4000;
/** So far below the voice it begins: in noise that is 10 dB below it, or under our own voice, not where it cannot be heard yet. */
const ONSET_DB = { quiet: 25, masked: 15 };
/** Of sounds that the settings were not chosen on. */
const FIRST_SEED = 5000;

/** What is no speech. */
const NOISES = {
  coughs: { count: 100, make: cough },
  "coughs with a voice in them": { count: 100, make: voicedCough },
  "cleared throats": { count: 30, make: throatClearing },
  "laughs of three to seven ha": { count: 30, make: laughter },
  "dropped things": { count: 30, make: droppedThing },
  "knocks at a door": { count: 30, make: doorKnock },
  "keyboards for 1.5 s": { count: 30, make: (seed: number) => keyboard(1500, seed) },
};

/** Something said, and where it begins. */
interface Said {
  readonly sound: Float32Array;
  readonly onsetMs: number;
}
/** The same, where the room is quiet and where something masks it. */
type Saying = Readonly<Record<keyof typeof ONSET_DB, Said>>;

export async function* bargeInRows({ isQuick }: PartOptions): AsyncGenerator<BenchRow> {
  const at = modelsWith("vad/silero-v5", ...VOICE_MODELS, "speech/wav");
  // Those with an odd number were listened to when settings were chosen.
  const voices = VOICES.filter((voice, n) => n % (isQuick ? 8 : 2) === 0 && !WHISPERS.includes(voice));
  const said = await sayings(at, voices);
  const reply = joinedSounds(await recordings(at("speech/wav")));
  const host = await startEngineHost(framesHost({ folder: at("vad/silero-v5") }));
  try {
    const vad = voiceFrames(host);
    yield* speechRows("in quiet", said, ({ quiet }, n) => over(vad, inRoomOf(quiet, n, "quiet"), LEAD_MS, undefined));
    yield* speechRows("at 10 dB", said, ({ masked }, n) => over(vad, inRoomOf(masked, n, "noise"), LEAD_MS, undefined));
    yield* speechRows("whispered in quiet", await sayings(at, WHISPERS), ({ quiet }, n) =>
      over(vad, inRoomOf(quiet, n, "quiet"), LEAD_MS, undefined),
    );
    const fewer = said.filter((_, n) => n % 2 === 0);
    for (const [name, cleans] of [
      ["over our own voice, cleaned", true],
      ["over our own voice, as it is", false],
    ] as const) {
      yield* speechRows(`${name}, echo told`, fewer, ({ masked }, n) =>
        over(vad, inRoomOf(masked, n, "quiet", LEARNING_MS), LEARNING_MS, echoOf(reply, n, { cleans, tells: true })),
      );
    }
    yield* limitRows(vad, fewer, reply);
    for (const [name, { count, make }] of Object.entries(NOISES)) {
      yield* noiseRows(name, isQuick ? Math.ceil(count / 5) : count, make, vad);
    }
    for (const name of ["coughs", "coughs with a voice in them"] as const) {
      yield* coughRows(`${name} over our own voice, cleaned`, isQuick ? 5 : 20, NOISES[name].make, vad, reply);
    }
    yield* steadyRows(vad, isQuick);
    yield* ownVoiceRows(reply, vad, isQuick);
  } finally {
    await host.close();
  }
}

async function sayings(at: Models, voices: readonly string[]): Promise<readonly Saying[]> {
  return await withVoices(at, async (speak) => {
    const all: Saying[] = [];
    for (const voice of voices) {
      for (const text of SENTENCES) {
        const clip = await speak(text, voice);
        const factor = VOICE_RMS / speakingRms(clip);
        const sound = clip.map((sample) => sample * factor);
        all.push({
          quiet: { sound, onsetMs: onsetOf(sound, ONSET_DB.quiet) },
          masked: { sound, onsetMs: onsetOf(sound, ONSET_DB.masked) },
        });
      }
    }
    return all;
  });
}

function onsetOf(sound: Float32Array, belowDb: number): number {
  const least = speakingRms(sound) * 10 ** (-belowDb / 20);
  for (let at = 0; at < sound.length; at += 80) if (rms(sound.subarray(at, at + 160)) >= least) return at / 16;
  return 0;
}

/** A saying behind `leadMs` of its room; each begins elsewhere in a frame. */
function inRoomOf({ sound, onsetMs }: Said, n: number, room: "quiet" | "noise", leadMs = LEAD_MS): Said {
  const shift = (n * 173) % 512;
  const parts = [new Float32Array(16 * leadMs + shift), sound, new Float32Array(16 * TAIL_MS)];
  const noises = [whiteNoise, pinkNoise, music];
  const make = room === "quiet" ? pinkNoise : (noises[n % noises.length] ?? pinkNoise);
  const clean = joinedSounds(parts);
  const level = room === "quiet" ? ROOM_RMS : VOICE_RMS / 10 ** (10 / 20);
  const noise = withRms(make(clean.length, FIRST_SEED + n), level);
  return { sound: clean.map((sample, i) => sample + (noise[i] ?? 0)), onsetMs: leadMs + shift / 16 + onsetMs };
}

/** What was done, from the onset. What was done before it is told as negative. */
async function over(
  vad: VoiceFrames,
  { sound, onsetMs }: Said,
  leadMs: number,
  echo: EchoScene | undefined,
): Promise<readonly Reaction[]> {
  const done = await heldAgainst({ vad, sound, ...(echo === undefined ? {} : { echo }) });
  // What the canceller's learning brought before is counted with our own voice.
  return done.map(({ type, atMs }) => ({ type, atMs: atMs - onsetMs })).filter(({ atMs }) => atMs > -leadMs / 2);
}

function echoOf(
  reply: Float32Array,
  n: number,
  how: Pick<EchoScene, "cleans" | "tells"> & Partial<EchoScene>,
  gainDb = -6,
): EchoScene {
  const leak = new Leak({
    delayMs: 40 + ((n * 37) % 160),
    gainDb,
    fadeMs: 200 + ((n * 53) % 150),
    seed: FIRST_SEED + n,
  });
  const from = (n * 48_000) % reply.length;
  return { leak, reply: withSpeakingRms(joinedSounds([reply.subarray(from), reply.subarray(0, from)])), ...how };
}

function withSpeakingRms(sound: Float32Array): Float32Array {
  const factor = 0.1 / speakingRms(sound);
  return sound.map((sample) => sample * factor);
}

async function* speechRows(
  where: string,
  said: readonly Saying[],
  react: (one: Saying, n: number) => Promise<readonly Reaction[]>,
): AsyncGenerator<BenchRow> {
  const [ducks, stops]: [number[], number[]] = [[], []];
  let early = 0;
  for (const [n, one] of said.entries()) {
    const done = await react(one, n);
    if (done.some(({ type, atMs }) => type === "stop" && atMs < 0)) early += 1;
    // What ducked for a breath and still does when the voice begins is ducked at once.
    const isDucked = done.findLast(({ atMs }) => atMs < 0)?.type === "duck";
    const first = done.find(({ type, atMs }) => type !== "restore" && atMs >= 0)?.atMs ?? NEVER_MS;
    ducks.push(isDucked ? 0 : first);
    stops.push(done.find(({ type, atMs }) => type === "stop" && atMs >= 0)?.atMs ?? NEVER_MS);
  }
  for (const [what, times, goal] of [
    ["ducks", ducks, GOALS.duckMs],
    ["stops", stops, GOALS.stopMs],
  ] as const) {
    const name = `speech ${where}: ${what} after (${said.length} onsets)`;
    const p95 = quantile(times, 0.95);
    yield row(`${name}, p50`, quantile(times, 0.5), "ms");
    const isGoal = !where.startsWith("whispered");
    const reached = { goal: `<= ${goal}`, met: p95 <= goal };
    yield { ...row(`${name}, p95`, p95, "ms"), ...(isGoal ? reached : {}) };
    yield row(`${name}, max`, quantile(times, 1), "ms");
    const never = times.filter((time) => time === NEVER_MS).length;
    if (never > 0) yield row(`${name}, never (counted as ${NEVER_MS / 1000} s)`, never, "");
  }
  if (early > 0) yield row(`speech ${where}: stopped before anybody spoke`, early, "");
}

/** What the canceller lets through, whatever is made of it: how late the bare detector calls it speech, for the first time and for long. */
async function* limitRows(vad: VoiceFrames, said: readonly Saying[], reply: Float32Array): AsyncGenerator<BenchRow> {
  const [first, sure]: [number[], number[]] = [[], []];
  for (const [n, { masked }] of said.entries()) {
    const { sound, onsetMs } = inRoomOf(masked, n, "quiet", LEARNING_MS);
    const cleaned = await cleanedOf(sound, echoOf(reply, n, { cleans: true, tells: true }));
    const { frameMs } = vad;
    let surelyMs = 0;
    let [firstMs, sureMs] = [NEVER_MS, NEVER_MS];
    for await (const { atMs, probability } of vad.frames(blocksOf(cleaned), {})) {
      const endMs = atMs + frameMs - onsetMs;
      if (endMs < 0) continue;
      if (probability > 0.5) firstMs = Math.min(firstMs, endMs);
      surelyMs = probability > 0.9 ? surelyMs + frameMs : 0;
      if (surelyMs >= 3 * frameMs) sureMs = Math.min(sureMs, endMs);
    }
    first.push(firstMs);
    sure.push(sureMs);
  }
  for (const [what, times] of [
    ["speech for the first time", first],
    ["surely speech for three frames", sure],
  ] as const) {
    for (const share of [0.5, 0.95]) {
      const name = `bare detector behind the canceller: ${what} after (${said.length} onsets), p${100 * share}`;
      yield row(name, quantile(times, share), "ms");
    }
  }
}

async function* blocksOf(sound: Float32Array): AsyncGenerator<Float32Array> {
  for (let at = 0; at < sound.length; at += 1600) yield sound.slice(at, at + 1600);
}

/** Coughs while our own voice is in the microphone. */
async function* coughRows(
  name: string,
  count: number,
  make: (seed: number) => Float32Array,
  vad: VoiceFrames,
  reply: Float32Array,
): AsyncGenerator<BenchRow> {
  let stops = 0;
  for (let n = 0; n < count; n += 1) {
    const { sound } = inRoomOf({ sound: make(FIRST_SEED + n), onsetMs: 0 }, n, "quiet", LEARNING_MS);
    const done = await heldAgainst({ vad, sound, echo: echoOf(reply, n, { cleans: true, tells: true }) });
    if (done.some(({ type }) => type === "stop")) stops += 1;
  }
  yield { ...row(`${name}: stopped (of ${count})`, stops, ""), goal: "0", met: stops === 0 };
}

async function* noiseRows(
  name: string,
  count: number,
  make: (seed: number) => Float32Array,
  vad: VoiceFrames,
): AsyncGenerator<BenchRow> {
  let [stops, ducks, backs] = [0, 0, 0];
  for (let n = 0; n < count; n += 1) {
    const sound = inRoomOf({ sound: make(FIRST_SEED + n), onsetMs: 0 }, n, "quiet").sound;
    const done = await heldAgainst({ vad, sound });
    if (done.some(({ type }) => type === "stop")) stops += 1;
    if (done.some(({ type }) => type === "duck")) ducks += 1;
    if (done.at(-1)?.type === "restore") backs += 1;
  }
  const isGoal = name.startsWith("cough");
  const all = row(`${name}: stopped (of ${count})`, stops, "");
  yield { ...all, goal: isGoal ? "0" : null, met: isGoal ? stops === 0 : null };
  yield row(`${name}: ducked, and came back (of ${count} ducked ${ducks})`, backs, "");
}

/** A minute of what does not end, as loud as in noise of 10 dB. */
async function* steadyRows(vad: VoiceFrames, isQuick: boolean): AsyncGenerator<BenchRow> {
  const minutes = isQuick ? 0.25 : 1;
  for (const [name, make] of Object.entries({ "white noise": whiteNoise, "pink noise": pinkNoise, music })) {
    const sound = withRms(make(16_000 * 60 * minutes, FIRST_SEED), VOICE_RMS / 10 ** (10 / 20));
    const done = await heldAgainst({ vad, sound });
    const count = (type: Reaction["type"]): number => done.filter((one) => one.type === type).length;
    yield row(`steady ${name}: ducks a minute`, count("duck") / minutes, "");
    yield row(`steady ${name}: stopped`, count("stop"), "");
  }
}

/** Half a minute of our own voice and nobody else. */
async function* ownVoiceRows(reply: Float32Array, vad: VoiceFrames, isQuick: boolean): AsyncGenerator<BenchRow> {
  const seconds = isQuick ? 10 : 30;
  const room = withRms(pinkNoise(16_000 * seconds, FIRST_SEED), ROOM_RMS);
  const jump = { atMs: 500 * seconds, byMs: 60 };
  const ways: Readonly<Record<string, Pick<EchoScene, "cleans" | "tells"> & Partial<EchoScene>>> = {
    "cleaned and told": { cleans: true, tells: true },
    "cleaned and told, clocks 100 ppm apart, delay jumps": { cleans: true, tells: true, driftPpm: 100, jump },
    "cleaned only": { cleans: true, tells: false },
    "told only": { cleans: false, tells: true },
    neither: { cleans: false, tells: false },
  };
  for (const [name, how] of Object.entries(ways)) {
    let [stops, ducks] = [0, 0];
    const gains = [-20, -12, -6, 0];
    for (const [n, gainDb] of gains.entries()) {
      const done = await heldAgainst({ vad, sound: room, echo: echoOf(reply, n, how, gainDb) });
      if (done.some(({ type }) => type === "stop")) stops += 1;
      ducks += done.filter(({ type }) => type === "duck").length;
    }
    const where = `our own voice ${name}, ${seconds} s at ${gains.join(", ")} dB`;
    const isGoal = how.cleans && how.tells;
    yield {
      ...row(`${where}: stopped by it (of 4)`, stops, ""),
      goal: isGoal ? "0" : null,
      met: isGoal ? stops === 0 : null,
    };
    yield row(`${where}: ducked by it`, ducks, "");
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function row(metric: string, value: number, unit: string): BenchRow {
  return { metric, value, unit, baseline: null, ratio: null, goal: null, met: null };
}
