/**
 * How soon something is heard of a text that is to be said: of a phrase that is kept, from memory and, in a peer that was
 * started anew, from the disk; of the same phrase when it is not; and of the bare engine. And how long first chunks are.
 */
import { createChunker } from "@parley/audio/turn";
import { connect, type ParleyClient } from "@parley/sdk";
import { below, beside, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import type { FlagValues } from "../../src/config/index.ts";
import { createPeer } from "../../src/peer.ts";
import { fixedPhrasesOf } from "../../src/services/voice/fixed-phrases.ts";
import { loadBareEngines } from "./bare.ts";
import { modelsWith, VOICE_MODELS } from "./material.ts";
import type { PartOptions } from "./part.ts";
import { configFor, realFlags, withHome } from "./peer.ts";

/** From the order to the first sound. */
const FIRST_SOUND_GOAL_MS = 50;

/** Replies as language models write them. */
const REPLIES = [
  "Sure! The capital of France is Paris, which lies on the Seine and has about two million inhabitants.",
  "I can help you with that, but first I need to know which city you mean and when you want to travel.",
  "Photosynthesis is the process by which green plants turn sunlight, water and carbon dioxide into sugar and oxygen.",
  "Of course. Here are three ideas:\n1. Go for a walk.\n2. Read a book.\n3. Call a friend.",
  "The meeting was moved from Tuesday at 3.30 p.m. to Thursday because Dr. Smith is away until then.",
  "Natürlich, gern! Du brauchst 3,5 kg Mehl, ein Pfund Butter und etwas Salz, dann kann es losgehen.",
  "That depends on what you would like to cook and how much time you have before your guests arrive this evening.",
  "No.",
];

interface Measured {
  /** Milliseconds to the first sound, phrase by phrase. */
  readonly bare: readonly number[];
  readonly made: readonly number[];
  readonly fromMemory: readonly number[];
  readonly fromDisk: readonly number[];
}

export async function* phraseRows({ isQuick }: PartOptions): AsyncGenerator<BenchRow> {
  yield* firstChunkRows();
  const at = modelsWith(...VOICE_MODELS, "stt/moonshine-tiny-en-q8");
  const phrases = fixedPhrasesOf("en").slice(0, isQuick ? 5 : 20);
  const { bare, made, fromMemory, fromDisk } = await measured(realFlags(at, { "voice.cache_mib": "64" }), phrases);
  const p50 = (values: readonly number[]): number => quantile(values, 0.5);
  yield beside(`say: first sound of a phrase that is not kept, p50 of ${made.length}`, p50(made), p50(bare), "ms");
  for (const [where, values] of [
    ["in memory", fromMemory],
    ["on the disk", fromDisk],
  ] as const) {
    const row = beside(`say: first sound of a phrase that is kept ${where}, p50`, p50(values), p50(made), "ms");
    yield below(FIRST_SOUND_GOAL_MS, row);
    yield informs(`say: first sound of a phrase that is kept ${where}, p95`, quantile(values, 0.95), "ms");
  }
}

function measured(flags: FlagValues, phrases: readonly string[]): Promise<Measured> {
  return withHome(async (home) => {
    const bareVoice = await loadBareEngines(flags);
    const bare: number[] = [];
    const made: number[] = [];
    const fromMemory: number[] = [];
    const fromDisk: number[] = [];
    await withSpeaker(home, flags, async (client) => {
      // Bare engine and peer take turns, so that both meet the same load.
      for (const phrase of phrases) {
        made.push(await firstSoundMs(client, phrase));
        bare.push(bareVoice.say(phrase).firstMs);
      }
      for (const phrase of phrases) fromMemory.push(await firstSoundMs(client, phrase));
    });
    await withSpeaker(home, flags, async (client) => {
      for (const phrase of phrases) fromDisk.push(await firstSoundMs(client, phrase));
    });
    return { bare, made, fromMemory, fromDisk };
  });
}

/** Runs `body` with a client of a peer in `home` whose voice is ready. */
async function withSpeaker(
  home: string,
  flags: FlagValues,
  body: (client: ParleyClient) => Promise<void>,
): Promise<void> {
  const peer = await createPeer({ config: configFor(home, flags), patient: true });
  const client = await connect({ url: `${peer.url.replace("http", "ws")}/ws`, token: peer.token });
  try {
    // No phrase: it only brings the engine up.
    await firstSoundMs(client, "This is said so that the engine is there when the first phrase comes.");
    await body(client);
  } finally {
    client.close();
    await peer.close();
  }
}

async function firstSoundMs(client: ParleyClient, text: string): Promise<number> {
  const startedAt = performance.now();
  let firstMs: number | undefined;
  for await (const event of client.say(text)) {
    if (event.type === "audio") firstMs ??= performance.now() - startedAt;
  }
  if (firstMs === undefined) throw new Error(`nothing was heard of "${text}"`);
  return firstMs;
}

function* firstChunkRows(): Generator<BenchRow> {
  const lengths = REPLIES.map((reply) => {
    const chunker = createChunker();
    const [first = ""] = [...chunker.push(reply), ...chunker.end()];
    return first.trim().length;
  });
  const wholes = REPLIES.map((reply) => (/^[^.!?]+(?:[.!?](?=\S)[^.!?]+)*[.!?:]/u.exec(reply)?.[0] ?? reply).length);
  yield beside(
    "chunks: characters of the first, beside its sentence, p50",
    quantile(lengths, 0.5),
    quantile(wholes, 0.5),
    "chars",
  );
  yield informs("chunks: characters of the longest first one", Math.max(...lengths), "chars");
}
