/** Which state of a voice's model and of this program made a sound. */
import { createHash } from "node:crypto";
import { CATALOGUE } from "@parley/audio/models";
import type { Config } from "../../config/index.ts";
import { VERSION } from "../../version.ts";

/** For the model `name`: another version of Parley, other files of the model, or another server give another text. */
export function generationOf({ voice }: Config, name: string): string {
  if (voice.provider === "remote") return `${VERSION} ${voice.remote_url}`;
  const files = CATALOGUE.find((entry) => entry.name === name)?.files ?? [];
  const sums = createHash("sha256").update(files.map(({ path, sha256 }) => `${path} ${sha256}`).join("\n"));
  return `${VERSION} ${sums.digest("hex")}`;
}
