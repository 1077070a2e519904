import type { Licence } from "../types.ts";

const free = (spdx: string, url: string): Licence => ({ spdx, url, use: "free" });

/** The licences of the models, each with the page of the model's makers that states it. */
export const LICENCES = {
  silero: free("MIT", "https://github.com/snakers4/silero-vad/blob/master/LICENSE"),
  moonshine: free("MIT", "https://github.com/moonshine-ai/moonshine/blob/main/LICENSE"),
  zipformer: free("Apache-2.0", "https://huggingface.co/csukuangfj/sherpa-onnx-streaming-zipformer-en-20M-2023-02-17"),
  kokoro: free("Apache-2.0", "https://huggingface.co/hexgrad/Kokoro-82M"),
  tinyLlama: free("Apache-2.0", "https://huggingface.co/TinyLlama/TinyLlama-1.1B-Chat-v1.0"),
  stories: free("MIT", "https://huggingface.co/karpathy/tinyllamas"),
  openWakeWord: free("Apache-2.0", "https://github.com/dscripka/openWakeWord#license"),
  miniLm: free("Apache-2.0", "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"),
  parley: free("Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
  espeakNg: {
    spdx: "GPL-3.0-or-later",
    url: "https://github.com/espeak-ng/espeak-ng/blob/master/COPYING",
    use: "copyleft-data",
  },
  openWakeWordHeads: {
    spdx: "CC-BY-NC-SA-4.0",
    url: "https://github.com/dscripka/openWakeWord#license",
    use: "non-commercial",
  },
} as const satisfies Record<string, Licence>;
