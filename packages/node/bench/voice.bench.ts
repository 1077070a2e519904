/**
 * `npm run bench -- voice`: hearing and speaking through a whole peer beside the bare engines, called in a plain script
 * in the same run; and with engines of fixed delay, where everything above their delays is ours.
 *
 * Arguments: `--turns N` (fixed-delay turns, 100), `--only fixed|real`.
 */
import { createRequire } from "node:module";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNeeds } from "@parley/audio/models";
import { openAudioFile, toSpeech } from "@parley/audio/format";
import { connect, type ParleyClient, type TurnEvent } from "@parley/sdk";
import type { Bench, BenchRow } from "../../../tools/bench/types.ts";
import { hostFacts, loadConfig, type FlagValues } from "../src/config/index.ts";
import { createPeer, type Peer } from "../src/peer.ts";
import { modelStoreFor } from "../src/services/model-store.ts";
import { fixedDelaySources } from "../src/testing/index.ts";

/** The delays of the named test engines, in milliseconds, and what of ours may come on top. */
const DELAYS = { stt: 150, llm: 200, tts: 100 };
const OVERHEAD_GOAL_MS = 30;
const SENTENCE = "The quick brown fox jumps over the lazy dog near the river bank.";
const REPEATS = 5;

const bench: Bench = async (args) => {
  const turns = Number(valueOf(args, "--turns") ?? 100);
  if (!Number.isInteger(turns) || turns < 1) throw new Error("--turns takes a whole number of at least 1");
  const only = valueOf(args, "--only");
  if (only !== undefined && only !== "fixed" && only !== "real") throw new Error("--only takes fixed or real");
  const rows: BenchRow[] = [];
  if (only !== "real") rows.push(...(await fixedDelayRows(turns)));
  if (only !== "fixed") rows.push(...(await realRows()));
  return { bench: "voice", rows };
};
export default bench;

function valueOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at === -1 ? undefined : args[at + 1];
}

// ---- engines of fixed delay: what is ours -----------------------------------------------------------------------

async function fixedDelayRows(turns: number): Promise<BenchRow[]> {
  return withPeer({}, true, async (client) => {
    const overheads: number[] = [];
    // The first turns start the engines and warm the code up.
    for (let turn = -5; turn < turns; turn += 1) {
      const timings = await fixedTurn(client);
      if (turn >= 0) overheads.push(timings.firstAudioMs - timings.sentMs - DELAYS.stt - DELAYS.llm - DELAYS.tts);
    }
    const goal = OVERHEAD_GOAL_MS;
    const p95 = percentile(overheads, 95);
    return [
      row("our overhead, end of speech to first audio, p50", percentile(overheads, 50), "ms"),
      { ...row("our overhead, end of speech to first audio, p95", p95, "ms"), goal: `< ${goal}`, met: p95 < goal },
      row("our overhead, end of speech to first audio, max", Math.max(...overheads), "ms"),
    ];
  });
}

/** One spoken question; times as the client sees them, from the moment its last sample was handed over. */
async function fixedTurn(client: ParleyClient): Promise<{ readonly sentMs: number; readonly firstAudioMs: number }> {
  let sentMs = 0;
  async function* question(): AsyncGenerator<Float32Array> {
    for (let block = 0; block < 10; block += 1) yield tone(block);
    sentMs = performance.now();
  }
  let firstAudioMs = 0;
  for await (const event of client.ask({ audio: question() }, { speak: true, partials: "off" })) {
    if (event.type === "audio" && firstAudioMs === 0) firstAudioMs = performance.now();
  }
  return { sentMs, firstAudioMs };
}

/** 100 ms of a tone, which the energy detector takes for speech. */
function tone(block: number): Float32Array {
  return Float32Array.from({ length: 1600 }, (_, i) => 0.4 * Math.sin((block * 1600 + i) / 5));
}

// ---- real engines: how far from the bare engine --------------------------------------------------------------------

