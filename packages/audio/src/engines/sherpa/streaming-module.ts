/** Engine module: speech to text while it is said, with sherpa-onnx's online recognisers. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import type { Engine } from "../module.ts";
import { checked } from "../checked.ts";
import { fileOf, modelFiles } from "../model-files.ts";
import { bpeVocabulary, hasCapitalsOnly, hotWordLines, piecesOf } from "./hot-words.ts";
import { OnlineRecognizer, type NativeConfig, type NativeOnlineRecognizer } from "./native.ts";
import { streamingOptions, type StreamingOptions } from "./options.ts";
import { streamingEngine } from "./streaming-engine.ts";

type Family = (file: (role: string) => string) => NativeConfig;

/** How each family of models is configured (sherpa's `OnlineModelConfig`). */
const FAMILIES: Readonly<Record<StreamingOptions["family"], Family>> = {
  transducer: (file) => ({
    transducer: { encoder: file("encoder"), decoder: file("decoder"), joiner: file("joiner") },
  }),
  paraformer: (file) => ({ paraformer: { encoder: file("encoder"), decoder: file("decoder") } }),
  "zipformer2-ctc": (file) => ({ zipformer2Ctc: { model: file("model") } }),
};

/** Paths that beam search follows; what sherpa's own examples take. */
const ACTIVE_PATHS = 4;

/** Loads the recogniser. See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(streamingOptions, given, "options of the streaming speech-to-text engine");
  const paths = await modelFiles(options.folder, options.files);
  const file = (role: string): string => fileOf(paths, role);
  const pieces = piecesOf(await readFile(file("tokens"), "utf8"));
  const modelConfig = {
    ...FAMILIES[options.family](file),
    tokens: file("tokens"),
    numThreads: options.threads,
    provider: "cpu",
  };
  const featConfig = { sampleRate: SPEECH_RATE_HZ, featureDim: 80 };
  // Where a turn ends is decided by `turn/endpoint`, not by the recogniser.
  const plain = new OnlineRecognizer({ featConfig, modelConfig, enableEndpoint: false });
  const capitals = hasCapitalsOnly(pieces);
  /** The words asked for last, and who listens for them: most callers ask for the same again. */
  let hot: { readonly lines: string; readonly recognizer: NativeOnlineRecognizer } | undefined;
  const recognizerFor = async (hotWords: readonly string[]): Promise<NativeOnlineRecognizer> => {
    const lines = hotWordLines(hotWords, capitals);
    // Only beam search over a transducer can prefer words; other families hear without.
    if (lines === "" || options.family !== "transducer") return plain;
    if (hot?.lines !== lines) {
      const recognizer = await withHotWords(lines, pieces, (files) => {
        const searched = { decodingMethod: "modified_beam_search", maxActivePaths: ACTIVE_PATHS };
        const { hotwordsFile, bpeVocab } = files;
        return new OnlineRecognizer({
          featConfig,
          modelConfig: { ...modelConfig, modelingUnit: "bpe", bpeVocab },
          enableEndpoint: false,
          ...searched,
          hotwordsFile,
          hotwordsScore: options.hotWordScore,
        });
      });
      hot = { lines, recognizer };
    }
    return hot.recognizer;
  };
  return streamingEngine({ id: options.id, languages: options.languages, recognizerFor, capitals });
}

/** The native library takes its hot words from files only, and reads them once. */
async function withHotWords<T>(
  lines: string,
  pieces: readonly string[],
  load: (files: { readonly hotwordsFile: string; readonly bpeVocab: string }) => T,
): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), "parley-hot-words-"));
  try {
    const files = { hotwordsFile: join(scratch, "hot-words.txt"), bpeVocab: join(scratch, "bpe.vocab") };
    await writeFile(files.hotwordsFile, lines);
    await writeFile(files.bpeVocab, bpeVocabulary(pieces));
    return load(files);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
