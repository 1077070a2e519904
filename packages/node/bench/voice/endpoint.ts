/**
 * When somebody has finished: how soon that is found, and how often somebody who only hesitates is answered. Real voices
 * (Kokoro), a real detector (Silero) and a real recogniser (Moonshine) through `converse`; the thinker is scripted. Time is
 * simulated, so that a busy machine measures the same: how long the engines take is once stated (150, 200 and 100 ms), once
 * measured in this run.
 *
 * **Cut off** is who is told an answer without the rest of what they said: more than one question came of one utterance. An
 * answer that was begun and taken back again within the join grace is counted beside it. The baseline is an end after 700 ms
 * of silence, whatever was said.
 */
import {
  framesHost,
  speechToText,
  sttHost,
  textToSpeech,
  ttsHost,
  voiceFrames,
  type SpeechToText,
  type VoiceFrame,
  type VoiceFrames,
} from "@parley/audio/engines";
import { createEndpointer, createSpeechTracker } from "@parley/audio/turn";
import { beside, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { fluent, hesitating, MEASURED_VOICES, spoken, torn, type Clip, type Script } from "./endpoint/clips.ts";
import { MEASURED, WHOLE, WHOLE_FOR_TUNING } from "./endpoint/hesitations.ts";
import { heldWith, type Course, type Delays } from "./endpoint/simulation.ts";
import { chunks, modelsWith, recordings, VOICE_MODELS, VOICES, withHost, withVoices, type Models } from "./material.ts";
import type { PartOptions } from "./part.ts";

const FIXED: Delays = { stt: () => 150, think: 200, tts: 100 };
const BASELINE_MS = 700;
const CUT_GOAL = 2;
const SEED = 2;
/** How much of a recording follows behind its last sound. */
const TAIL = new Float32Array(6 * 16_000);

/** A clip, what the detector says of it, and where 700 ms of silence would have ended it. */
interface Heard {
  readonly clip: Clip;
  readonly frames: readonly VoiceFrame[];
  readonly plainEndsMs: readonly number[];
}

/** Material and engines. */
interface Ground {
  readonly stt: SpeechToText;
  readonly prepared: (scripts: readonly Script[]) => Promise<readonly Heard[]>;
  readonly hear: (clip: Clip) => Promise<Heard>;
}

export async function* endpointRows({ isQuick }: PartOptions): AsyncGenerator<BenchRow> {
  const at = modelsWith("vad/silero-v5", "stt/moonshine-tiny-en-q8", "speech/wav", ...VOICE_MODELS);
  const people = await recordings(at("speech/wav"));
  const tts = await measuredTtsMs(at);
  const some = <T>(all: readonly T[]): readonly T[] => (isQuick ? all.filter((_, n) => n % 6 === 0) : all);
  const rows = await withHost(framesHost({ folder: at("vad/silero-v5") }), (detector) =>
    withHost(sttHost({ folder: at("stt/moonshine-tiny-en-q8") }), async (recogniser) => {
      const vad = voiceFrames(detector);
      const stt = remembering(speechToText(recogniser));
      const hear = (clip: Clip): Promise<Heard> => heard(clip, vad);
      const prepared = (scripts: readonly Script[]): Promise<readonly Heard[]> =>
        withVoices(at, async (speak) => {
          const all: Heard[] = [];
          for (const script of some(scripts)) all.push(await hear(await spoken(script, speak)));
          return all;
        });
      const ground = { stt, prepared, hear };
      const real = { ...FIXED, stt: await measuredSttMs(speechToText(recogniser), people[0] ?? TAIL), tts };
      return [
        ...(await wholeRows(ground, real)),
        ...(await hesitationRows(ground, real)),
        ...(await tornRows(ground)),
        ...(await readingRows(ground, people)),
      ];
    }),
  );
  yield* rows;
}

async function wholeRows({ stt, prepared }: Ground, real: Delays): Promise<readonly BenchRow[]> {
  const clips = await prepared(fluent(WHOLE, MEASURED_VOICES));
  const plain = clips.map(({ clip, plainEndsMs }) => (plainEndsMs.at(-1) ?? Number.NaN) - clip.endMs);
  const rows: BenchRow[] = [];
  for (const [name, delays] of [
    ["150/200/100 ms", FIXED],
    ["real engines", real],
  ] as const) {
    const courses = await all(clips, ({ clip, frames }) => heldWith(clip.sound, { frames, stt, delays, speaks: true }));
    const ends = courses.map(({ endsMs }, n) => (endsMs.at(-1) ?? Number.NaN) - (clips[n]?.clip.endMs ?? 0));
    const sounds = courses.map(({ soundsMs }, n) => (soundsMs.at(-1) ?? Number.NaN) - (clips[n]?.clip.endMs ?? 0));
    for (const percent of [50, 95]) {
      const baseline = quantile(plain, percent / 100);
      const what = `whole orders and questions (${clips.length}), ${name}`;
      rows.push(
        beside(`${what}: end found after the last sound, p${percent}`, quantile(ends, percent / 100), baseline, "ms"),
        informs(`${what}: first sound of the answer, p${percent}`, quantile(sounds, percent / 100), "ms"),
      );
    }
  }
  return rows;
}

async function hesitationRows({ stt, prepared }: Ground, real: Delays): Promise<readonly BenchRow[]> {
  const clips = await prepared(hesitating(MEASURED, MEASURED_VOICES, SEED));
  const plain = share(clips, ({ clip, plainEndsMs }) => isEarly(plainEndsMs, clip));
  const rows: BenchRow[] = [];
  const ways = [
    ["150/200/100 ms", FIXED, true],
    ["real engines", real, true],
    ["150/200/100 ms, text only", FIXED, false],
  ] as const;
  for (const [name, delays, speaks] of ways) {
    const courses = await all(clips, ({ clip, frames }) => heldWith(clip.sound, { frames, stt, delays, speaks }));
    const what = `hesitations of 0.3–2 s (${clips.length}), ${name}`;
    const cut = share(courses, isCut);
    const judged = { goal: `<= ${CUT_GOAL}`, met: cut <= CUT_GOAL };
    rows.push({ ...beside(`${what}: cut off`, cut, plain, "%"), ...judged });
    const early = share(courses, ({ endsMs }, n) => isEarly(endsMs, clips[n]?.clip));
    rows.push(informs(`${what}: an end found too early, mostly joined again`, early, "%"));
    const begun = share(courses, ({ soundsMs }, n) => isEarly(soundsMs, clips[n]?.clip));
    if (speaks) rows.push(informs(`${what}: an answer begun before they had finished`, begun, "%"));
    const ends = courses.map(({ endsMs }, n) => (endsMs.at(-1) ?? Number.NaN) - (clips[n]?.clip.endMs ?? 0));
    for (const percent of [50, 95]) {
      rows.push(informs(`${what}: end found after the last sound, p${percent}`, quantile(ends, percent / 100), "ms"));
    }
  }
  return rows;
}

/** Adversarial: a pause where nobody makes one. */
async function tornRows({ stt, prepared }: Ground): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const pauseMs of [600, 1500]) {
    const clips = await prepared(torn(WHOLE_FOR_TUNING, MEASURED_VOICES, pauseMs, SEED + 1));
    const courses = await all(clips, ({ clip, frames }) =>
      heldWith(clip.sound, { frames, stt, delays: FIXED, speaks: true }),
    );
    const plain = share(clips, ({ clip, plainEndsMs }) => isEarly(plainEndsMs, clip));
    const what = `a pause of ${pauseMs / 1000} s at any word boundary (${clips.length}), 150/200/100 ms: cut off`;
    // The shorter one tears nothing by the baseline's reckoning.
    rows.push({ ...beside(what, share(courses, isCut), plain, "%"), ...(plain === 0 ? { ratio: null } : {}) });
  }
  return rows;
}

