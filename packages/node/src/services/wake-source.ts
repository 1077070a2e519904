/** Where the engine for wake words comes from: one front end, and a head for each word that is set. */
import { AudioError } from "@parley/audio";
import { startEngineHost, wakeHost } from "@parley/audio/engines";
import { CATALOGUE, findNeeds, type ModelEntry, type ModelStore, type WakeHead } from "@parley/audio/models";
import type { WakeOptions } from "@parley/audio/turn";
import { wakeWordsOf, type Config, type WakeInput, type WakeWordSetting } from "../config/index.ts";
import type { EngineSource } from "./engine-source.ts";
import { BYTES_PER_MIB, startChecked } from "./start-checked.ts";

const MEMORY_MIB = 512;

interface Head extends WakeHead {
  readonly entry: ModelEntry;
}

/** The engine for the words of `config.wake`. Choosing it throws AudioError `model-unknown` for a word that nobody knows. */
export function wakeSource(config: Config, store: ModelStore): EngineSource {
  return {
    choose: async () =>
      headsOf(config, store.catalogue)
        .map(({ word }) => word)
        .join(", "),
    fetch: async (_name, how) => {
      const heads = [];
      let frontEnd: string | undefined;
      for (const { word, entry, file } of headsOf(config, store.catalogue)) {
        const { folder } = await store.ensure(entry.name, how);
        heads.push({ word, folder, file });
        frontEnd ??= (await findNeeds(store, entry))?.[0]?.folder;
      }
      if (frontEnd === undefined) throw noWords(store.catalogue, "no wake word is set");
      const options = {
        ...wakeHost({ folder: frontEnd, heads }),
        memoryLimitBytes: MEMORY_MIB * BYTES_PER_MIB,
        stallAfterMs: config.engines.stall_seconds * 1000,
      };
      const [first] = headsOf(config, store.catalogue);
      return (signal) => startChecked(store, first?.entry.name ?? "", () => startEngineHost({ ...options, signal }));
    },
  };
}

function headsOf(config: Config, catalogue: readonly ModelEntry[]): readonly Head[] {
  const words = wakeWordsOf(config);
  if (words.length === 0) throw noWords(catalogue, "no wake word is set");
  return words.map((setting) => {
    const head = headOf(setting, catalogue);
    if (head !== undefined) return head;
    const { word: wanted, model } = setting;
    throw noWords(
      catalogue,
      model === undefined
        ? `no model knows the wake word "${wanted}"`
        : `${model} does not know the wake word "${wanted}"`,
    );
  });
}

function headOf({ word: wanted, model }: WakeWordSetting, catalogue: readonly ModelEntry[]): Head | undefined {
  for (const entry of catalogue) {
    if (model !== undefined && entry.name !== model) continue;
    const known = entry.words?.find(({ word }) => word === wanted);
    if (known !== undefined) return { ...known, entry };
  }
  return undefined;
}

function noWords(catalogue: readonly ModelEntry[], message: string): AudioError {
  const known = catalogue.flatMap(({ words = [] }) => words.map(({ word }) => word));
  return new AudioError("model-unknown", message, {
    nextStep: `Set wake.words to one or more of: ${known.join(", ")}. See their licences: parley models list.`,
  });
}

/**
 * When a wake word of `input` counts as heard: at the threshold that the word has of its own in `wake.words`, else at
 * `wake.threshold`, else, where that is 0, at what was measured with the head that knows it.
 * @throws AudioError `model-unknown` when none is listened for there
 */
export function wakeRulesOf(config: Config, input: WakeInput, catalogue = CATALOGUE): WakeOptions {
  const { threshold, refractory_ms: refractoryMs } = config.wake;
  const words = wakeWordsOf(config, input);
  if (words.length === 0) {
    throw new AudioError("model-unknown", `no wake word is listened for on ${input}`, {
      nextStep: `Set wake.words, without inputs= or with inputs=${input}. What is known: parley models list.`,
    });
  }
  return {
    words: Object.fromEntries(
      words.map((each) => {
        const wanted = each.threshold ?? (threshold === 0 ? undefined : threshold);
        const rule = headOf(each, catalogue)?.rule;
        return [each.word, { ...rule, ...(wanted === undefined ? {} : { threshold: wanted }) }];
      }),
    ),
    refractoryMs,
  };
}
