/**
 * Spoken questions to a live conversation at a real peer, over its real socket, on real engines; and beside it the sum of what the
 * bare engines take for the same question, the same first sentence and its sound, in the same run.
 */
import { availableParallelism } from "node:os";
import { speechLabels } from "@parley/audio/testing";
import type { ParleyClient } from "@parley/sdk";
import { beside, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { LiveMicrophone, LiveSpeaker, TalkListener } from "../../src/testing/index.ts";
import { loadBareEngines } from "./bare.ts";
import { loadBareWriter } from "./bare-writer.ts";
import { modelsWith, VOICE_MODELS, VOICES, withVoices } from "./material.ts";
import type { PartOptions } from "./part.ts";
import { realFlags, withPeer } from "./peer.ts";

/** The language model tells stories: what begins one is answered by its next sentences. */
const QUESTIONS = [
  "Once upon a time there was a little dog.",
  "Tell me what the cat did in the garden.",
  "One day a girl found a red ball in the park.",
  "What happened to the boy who lost his hat?",
  "There was a big bear who liked to sing.",
  "Please tell me about the bird in the tree.",
  "The sun was shining and Tom went to the beach.",
  "Why was the old tree so sad?",
  "A small mouse wanted to see the moon.",
  "Tell me a story about a boat.",
];
const MAX_TOKENS = 40;

interface Turn {
  readonly speechToAudioMs: number;
  readonly endpointMs: number;
  readonly decisionToAudioMs: number;
  readonly bareMs: number;
}

export async function* latencyRows({ isQuick }: PartOptions): AsyncGenerator<BenchRow> {
  const at = modelsWith("vad/silero-v5", "stt/moonshine-tiny-en-q8", ...VOICE_MODELS, "llm/stories15m");
  const flags = realFlags(at, { "llm.max_tokens": String(MAX_TOKENS) });
  const texts = isQuick ? QUESTIONS.slice(0, 3) : QUESTIONS;
  const clips = await withVoices(at, (speak) =>
    Promise.all(texts.map((text, n) => speak(text, VOICES[(5 * n) % VOICES.length] ?? ""))),
  );
  const bare = await loadBareEngines(flags);
  const threads = Math.max(1, availableParallelism() - 1);
  const writer = await loadBareWriter(at("llm/stories15m/stories15M-q8_0.gguf"), threads, MAX_TOKENS);
  const turns: Turn[] = [];
  try {
    await withPeer(flags, undefined, async (client) => {
      // The first question loads the engines. Bare engines and peer take turns, so that both meet the same load.
      for (const [n, clip] of [clips[0] ?? new Float32Array(0), ...clips].entries()) {
        const said = upToEndOfSpeech(clip);
        const { question, firstSentence, ...times } = await asked(client, said);
        const heardMs = bare.hear(said);
        const thoughtMs = await writer.write(question, firstSentence.length);
        const spokenMs = bare.say(firstSentence).firstMs;
        if (n > 0) turns.push({ ...times, bareMs: heardMs + thoughtMs + spokenMs });
      }
    });
  } finally {
    await writer.close();
  }
  const of = (name: keyof Turn, share: number): number =>
    quantile(
      turns.map((turn) => turn[name]),
      share,
    );
  for (const [name, share] of [
    ["p50", 0.5],
    ["p95", 0.95],
  ] as const) {
    const bareMs = of("bareMs", share);
    yield beside(
      `talk: end of speech to first audio, ${name} of ${turns.length}`,
      of("speechToAudioMs", share),
      bareMs,
      "ms",
    );
    yield informs(`talk: of this the pause until the turn's end is decided, ${name}`, of("endpointMs", share), "ms");
    yield beside(`talk: decision to first audio, ${name}`, of("decisionToAudioMs", share), bareMs, "ms");
  }
}

/** One question in a conversation of its own. */
async function asked(
  client: ParleyClient,
  said: Float32Array,
): Promise<Omit<Turn, "bareMs"> & { readonly question: string; readonly firstSentence: string }> {
  const microphone = new LiveMicrophone({ blockMs: 20 });
  const speaker = new LiveSpeaker();
  const listener = new TalkListener(client.talk(microphone.blocks, { speaker }));
  try {
    await listener.until("open ears", () => listener.of("state")[0], 120_000);
    await microphone.say(new Float32Array(8000));
    const endedMs = await microphone.say(said);
    const heard = await listener.until("a first sound", () => speaker.replies[0]);
    const { question } = await listener.turn(1);
    const decidedMs = listener.of("signal").find(({ signal }) => signal === "captured")?.toldMs;
    const sentence = listener.of("sentence").findLast(({ index }) => index === 0);
    if (decidedMs === undefined || sentence === undefined) throw new Error("a reply came without a turn's end");
    return {
      question,
      firstSentence: sentence.text,
      speechToAudioMs: heard.startedMs - endedMs,
      endpointMs: decidedMs - endedMs,
      decisionToAudioMs: heard.startedMs - decidedMs,
    };
  } finally {
    microphone.end();
    await listener.over;
  }
}

/** Without the silence that a voice has behind its last sound. */
function upToEndOfSpeech(clip: Float32Array): Float32Array {
  const frame = 160;
  const last = speechLabels(clip, frame, 0).lastIndexOf(true);
  return clip.subarray(0, (last + 1) * frame);
}
