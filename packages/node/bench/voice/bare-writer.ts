/** The bare language model: loaded into this process by llama.cpp's binding, without a host and without a peer. */
import { getLlama, LlamaCompletion, LlamaLogLevel } from "node-llama-cpp";

/** What a plain script does with it. */
export interface BareWriter {
  /** Milliseconds until at least `characters` of what follows `text` were written. */
  write(text: string, characters: number): Promise<number>;
  close(): Promise<void>;
}

/** Loads the model with the threads that the peer gives it. */
export async function loadBareWriter(modelPath: string, threads: number, maxTokens: number): Promise<BareWriter> {
  const llama = await getLlama({
    gpu: false,
    build: "never",
    skipDownload: true,
    logLevel: LlamaLogLevel.error,
    maxThreads: threads,
    progressLogs: false,
  });
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  const context = await model.createContext({ contextSize: model.trainContextSize, threads });
  const completion = new LlamaCompletion({ contextSequence: context.getSequence() });
  return {
    write: async (text, characters) => {
      const enough = new AbortController();
      const startedMs = performance.now();
      let [written, tookMs] = [0, 0];
      await completion.generateCompletionWithMeta(text, {
        maxTokens,
        temperature: 0,
        signal: enough.signal,
        stopOnAbortSignal: true,
        onTextChunk: (piece) => {
          written += piece.length;
          if (written < characters || tookMs > 0) return;
          tookMs = performance.now() - startedMs;
          enough.abort();
        },
      });
      return tookMs === 0 ? performance.now() - startedMs : tookMs;
    },
    close: () => llama.dispose(),
  };
}