async function realRows(): Promise<BenchRow[]> {
  const folder = process.env["PARLEY_MODELS"];
  if (folder === undefined) {
    process.stderr.write("voice: real engines skipped, because PARLEY_MODELS is not set\n");
    return [];
  }
  const flags = { "models.folder": folder, "models.llm": "stories15m", "llm.max_tokens": "60", "llm.temperature": "0" };
  const speech = await recording(join(folder, "speech/wav/jfk.wav"));
  const bare = await loadBareEngines(flags);
  return withPeer(flags, false, async (client) => {
    const figures = { stt: [] as Pair[], tts: [] as Pair[], first: [] as Pair[], ask: [] as number[] };
    // One round that does not count: engines load. Bare engine and peer take turns, so that both meet the same load.
    for (let round = -1; round < REPEATS; round += 1) {
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
    return [
      compared("STT real-time factor, voice detection included (jfk, 11 s)", figures.stt, "x"),
      compared("TTS real-time factor (one sentence)", figures.tts, "x"),
      compared("say: text to first sound", figures.first, "ms"),
      row("ask in text: question to first sound (stories15M)", median(figures.ask), "ms"),
    ];
  });
}

/** One measurement through the peer and the same by the bare engine. */
interface Pair {
  readonly ours: number;
  readonly bare: number;
}

/** The engines as a plain script calls them: loaded into this process, no host, no peer. */
interface BareEngines {
  /** Milliseconds that recognising `speech` took. */
  hear(speech: Float32Array): number;
  say(text: string): { readonly realTimeFactor: number; readonly firstMs: number };
}

async function loadBareEngines(flags: FlagValues): Promise<BareEngines> {
  return withHome(async (home) => {
    const store = modelStoreFor(configFor(home, flags));
    const stt = await store.ensure("moonshine-tiny-en-q8");
    const tts = await store.ensure("kokoro-82m-w8");
    const espeak = (await findNeeds(store, tts.entry))?.[0];
    if (espeak === undefined) throw new Error("the eSpeak NG data is missing");
    const sherpa = loadSherpa();
    const threads = Math.min(4, hostFacts({}).cores);
    const recognizer = new sherpa.OfflineRecognizer({
      featConfig: { sampleRate: 16_000, featureDim: 80 },
      modelConfig: {
        moonshine: {
          encoder: join(stt.folder, "encoder_model.onnx"),
          mergedDecoder: join(stt.folder, "decoder_model_merged.onnx"),
        },
        tokens: join(stt.folder, "tokens.txt"),
        numThreads: threads,
        provider: "cpu",
      },
    });
    const voice = new sherpa.OfflineTts({
      model: {
        kokoro: {
          model: join(tts.folder, "model.onnx"),
          voices: join(tts.folder, "voices.bin"),
          tokens: join(tts.folder, "tokens.txt"),
          dataDir: espeak.folder,
          lengthScale: 1,
        },
        numThreads: threads,
        provider: "cpu",
      },
      maxNumSentences: 1,
    });
    const sid = tts.entry.voices.indexOf(tts.entry.defaultVoice ?? "");
    return {
      hear: (speech) => {
        const startedAt = performance.now();
        const stream = recognizer.createStream();
        stream.acceptWaveform({ samples: speech, sampleRate: 16_000 });
        recognizer.decode(stream);
        return performance.now() - startedAt;
      },
      say: (text) => {
        const startedAt = performance.now();
        const audio = voice.generate({ text, sid, speed: 1, enableExternalBuffer: false });
        const firstMs = performance.now() - startedAt;
        return { firstMs, realTimeFactor: firstMs / 1000 / (audio.samples.length / audio.sampleRate) };
      },
    };
  });
}

interface Sherpa {
  readonly OfflineRecognizer: new (config: object) => {
    createStream(): { acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void };
    decode(stream: object): void;
  };
  readonly OfflineTts: new (config: object) => {
    generate(request: object): { readonly samples: Float32Array; readonly sampleRate: number };
  };
}

function loadSherpa(): Sherpa {
  const sherpa: Sherpa = createRequire(import.meta.url)("sherpa-onnx-node");
  return sherpa;
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

// ---- a peer for a while ----------------------------------------------------------------------------------------------

function configFor(home: string, flags: FlagValues): Peer["config"] {
  const all = {
    "listen.port": "0",
    "cluster.enabled": "false",
    "models.download": "false",
    "llm.provider": "embedded",
    "log.level": "error",
    ...flags,
    home,
  };
  const loaded = loadConfig({ env: {}, flags: all, host: hostFacts({}), cwd: home });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("\n"));
  return loaded.config;
}

async function withHome<T>(body: (home: string) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), "parley-bench-"));
  try {
    return await body(home);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

function withPeer<T>(flags: FlagValues, fixed: boolean, body: (client: ParleyClient) => Promise<T>): Promise<T> {
  return withHome(async (home) => {
    const config = configFor(home, flags);
    const peer = await createPeer({ config, patient: true, ...(fixed ? { sources: fixedDelaySources() } : {}) });
    const client = await connect({ url: `${peer.url.replace("http", "ws")}/ws`, token: peer.token });
    try {
      return await body(client);
    } finally {
      client.close();
      await peer.close();
    }
  });
}

async function recording(path: string): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for await (const part of toSpeech((await openAudioFile(path)).pcm)) parts.push(part);
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// ---- figures -----------------------------------------------------------------------------------------------------------

const median = (values: readonly number[]): number => percentile(values, 50);

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

function row(metric: string, value: number, unit: string): BenchRow {
  return { metric, value: rounded(value), unit, baseline: null, ratio: null, goal: null, met: null };
}

function compared(metric: string, pairs: readonly Pair[], unit: string): BenchRow {
  const value = median(pairs.map(({ ours }) => ours));
  const ratio = rounded(median(pairs.map(({ ours, bare }) => ours / bare)));
  return { ...row(metric, value, unit), baseline: rounded(median(pairs.map(({ bare }) => bare))), ratio };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
