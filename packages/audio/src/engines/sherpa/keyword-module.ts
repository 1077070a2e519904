/** Engine module: wake words with sherpa-onnx's keyword spotter. Method `scores`: audio in, a step for each word heard. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AudioError } from "../../errors.ts";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import type { Engine, JobHandler } from "../module.ts";
import { checked } from "../checked.ts";
import { fileOf, modelFiles } from "../model-files.ts";
import { keywordLines, KeywordStream, unknownTokens } from "./keyword-stream.ts";
import { KeywordSpotter, type NativeKeywordSpotter } from "./native.ts";
import { keywordOptions, type KeywordOptions } from "./options.ts";

/** Other streams of this host get their turn in between. */
const SLICE_SAMPLES = SPEECH_RATE_HZ / 2;

/** Loads the spotter. See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(keywordOptions, given, "options of the keyword spotter");
  const paths = await modelFiles(options.folder, options.files);
  await mustKnow(fileOf(paths, "tokens"), options);
  const spotter = await loadSpotter(paths, options);
  const words = options.keywords.map(({ word }) => word);
  const scores: JobHandler = async (_params, io) => {
    const stream = new KeywordStream(spotter, words);
    for await (const chunk of io.input) {
      if (!(chunk instanceof Float32Array)) throw noAudio();
      for (let at = 0; at < chunk.length; at += SLICE_SAMPLES) {
        io.signal.throwIfAborted();
        for (const step of stream.push(chunk.subarray(at, at + SLICE_SAMPLES))) await io.emit(step);
        await nextTurn();
      }
    }
    io.signal.throwIfAborted();
    for (const step of stream.end()) await io.emit(step);
    return {};
  };
  return { info: { id: options.id, words: [...new Set(words)] }, methods: { scores } };
}

/** The native library takes its list of words from a file only, and reads it once. */
async function loadSpotter(
  paths: Readonly<Record<string, string>>,
  { keywords, threads }: KeywordOptions,
): Promise<NativeKeywordSpotter> {
  const scratch = await mkdtemp(join(tmpdir(), "parley-keywords-"));
  try {
    const keywordsFile = join(scratch, "keywords.txt");
    await writeFile(keywordsFile, keywordLines(keywords));
    return new KeywordSpotter({
      featConfig: { sampleRate: SPEECH_RATE_HZ, featureDim: 80 },
      modelConfig: {
        transducer: {
          encoder: fileOf(paths, "encoder"),
          decoder: fileOf(paths, "decoder"),
          joiner: fileOf(paths, "joiner"),
        },
        tokens: fileOf(paths, "tokens"),
        numThreads: threads,
        provider: "cpu",
      },
      keywordsFile,
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The native library ends the process on a token that the model does not have. */
async function mustKnow(tokensFile: string, { keywords }: KeywordOptions): Promise<void> {
  const list = await readFile(tokensFile, "utf8");
  for (const { word, tokens } of keywords) {
    const unknown = unknownTokens(list, tokens);
    if (unknown.length === 0) continue;
    throw new AudioError("input-refused", `the model has no token ${unknown.join(", ")} for the word ${word}`, {
      nextStep: "Write the word in tokens of the model's tokens.txt.",
    });
  }
}

function noAudio(): AudioError {
  return new AudioError("input-refused", "the audio is no Float32Array", {
    nextStep: "Stream mono floats in [-1, 1] at 16 kHz.",
  });
}
