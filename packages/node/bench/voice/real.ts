/** Real engines through a peer: how far from the bare engine. */
import type { ParleyClient, TurnEvent } from "@parley/sdk";
import { beside, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { loadBareEngines } from "./bare.ts";
import { modelsWith, recording, VOICE_MODELS } from "./material.ts";
import type { PartOptions } from "./part.ts";
import { realFlags, withPeer } from "./peer.ts";

const SENTENCE = "The quick brown fox jumps over the lazy dog near the river bank.";

/** One measurement through the peer and the same by the bare engine. */
interface Pair {
  readonly ours: number;
  readonly bare: number;
}

export async function* realRows({ isQuick }: PartOptions): AsyncGenerator<BenchRow> {
  const at = modelsWith("speech/wav", "vad/silero-v5", "stt/moonshine-tiny-en-q8", ...VOICE_MODELS, "llm/stories15m");
  const flags = realFlags(at, { "llm.max_tokens": "60" });
  const speech = await recording(at("speech/wav/jfk.wav"));
  const bare = await loadBareEngines(flags);
  const repeats = isQuick ? 2 : 5;
  const figures = { stt: [] as Pair[], tts: [] as Pair[], first: [] as Pair[], ask: [] as number[] };
  await withPeer(flags, undefined, async (client) => {
    // One round that does not count: engines load. Bare engine and peer take turns, so that both meet the same load.
    for (let round = -1; round < repeats; round += 1) {
      const bareHeardMs = bare.hear(speech);
      const heardMs = await timedListen(client, speech);
      const bareSaid = bare.say(SENTENCE);
      const said = await timedSay(client.say(SENTENCE));
      const asked = await timedSay(client.ask({ text: "Once upon a time there was a dog." }, { speak: true }));
      if (round < 0) continue;
      const speechMs = (speech.length / 16_000) * 1000;
      figures.stt.push({ ours: heardMs / speechMs, bare: bareHeardMs / speechMs });
      figures.tts.push({ ours: said.realTimeFactor, bare: bareSaid.realTimeFactor });
      figures.first.push({ ours: said.firstMs, bare: bareSaid.firstMs });
      figures.ask.push(asked.firstMs);
    }
  });
  yield compared("STT real-time factor, voice detection included (jfk, 11 s)", figures.stt, "x");
  yield compared("TTS real-time factor (one sentence)", figures.tts, "x");
  yield compared("say: text to first sound", figures.first, "ms");
  yield informs("ask in text: question to first sound (stories15M)", quantile(figures.ask, 0.5), "ms");
}

function compared(metric: string, pairs: readonly Pair[], unit: string): BenchRow {
  const middle = (of: (pair: Pair) => number): number => quantile(pairs.map(of), 0.5);
  const row = beside(
    metric,
    middle(({ ours }) => ours),
    middle(({ bare }) => bare),
    unit,
  );
  return { ...row, ratio: middle(({ ours, bare }) => ours / bare) };
}

async function timedListen(client: ParleyClient, speech: Float32Array): Promise<number> {
  const startedAt = performance.now();
  async function* once(): AsyncGenerator<Float32Array> {
    yield speech;
  }
  for await (const event of client.listen(once(), { partials: "off" })) if (event.type === "done") break;
  return performance.now() - startedAt;
}

async function timedSay(events: AsyncIterable<TurnEvent>): Promise<{ realTimeFactor: number; firstMs: number }> {
  const startedAt = performance.now();
  let [firstMs, soundSeconds] = [0, 0];
  for await (const event of events) {
    if (event.type !== "audio") continue;
    if (firstMs === 0) firstMs = performance.now() - startedAt;
    soundSeconds += event.samples.length / event.sampleRateHz;
  }
  return { realTimeFactor: (performance.now() - startedAt) / 1000 / soundSeconds, firstMs };
}
