import { HEARING } from "./catalogue/hearing.ts";
import { SPEAKING, SPEAKING_DATA } from "./catalogue/speaking.ts";
import { EMBEDDINGS, LANGUAGE_MODELS } from "./catalogue/thinking.ts";
import { WAKING } from "./catalogue/waking.ts";
import type { ModelEntry } from "./types.ts";

/**
 * Every model Parley knows. A sha256 stands here only when it was computed from the file itself, or its publisher
 * states it; a source whose content differs is passed over.
 */
export const CATALOGUE: readonly ModelEntry[] = [
  ...HEARING,
  ...SPEAKING,
  ...SPEAKING_DATA,
  ...LANGUAGE_MODELS,
  ...WAKING,
  ...EMBEDDINGS,
];
