/** How soon a voice starts that has nothing kept (what is kept: `phrases`), and what a wake word costs to keep in memory (PT-9). */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { wakeHost, wakeWord } from "@parley/audio/engines";
import type { ParleyClient } from "@parley/sdk";
import { informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { chunks, modelsWith, VOICE_MODELS, withHost } from "./material.ts";
import { MaterialMissing, type PartOptions } from "./part.ts";
import { realFlags, withPeer } from "./peer.ts";

const PHRASES = ["Good morning.", "Of course.", "It is ten past nine.", "I have turned it off.", "See you later."];
const BYTES_PER_MB = 1e6;
const SETTLED_MS = 2500;

export async function* startRows(options: PartOptions): AsyncGenerator<BenchRow> {
  for (const part of [voiceRows, wakeMemoryRows]) {
    try {
      yield* part(options);
    } catch (error) {
      if (!(error instanceof MaterialMissing)) throw error;
      process.stderr.write(`  left out: ${error.message}\n`);
    }
  }
}

async function* voiceRows({ isQuick }: PartOptions): AsyncGenerator<BenchRow> {
  const at = modelsWith(...VOICE_MODELS);
  const [first = "", ...others] = isQuick ? PHRASES.slice(0, 3) : PHRASES;
  const cold: number[] = [];
  const warm: number[] = [];
  await withPeer(realFlags(at), undefined, async (client) => {
    cold.push(await firstSoundMs(client, first));
    for (const phrase of others) warm.push(await firstSoundMs(client, phrase));
  });
  yield informs("TTS start, cold: the engine is loaded first", quantile(cold, 0.5), "ms");
  yield informs("TTS start, warm: a short phrase, p50", quantile(warm, 0.5), "ms");
}

async function firstSoundMs(client: ParleyClient, text: string): Promise<number> {
  const startedMs = performance.now();
  let firstMs = 0;
  for await (const event of client.say(text)) {
    if (event.type === "audio" && firstMs === 0) firstMs = performance.now() - startedMs;
  }
  return firstMs;
}

async function* wakeMemoryRows(): AsyncGenerator<BenchRow> {
  const folder = modelsWith("wake/openwakeword")("wake/openwakeword");
  const head = "hey_jarvis_v0.1.onnx";
  const files = ["melspectrogram.onnx", "embedding_model.onnx", head];
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  yield informs("wake word: the head of one word", (sizes.at(-1) ?? 0) / BYTES_PER_MB, "MB");
  yield informs("wake word: its models together", sizes.reduce((sum, size) => sum + size, 0) / BYTES_PER_MB, "MB");
  const rss = async (heads: readonly { readonly word: string; readonly folder: string; readonly file: string }[]) =>
    withHost(wakeHost({ folder, heads: [...heads] }), async (host) => {
      // It has all it needs once it has listened; the host looks every second.
      await Array.fromAsync(wakeWord(host).scores(chunks(new Float32Array(48_000))));
      await sleep(SETTLED_MS);
      return host.status().rssBytes / BYTES_PER_MB;
    });
  const jarvis = { word: "hey jarvis", folder, file: head };
  const mycroft = { word: "hey mycroft", folder, file: "hey_mycroft_v0.1.onnx" };
  const one = await rss([jarvis]);
  yield informs("wake word: resident memory of its process, Node and ONNX Runtime included", one, "MB");
  yield informs("wake word: what a second word adds", (await rss([jarvis, mycroft])) - one, "MB");
}
