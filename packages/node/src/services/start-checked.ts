/** Starting an engine on a model that may be damaged. */
import { AudioError, isAudioError } from "@parley/audio";
import type { EngineHost } from "@parley/audio/engines";
import type { ModelStore } from "@parley/audio/models";

export const BYTES_PER_MIB = 1_048_576;

/** Starts an engine; when it does not, its model's files are checked: damage is the likeliest cause, and can be mended. */
export async function startChecked(
  store: ModelStore,
  name: string,
  start: () => Promise<EngineHost>,
): Promise<EngineHost> {
  try {
    return await start();
  } catch (error) {
    if (!isAudioError(error, "engine-start-failed", "engine-crashed", "model-corrupt")) throw error;
    const { ok, problems } = await store.verify(name);
    if (ok) throw error;
    throw new AudioError(
      "model-corrupt",
      `the model ${name} is damaged (${problems.map(({ path }) => path).join(", ")})`,
      {
        nextStep: `Fetch it again: parley models pull ${name}`,
        cause: error,
      },
    );
  }
}
