/** Whether a language model has room where it is to run (PT-10): its weights, what its runtime takes, and its conversation. */
import type { ModelMemory } from "./advert.ts";

/** A model as far as its memory goes. */
export interface ModelShape {
  /** Billions of parameters. */
  readonly billions: number;
  /** Of each weight: 16, 8, 4. */
  readonly bitsPerWeight: number;
  /** Of its file, where that is known: more exact than the two above. */
  readonly fileBytes?: number;
  /** What each token of a conversation takes; where it is not known, as much as of models without shared attention heads. */
  readonly bytesPerToken?: number;
}

/** Buffers of the runtime beside weights and conversation. */
const RUNTIME_BYTES = 400_000_000;

/**
 * Keys and values of a token in 16 bits, for each billion of parameters. Llama 2 with 13 billion: 40 layers of 5,120 numbers, twice,
 * of two bytes each: 819,200 (H. Touvron et al., 2023). Models whose heads share keys take a fraction of it.
 */
const BYTES_PER_TOKEN_AND_BILLION = 63_000;

/** As an advert says it. @param freeBytes of the RAM, or of the GPU's memory, where it is to run */
export function modelMemory(shape: ModelShape, isLoaded: boolean, freeBytes: number): ModelMemory {
  const { billions, bitsPerWeight, fileBytes, bytesPerToken } = shape;
  return {
    isLoaded,
    modelBytes: (fileBytes ?? (billions * 1e9 * bitsPerWeight) / 8) + RUNTIME_BYTES,
    bytesPerToken: bytesPerToken ?? billions * BYTES_PER_TOKEN_AND_BILLION,
    freeBytes,
  };
}

/** Whether it fits with a conversation of so many tokens. */
export function fitsMemory({ isLoaded, modelBytes, bytesPerToken, freeBytes }: ModelMemory, tokens: number): boolean {
  return (isLoaded ? 0 : modelBytes) + bytesPerToken * tokens <= freeBytes;
}
