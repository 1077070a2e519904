/** How many wake words are heard, how often one is heard that nobody said, and what listening costs while nobody speaks. */
import { readFile } from "node:fs/promises";
import {
  framesHost,
  startEngineHost,
  voiceFrames,
  wakeHost,
  wakeWord,
  type EngineHost,
  type WakeWord,
} from "@parley/audio/engines";
import {
  babble,
  chanceOf,
  cough,
  doorKnock,
  inRoom,
  joinedSounds,
  keyboard,
  laughter,
  mixedAt,
  music,
  pinkNoise,
  throatClearing,
  voicedCough,
  whiteNoise,
  withRms,
} from "@parley/audio/testing";
import { CATALOGUE } from "@parley/audio/models";
import { createWakeWatch } from "@parley/audio/turn";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { chunks, modelsWith, recordings, VOICE_MODELS, VOICES, withHost, withVoices, type Models } from "./material.ts";
import type { PartOptions } from "./part.ts";

const WORD = "hey jarvis";
/** Words that are listened for together where false alarms are counted, and the heads that know them. */
const HEADS: Readonly<Record<string, string>> = {
  [WORD]: "hey_jarvis_v0.1.onnx",
  "hey mycroft": "hey_mycroft_v0.1.onnx",
  alexa: "alexa_v0.1.onnx",
};
/** What was measured with each head, which is what counts where nobody sets anything. */
const RULES = new Map(CATALOGUE.flatMap(({ words = [] }) => words).map(({ word, rule }) => [word, rule] as const));
const SPEEDS = [0.8, 1, 1.25];
const LEAD = new Float32Array(16_000);
const TAIL = new Float32Array(12_800);
/** Voices with an odd number were listened to, in noise of seeds from here on, when the defaults were chosen. */
const TUNING_SEEDS = 40_000;

const GOALS = { recall: 0.95, alarms: 1 };

function hostOf(at: Models, words: readonly string[]): ReturnType<typeof wakeHost> {
  const folder = at("wake/openwakeword");
  return wakeHost({ folder, heads: words.map((word) => ({ word, folder, file: HEADS[word] ?? "" })) });
}

/** Hits in `audio` with the settings that are the default, by word. */
async function hitsIn(engine: WakeWord, audio: AsyncIterable<Float32Array>): Promise<Readonly<Record<string, number>>> {
  const watches = engine.words.map((word) => ({
    word,
    watch: createWakeWatch({ words: { [word]: RULES.get(word) ?? {} } }),
  }));
  const hits = Object.fromEntries(engine.words.map((word) => [word, 0]));
  for await (const step of engine.scores(audio)) {
    for (const { word, watch } of watches) {
      if (watch.push({ input: "bench", ...step }) !== undefined) hits[word] = (hits[word] ?? 0) + 1;
    }
  }
  return hits;
}

type Condition = (clip: Float32Array, seed: number) => Float32Array;

function conditionsOf(others: readonly Float32Array[]): Readonly<Record<string, Condition>> {
  return {
    clean: (clip) => clip,
    "in a room (300 ms)": (clip, seed) => inRoom(clip, 300, seed),
    "white noise at 10 dB": (clip, seed) => mixedAt(clip, whiteNoise(clip.length, seed), 10),
    "pink noise at 10 dB": (clip, seed) => mixedAt(clip, pinkNoise(clip.length, seed), 10),
    "music at 10 dB": (clip, seed) => mixedAt(clip, music(clip.length, seed), 10),
    "babble of six at 10 dB": (clip, seed) => mixedAt(clip, babble(others, clip.length, seed), 10),
  };
}

/** All voices at several speeds, clean, in a room and in noise; those that the defaults were chosen on apart from the others. */
export async function* wakeRows({ isQuick }: PartOptions): AsyncGenerator<BenchRow> {
  const at = modelsWith("wake/openwakeword", ...VOICE_MODELS, "speech/wav");
  const voices = VOICES.map((voice, n) => ({ voice, isTuned: n % 2 === 1 })).filter((_, n) => !isQuick || n % 7 < 2);
  const said = await withVoices(at, async (speak) => {
    const clips: { readonly sound: Float32Array; readonly isTuned: boolean }[] = [];
    for (const speed of SPEEDS) {
      for (const { voice, isTuned } of voices) {
        clips.push({ sound: joinedSounds([LEAD, await speak("Hey Jarvis!", voice, speed), TAIL]), isTuned });
      }
    }
    return clips;
  });
  const conditions = conditionsOf(await recordings(at("speech/wav")));
  const host = await startEngineHost(hostOf(at, [WORD]));
  try {
    const engine = wakeWord(host);
    const [measured, tuned] = [new Share(), new Share()];
    for (const [name, change] of Object.entries(conditions)) {
      const here = new Share();
      for (const [n, { sound, isTuned }] of said.entries()) {
        const hits = await hitsIn(engine, chunks(change(sound, isTuned ? TUNING_SEEDS + n : n)));
        for (const share of isTuned ? [tuned] : [measured, here]) share.add((hits[WORD] ?? 0) > 0);
      }
      yield row(`wake recall, ${name}`, here.value, "");
    }
    const { recall: goal } = GOALS;
    yield row("wake recall, all of these, voices and seeds that the defaults were chosen on", tuned.value, "");
    const all = row("wake recall, all of these, other voices and seeds", measured.value, "");
    yield { ...all, goal: `>= ${goal}`, met: measured.value >= goal };
  } finally {
    await host.close();
  }
}

