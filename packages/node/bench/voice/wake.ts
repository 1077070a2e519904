/** How many wake words are heard, how often one is heard that nobody said, and what listening costs while nobody speaks. */
import { readFile } from "node:fs/promises";
import { framesHost, voiceFrames, wakeHost, wakeWord, type EngineHost, type WakeWord } from "@parley/audio/engines";
import {
  babble,
  cough,
  doorKnock,
  inRoom,
  joinedSounds,
  keyboard,
  mixedAt,
  music,
  pinkNoise,
  whiteNoise,
  withRms,
} from "@parley/audio/testing";
import { createWakeWatch } from "@parley/audio/turn";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { chunks, modelsWith, recordings, VOICE_MODELS, VOICES, withHost, withVoices, type Models } from "./material.ts";
import type { PartOptions } from "./part.ts";

const WORD = "hey jarvis";
const SPEEDS = [0.8, 1, 1.25];
const LEAD = new Float32Array(16_000);
const TAIL = new Float32Array(12_800);

const GOALS = { recall: 0.95, alarms: 1 };

function jarvis(at: Models): ReturnType<typeof wakeHost> {
  const folder = at("wake/openwakeword");
  return wakeHost({ folder, heads: [{ word: WORD, folder, file: "hey_jarvis_v0.1.onnx" }] });
}

/** Hits in `audio` with the settings that are the default. */
async function hitsIn(engine: WakeWord, audio: AsyncIterable<Float32Array>): Promise<number> {
  const watch = createWakeWatch({ words: { [WORD]: {} } });
  let hits = 0;
  for await (const step of engine.scores(audio)) if (watch.push({ input: "bench", ...step }) !== undefined) hits += 1;
  return hits;
}

/** All voices at several speeds, clean, in a room and in noise. */
export async function* wakeRows({ isQuick }: PartOptions): AsyncGenerator<BenchRow> {
  const at = modelsWith("wake/openwakeword", ...VOICE_MODELS, "speech/wav");
  const voices = isQuick ? VOICES.filter((_, n) => n % 4 === 0) : VOICES;
  const others = await recordings(at("speech/wav"));
  const said = await withVoices(at, async (speak) => {
    const clips: Float32Array[] = [];
    for (const speed of SPEEDS) for (const voice of voices) clips.push(await speak("Hey Jarvis!", voice, speed));
    return clips.map((clip) => joinedSounds([LEAD, clip, TAIL]));
  });
  const conditions: Readonly<Record<string, (clip: Float32Array, seed: number) => Float32Array>> = {
    clean: (clip) => clip,
    "in a room (300 ms)": (clip, seed) => inRoom(clip, 300, seed),
    "white noise at 10 dB": (clip, seed) => mixedAt(clip, whiteNoise(clip.length, seed), 10),
    "pink noise at 10 dB": (clip, seed) => mixedAt(clip, pinkNoise(clip.length, seed), 10),
    "music at 10 dB": (clip, seed) => mixedAt(clip, music(clip.length, seed), 10),
    "babble of six at 10 dB": (clip, seed) => mixedAt(clip, babble(others, clip.length, seed), 10),
  };
  yield* await withHost(jarvis(at), async (host) => {
    const engine = wakeWord(host);
    const rows: BenchRow[] = [];
    let [heardInAll, triesInAll] = [0, 0];
    for (const [name, change] of Object.entries(conditions)) {
      let heard = 0;
      for (const [seed, clip] of said.entries()) if ((await hitsIn(engine, chunks(change(clip, seed)))) > 0) heard += 1;
      heardInAll += heard;
      triesInAll += said.length;
      rows.push(row(`wake recall, ${name}`, heard / said.length, ""));
    }
    const recall = heardInAll / triesInAll;
    const { recall: goal } = GOALS;
    return [...rows, { ...row("wake recall, all of these", recall, ""), goal: `>= ${goal}`, met: recall >= goal }];
  });
}

/** An hour (`--minutes N` for another length) of speech, noise, music and household sounds in which nobody says the word. */
export async function* alarmRows({ isQuick, number }: PartOptions): AsyncGenerator<BenchRow> {
  const minutes = number("--minutes", isQuick ? 7 : 60);
  const at = modelsWith("wake/openwakeword", "speech/wav");
  const others = await recordings(at("speech/wav"));
  yield* await withHost(jarvis(at), async (host) => {
    const heard = await hitsIn(wakeWord(host), household(others, minutes));
    const perHour = (60 * heard) / minutes;
    const goal = GOALS.alarms;
    return [
      { ...row(`wake false alarms an hour (${minutes} min)`, perHour, ""), goal: `<= ${goal}`, met: perHour <= goal },
    ];
  });
}

/** Ten seconds at a time: people one by one, in noise, over music, many at once, and household sounds. */
async function* household(clips: readonly Float32Array[], minutes: number): AsyncGenerator<Float32Array> {
  const length = 160_000;
  for (let part = 0; part < 6 * minutes; part += 1) {
    const clip = clips[part % clips.length] ?? new Float32Array(0);
    const padded = new Float32Array(length);
    padded.set(clip.subarray(0, length));
    // Slower and faster people: the same recordings would otherwise be the same test over and over.
    const voice = resampled(padded, 0.85 + 0.05 * (part % 7));
    const kinds = [
      () => voice,
      () => mixedAt(voice, pinkNoise(length, part), 5 + (part % 15)),
      () => mixedAt(voice, music(length, part), part % 15),
      () => babble(clips, length, part, 2 + (part % 6)),
      () => withRms(music(length, part), 0.05 + 0.02 * (part % 5)),
      () => joinedSounds([cough(part), LEAD, doorKnock(part), LEAD, keyboard(3000, part), LEAD, cough(part + 1)]),
      () => inRoom(voice, 300, part),
    ];
    yield* chunks((kinds[part % kinds.length] ?? (() => voice))());
  }
}

/** Played `speed` times as fast, higher with it; as long as before, repeated where it is too short. */
function resampled(sound: Float32Array, speed: number): Float32Array {
  return sound.map((_, n) => sound[Math.floor(n * speed) % sound.length] ?? 0);
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
  await withHost(jarvis(at), (host) =>
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