/** People who read aloud. */
async function readingRows({ stt, hear }: Ground, people: readonly Float32Array[]): Promise<readonly BenchRow[]> {
  let [turns, plain] = [0, 0];
  for (const sound of people) {
    const whole = new Float32Array(sound.length + TAIL.length);
    whole.set(sound);
    const { frames, plainEndsMs } = await hear({
      kind: "read",
      text: "",
      sound: whole,
      pausesMs: [],
      endMs: sound.length / 16,
    });
    turns += (await heldWith(whole, { frames, stt, delays: FIXED, speaks: true })).questions.length;
    plain += plainEndsMs.length;
  }
  return [
    beside(
      `${people.length} recordings of people who read aloud: turns that they are torn into`,
      turns,
      plain,
      "turns",
    ),
  ];
}

function isCut({ questions }: Course): boolean {
  return questions.length !== 1;
}

/** Whether anything came before the last piece was said: earlier than its end by more than a word's last sound. */
function isEarly(timesMs: readonly number[], clip: Clip | undefined): boolean {
  return clip !== undefined && timesMs.some((ms) => ms < clip.endMs - 250);
}

async function heard(clip: Clip, vad: VoiceFrames): Promise<Heard> {
  const frames: VoiceFrame[] = [];
  for await (const frame of vad.frames(chunks(clip.sound))) frames.push(frame);
  return { clip, frames, plainEndsMs: plainEnds(frames, vad.frameMs) };
}

