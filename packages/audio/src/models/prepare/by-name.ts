import type { AppendName, PrepareName } from "../types.ts";
import { espeakNgData } from "./espeak-ng-data.ts";
import { kokoroOnnxMetadata } from "./kokoro-metadata.ts";
import { kokoroTokens } from "./kokoro-tokens.ts";
import type { Made, Member } from "./made.ts";
import { moonshineTokens } from "./moonshine-tokens.ts";

/** Functions that make files from members: pure, and small enough to run in memory. */
export const PREPARE: Readonly<Record<PrepareName, (members: readonly Member[]) => Made>> = {
  "moonshine-tokens": moonshineTokens,
  "kokoro-tokens": kokoroTokens,
  "espeak-ng-data": espeakNgData,
};

/** Functions that make bytes to append to a joined file. */
export const APPEND: Readonly<Record<AppendName, () => Buffer>> = {
  "kokoro-onnx-metadata": kokoroOnnxMetadata,
};
