/**
 * How many words are heard wrongly: recordings of people and many voices, clean and in noise, through `listen` (detector,
 * recogniser, second looks, writing); and beside it the bare recogniser, given the very stretches that the detector found.
 */
import { framesHost, speechToText, startEngineHost, sttHost, voiceFrames } from "@parley/audio/engines";
import type { EngineHost, VoiceFrames } from "@parley/audio/engines";
import { listen, type ListenOptions } from "@parley/audio/pipeline";
import { babble, joinedSounds, mixedAt, music, pinkNoise, whiteNoise, wordErrors } from "@parley/audio/testing";
import { createSpeechTracker } from "@parley/audio/turn";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { loadBareRecogniser, type BareRecogniser } from "./bare-recogniser.ts";
import { chunks, modelsWith, recording, recordings, VOICE_MODELS, VOICES, withVoices } from "./material.ts";
import type { Models, Speak } from "./material.ts";
import type { PartOptions } from "./part.ts";

/** Said by voices that take turns; nothing was chosen or tuned by them. */
const SENTENCES = [
  "The library closes an hour earlier on the last Friday of every month.",
  "We planted tomatoes along the southern wall, where the sun stays longest.",
  "Please move the meeting to Thursday morning and tell the others.",
  "A narrow path leads from the village down to the harbour.",
  "He forgot his umbrella on the bus and came home completely wet.",
  "The museum shows paintings that nobody has seen for a century.",
  "Could you turn the heating down a little before we leave the house?",
  "Her grandmother used to bake bread with walnuts and honey.",
  "The engineers are looking for a fault in the second pump.",
  "It would be better to ask the neighbours before you cut the hedge.",
  "Snow is expected in the mountains during the night.",
  "I never understood why the clock in the hall runs backwards.",
  "The children collected shells and smooth stones on the beach.",
  "Our flight was delayed because of fog over the river.",
  "Write down what we still need for the weekend and send it to me.",
  "The orchestra will play two pieces by a young composer.",
  "Most of the furniture was made by a carpenter in the next valley.",
  "Remind me to water the plants when I come back from work.",
  "The old sailor told stories about storms and distant islands.",
  "Every window of the tower was lit when we arrived.",
];
/** Orders with names that no recogniser knows, as they are meant. */
const COMMANDS = [
  "turn on the Marlowe lamp",
  "call Siobhan",
  "play Radio Paloma",
  "close the blinds in the atelier",
  "ask Parley for the weather",
  "set the Zephyr fan to low",
  "open the Kestrel gate",
  "stop the music",
  "start the Vesta washer",
  "dim the light in the study",
];
const HOT_WORDS = [
  "Marlowe lamp",
  "Siobhan",
  "Radio Paloma",
  "atelier",
  "Parley",
  "Zephyr fan",
  "Kestrel gate",
  "Vesta",
];
/** As it is said, and as it is to be written. */
const DICTATED = [
  ["Good morning Martin comma the parcel has arrived full stop", "Good morning Martin, the parcel has arrived."],
  [
    "Please bring paper comma pencils and a ruler full stop new line see you on Monday exclamation mark",
    "Please bring paper, pencils and a ruler.\nSee you on Monday!",
  ],
  [
    "Have you seen my keys question mark they were on the table full stop",
    "Have you seen my keys? They were on the table.",
  ],
  ["The coffee is cold semicolon the tea is hot full stop", "The coffee is cold; the tea is hot."],
  [
    "Three things are missing colon a lamp comma a chair and a rug full stop",
    "Three things are missing: a lamp, a chair and a rug.",
  ],
  [
    "I was late again full stop new paragraph the bus did not come period",
    "I was late again.\n\nThe bus did not come.",
  ],
] as const;
const QUICK = 5;
const GAP = new Float32Array(16_000);
const GOALS = { clean: 6, noisy: 12 };

interface Clip {
  readonly audio: Float32Array;
  readonly text: string;
}