class Share {
  #of = 0;
  #yes = 0;

  get value(): number {
    return this.#yes / this.#of;
  }

  add(isSo: boolean): void {
    this.#of += 1;
    if (isSo) this.#yes += 1;
  }
}

/**
 * An hour (`--minutes N` for another length) of speech, noise, music and household sounds in which nobody says a word that is
 * listened for; three are, at once.
 */
export async function* alarmRows({ isQuick, number }: PartOptions): AsyncGenerator<BenchRow> {
  const minutes = number("--minutes", isQuick ? 7 : 60);
  const at = modelsWith("wake/openwakeword", "speech/wav");
  const others = await recordings(at("speech/wav"));
  yield* await withHost(hostOf(at, Object.keys(HEADS)), async (host) => {
    const heard = await hitsIn(wakeWord(host), household(others, minutes));
    return Object.entries(heard).map(([word, hits]) => {
      const perHour = (60 * hits) / minutes;
      const goal = GOALS.alarms;
      const alarms = row(`wake false alarms an hour, "${word}" of three words (${minutes} min)`, perHour, "");
      return { ...alarms, goal: `<= ${goal}`, met: perHour <= goal };
    });
  });
}

const PART_SAMPLES = 160_000;

/** Ten seconds at a time: people one by one, in noise, over music, many at once, and household sounds. */
async function* household(clips: readonly Float32Array[], minutes: number): AsyncGenerator<Float32Array> {
  const kinds: readonly ((voice: Float32Array, part: number) => Float32Array)[] = [
    (voice) => voice,
    (voice, part) => mixedAt(voice, pinkNoise(PART_SAMPLES, part), 5 + (part % 15)),
    (voice, part) => mixedAt(voice, music(PART_SAMPLES, part), part % 15),
    (_, part) => babble(clips, PART_SAMPLES, part, 2 + (part % 6)),
    (_, part) => withRms(music(PART_SAMPLES, part), 0.05 + 0.02 * (part % 5)),
    (_, part) => throats(part),
    (voice, part) => inRoom(voice, 300, part),
  ];
  for (let part = 0; part < 6 * minutes; part += 1) {
    const chance = chanceOf(part);
    const clip = clips[Math.floor(chance() * clips.length)] ?? new Float32Array(1);
    const from = Math.floor(chance() * Math.max(0, clip.length - PART_SAMPLES));
    // Slower and faster people: the same recordings would otherwise be the same test over and over.
    const speed = 0.8 + 0.4 * chance();
    const voice = Float32Array.from(
      { length: PART_SAMPLES },
      (_, n) => clip[(from + Math.floor(n * speed)) % clip.length] ?? 0,
    );
    yield* chunks((kinds[part % kinds.length] ?? (() => voice))(voice, part));
  }
}

function throats(part: number): Float32Array {
  const sounds = [
    cough(part),
    voicedCough(part),
    doorKnock(part),
    laughter(part),
    keyboard(3000, part),
    throatClearing(part),
  ];
  return joinedSounds(sounds.flatMap((sound) => [sound, LEAD]));
}

/** Processor time of both engines while a room is quiet. */
export async function* idleRows(): AsyncGenerator<BenchRow> {
  const at = modelsWith("wake/openwakeword", "vad/silero-v5");
  const seconds = 120;
  const quiet = withRms(pinkNoise(16_000 * seconds, 1), 0.001);
  const rows: BenchRow[] = [];
  const measure = async (name: string, host: EngineHost, listen: () => Promise<unknown>): Promise<void> => {
    const before = await cpuSeconds(host.status().pid);
    await listen();
    const used = (await cpuSeconds(host.status().pid)) - before;
    rows.push(row(`idle: processor time of ${name} for an hour of audio`, (3600 * used) / seconds, "s"));
  };
  await withHost(framesHost({ folder: at("vad/silero-v5") }), (host) =>
    measure("voice activity", host, () => Array.fromAsync(voiceFrames(host).frames(chunks(quiet)))),
  );
  await withHost(hostOf(at, [WORD]), (host) =>
    measure("one wake word", host, () => Array.fromAsync(wakeWord(host).scores(chunks(quiet)))),
  );
  yield* rows;
}

/** Of a process, user and system together; Linux counts it in hundredths of a second (proc_pid_stat(5)). */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function row(metric: string, value: number, unit: string): BenchRow {
  return { metric, value, unit, baseline: null, ratio: null, goal: null, met: null };
}