/** Where a fixed silence ends what is said, turn by turn. */
function plainEnds(frames: readonly VoiceFrame[], frameMs: number): readonly number[] {
  const same = { leastSilenceMs: BASELINE_MS, unsureSilenceMs: BASELINE_MS, mostSilenceMs: BASELINE_MS, patience: 0 };
  const tracker = createSpeechTracker(frameMs);
  const ears = createEndpointer({ ...same, frameMs });
  const ends: number[] = [];
  for (const frame of frames) {
    const { state } = tracker.push(frame);
    const voiced = state === "speech" || state === "voice";
    if (!ears.push({ atMs: frame.atMs, voiced }).some(({ type }) => type === "ended")) continue;
    ends.push(frame.atMs + frameMs);
    ears.reset();
  }
  return ends;
}

/** The same sound is recognised once: it is asked for again with other delays. */
function remembering(stt: SpeechToText): SpeechToText {
  const known = new Map<string, ReturnType<SpeechToText["transcribe"]>>();
  return {
    ...stt,
    transcribe(samples) {
      const key = `${samples.length} ${Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString("base64")}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const asked = stt.transcribe(samples);
      known.set(key, asked);
      return asked;
    },
  };
}

/** How long recognising takes by the length of the sound: the quickest of five, which other work disturbs least. */
async function measuredSttMs(stt: SpeechToText, speech: Float32Array): Promise<Delays["stt"]> {
  const [short, long] = [1000, 5000] as const;
  const took = async (ms: number): Promise<number> => quickest(5, () => stt.transcribe(speech.subarray(0, ms * 16)));
  const [shortMs, longMs] = [await took(short), await took(long)];
  const slope = Math.max(0, (longMs - shortMs) / (long - short));
  return (soundMs) => Math.max(shortMs / 2, shortMs + slope * (soundMs - short));
}

/** How long the voice takes to the first sound of a short first chunk. */
async function measuredTtsMs(at: Models): Promise<number> {
  const choice = { folder: at("tts/kokoro-82m-w8"), espeakFolder: at("tts/espeak-ng-data-en"), voices: [...VOICES] };
  return await withHost(ttsHost(choice), async (host) => {
    const tts = textToSpeech(host);
    return await quickest(4, async () => {
      for await (const _ of tts.synthesize("All right.")) return;
    });
  });
}

async function quickest(times: number, work: () => Promise<unknown>): Promise<number> {
  let bestMs = Infinity;
  for (let n = 0; n < times; n += 1) {
    const startedAt = performance.now();
    await work();
    bestMs = Math.min(bestMs, performance.now() - startedAt);
  }
  return bestMs;
}

async function all(clips: readonly Heard[], hold: (heard: Heard) => Promise<Course>): Promise<readonly Course[]> {
  const courses: Course[] = [];
  for (const clip of clips) courses.push(await hold(clip));
  return courses;
}

function share<T>(all: readonly T[], holds: (one: T, n: number) => boolean): number {
  return (100 * all.filter(holds).length) / (all.length || 1);
}