export async function* wordRows({ isQuick }: PartOptions): AsyncGenerator<BenchRow> {
  const at = modelsWith("vad/silero-v5", "stt/moonshine-tiny-en-q8", "speech/manifest.json", ...VOICE_MODELS);
  const { people, said, commands, dictated } = await material(at, isQuick);
  const others = await recordings(at("speech/wav"));
  const bare = loadBareRecogniser(at("stt/moonshine-tiny-en-q8"));
  const noises: Readonly<Record<string, (samples: number, seed: number) => Float32Array>> = {
    "white noise": whiteNoise,
    "pink noise": pinkNoise,
    music,
    "babble of six": (samples, seed) => babble(others, samples, seed),
  };
  const hosts: EngineHost[] = [];
  try {
    hosts.push(await startEngineHost(framesHost({ folder: at("vad/silero-v5") })));
    hosts.push(await startEngineHost(sttHost({ folder: at("stt/moonshine-tiny-en-q8") })));
    const [vad, stt] = hosts;
    if (vad === undefined || stt === undefined) return;
    const engines = { vad: voiceFrames(vad), stt: speechToText(stt) };
    const measured = (name: string, clips: readonly Clip[], how: ListenOptions, goal: number | null) =>
      row(name, clips, engines, bare, how, goal);
    yield await measured("clean, recordings of people", people, {}, GOALS.clean);
    yield await measured(`clean, ${said.length} sentences by as many voices`, said, {}, GOALS.clean);
    const all = [...people, ...said];
    for (const [noise, make] of Object.entries(noises)) {
      const clips = all.map(({ audio, text }, n) => ({ audio: mixedAt(audio, make(audio.length, 40 + n), 10), text }));
      yield await measured(`${noise} at 10 dB`, clips, {}, GOALS.noisy);
    }
    const command = { mode: "command", hotWords: HOT_WORDS } as const;
    yield await measured("orders with unknown names, hot words given", commands, command, null);
    yield await measured("dictation with spoken marks", dictated, { mode: "dictation" }, null);
  } finally {
    await Promise.all(hosts.map((host) => host.close()));
  }
}

async function material(at: Models, isQuick: boolean) {
  const manifest: readonly { readonly file: string; readonly text: string }[] = JSON.parse(
    await readFile(at("speech/manifest.json"), "utf8"),
  );
  const people: Clip[] = [];
  for (const { file, text } of manifest) {
    people.push({ audio: padded(await recording(join(at("speech"), file))), text });
  }
  const some = <T>(list: readonly T[]): readonly T[] => (isQuick ? list.slice(0, QUICK) : list);
  return await withVoices(at, async (speak) => ({
    people,
    said: await spoken(
      speak,
      some(SENTENCES).map((text) => [text, text]),
      0,
    ),
    commands: await spoken(
      speak,
      some(COMMANDS).map((text) => [text, text]),
      11,
    ),
    dictated: await spoken(speak, DICTATED, 5),
  }));
}

async function spoken(speak: Speak, texts: readonly (readonly [string, string])[], first: number): Promise<Clip[]> {
  const clips: Clip[] = [];
  for (const [n, [aloud, text]] of texts.entries()) {
    clips.push({ audio: padded(await speak(aloud, VOICES[(first + 3 * n) % VOICES.length] ?? "")), text });
  }
  return clips;
}

function padded(audio: Float32Array): Float32Array {
  return joinedSounds([GAP, audio, GAP]);
}

async function row(
  name: string,
  clips: readonly Clip[],
  engines: Parameters<typeof listen>[1],
  bare: BareRecogniser,
  how: ListenOptions,
  goal: number | null,
): Promise<BenchRow> {
  let [words, ours, theirs] = [0, 0, 0];
  for (const { audio, text } of clips) {
    const heard: string[] = [];
    for await (const event of listen(chunks(audio), engines, { partials: "off", ...how })) {
      if (event.type === "segment") heard.push(event.text);
    }
    const plain: string[] = [];
    for (const { fromMs, toMs } of await stretches(engines.vad, audio)) {
      plain.push(bare(audio.slice(fromMs * 16, toMs * 16)));
    }
    const errors = wordErrors(heard.join(" "), text);
    words += errors.words;
    ours += errors.errors;
    theirs += wordErrors(plain.join(" "), text).errors;
  }
  const percent = (errors: number): number => Number(((100 * errors) / words).toFixed(2));
  const [value, baseline] = [percent(ours), percent(theirs)];
  return {
    metric: `words heard wrongly, ${name} (${words} words)`,
    value,
    unit: "%",
    baseline,
    ratio: baseline === 0 ? null : Number((value / baseline).toFixed(3)),
    goal: goal === null ? null : `<= ${goal}`,
    met: goal === null ? null : value <= goal,
  };
}

async function stretches(vad: VoiceFrames, audio: Float32Array) {
  const tracker = createSpeechTracker(vad.frameMs);
  const found: ReturnType<typeof tracker.end>[number][] = [];
  for await (const frame of vad.frames(chunks(audio))) found.push(...tracker.push(frame).events);
  found.push(...tracker.end());
  return found.flatMap((event) => (event.type === "speech-end" ? [event] : []));
}
