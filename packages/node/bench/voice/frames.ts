/** How many frames of speech are found as such, clean and in noise. */
import { framesHost, voiceFrames, type VoiceFrames } from "@parley/audio/engines";
import {
  babble,
  inRoom,
  joinedSounds,
  mixedAt,
  music,
  pinkNoise,
  scoreFrames,
  speechLabels,
  whiteNoise,
} from "@parley/audio/testing";
import { createSpeechTracker } from "@parley/audio/turn";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { chunks, modelsWith, recordings, VOICE_MODELS, VOICES, withHost, withVoices } from "./material.ts";

/** One sentence for each of the voices that take turns; none was used to choose a setting. */
const SENTENCES = [
  "Good morning. I would like a pot of tea, please, and two slices of toast.",
  "The train to the coast leaves at half past nine from platform four.",
  "Could you remind me to call the dentist tomorrow afternoon?",
  "It rained all night, and in the morning the garden was full of puddles.",
  "She said that nobody had told her about the change of plans.",
  "Put the kettle on and tell me what is in the news today.",
  "The old bridge was closed for repairs until the end of the month.",
  "Turn off the lights in the kitchen, and lock the front door.",
];
const FRAME = 512;
const GAP = new Float32Array(48 * FRAME);
/** Pauses up to this long are part of the speech, for the labels and for the detector alike. */
const BRIDGE_MS = 200;
const GOALS = { clean: 0.95, noisy: 0.9 };

export async function* frameRows(): AsyncGenerator<BenchRow> {
  const at = modelsWith("vad/silero-v5", ...VOICE_MODELS, "speech/wav");
  const others = await recordings(at("speech/wav"));
  const said = await withVoices(at, async (speak) => {
    const clips: Float32Array[] = [];
    for (const [n, text] of SENTENCES.entries()) clips.push(await speak(text, VOICES[(3 * n) % VOICES.length] ?? ""));
    return clips;
  });
  const clean = joinedSounds([...said.flatMap((clip) => [GAP, clip]), GAP]);
  const labels = speechLabels(clean, FRAME, BRIDGE_MS);
  const at10 = (noise: Float32Array): Float32Array => mixedAt(clean, noise, 10);
  const conditions: Readonly<Record<string, Float32Array>> = {
    clean,
    "in a room (300 ms)": inRoom(clean, 300, 1),
    "white noise at 10 dB": at10(whiteNoise(clean.length, 1)),
    "pink noise at 10 dB": at10(pinkNoise(clean.length, 2)),
    "music at 10 dB": at10(music(clean.length, 3)),
    "babble of six at 10 dB": at10(babble(others, clean.length, 4)),
  };
  yield* await withHost(framesHost({ folder: at("vad/silero-v5") }), async (host) => {
    const rows: BenchRow[] = [];
    for (const [name, audio] of Object.entries(conditions)) {
      const { f1 } = scoreFrames(await speechFrames(voiceFrames(host), audio), labels);
      const goal = name.includes("10 dB") ? GOALS.noisy : GOALS.clean;
      // Babble is speech, too: whether it should be found is a matter of taste.
      const judged = name.startsWith("babble") ? { goal: null, met: null } : { goal: `>= ${goal}`, met: f1 >= goal };
      rows.push({ metric: `VAD frame F1, ${name}`, value: f1, unit: "", baseline: null, ratio: null, ...judged });
    }
    return rows;
  });
}

async function speechFrames(engine: VoiceFrames, audio: Float32Array): Promise<boolean[]> {
  const tracker = createSpeechTracker(engine.frameMs, { silenceTimeoutMs: BRIDGE_MS });
  const found: boolean[] = [];
  const mark = (events: ReturnType<typeof tracker.end>): void => {
    for (const event of events) {
      if (event.type === "speech-end") found.fill(true, event.startMs / engine.frameMs, event.endMs / engine.frameMs);
    }
  };
  for await (const frame of engine.frames(chunks(audio))) {
    found.push(false);
    mark(tracker.push(frame).events);
  }
  mark(tracker.end());
  return found;
}
