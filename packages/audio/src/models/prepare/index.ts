import type { AppendName, PrepareName } from "../types.ts";
import { espeakNgData } from "./espeak-ng-data.ts";
import { kokoroOnnxMetadata } from "./kokoro-metadata.ts";
import { kokoroTokens } from "./kokoro-tokens.ts";
import { moonshineTokens } from "./moonshine-tokens.ts";

/** An unpacked tarball member. */
export interface Member {
  readonly member: string;
  readonly content: Buffer;
}

/** Files by their path in the model's folder. */
export type Made = ReadonlyMap<string, Buffer>;

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
