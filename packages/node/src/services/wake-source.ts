/** Where the engine for wake words comes from: one front end, and a head for each word that is set. */
import { AudioError } from "@parley/audio";
import { startEngineHost, wakeHost } from "@parley/audio/engines";
import { findNeeds, type ModelEntry, type ModelStore } from "@parley/audio/models";
import type { WakeOptions } from "@parley/audio/turn";
import { wakeWordsOf, type Config, type WakeInput } from "../config/index.ts";
import type { EngineSource } from "./engine-source.ts";
import { BYTES_PER_MIB, startChecked } from "./start-checked.ts";

const MEMORY_MIB = 512;

interface Head {
  readonly word: string;
  readonly entry: ModelEntry;
  readonly file: string;
}

/** The engine for the words of `config.wake`. Choosing it throws AudioError `model-unknown` for a word that nobody knows. */
export function wakeSource(config: Config, store: ModelStore): EngineSource {
  return {
    choose: async () =>
      headsOf(config, store)
        .map(({ word }) => word)
        .join(", "),
    fetch: async (_name, how) => {
      const heads = [];
      let frontEnd: string | undefined;
      for (const { word, entry, file } of headsOf(config, store)) {
        const { folder } = await store.ensure(entry.name, how);
        heads.push({ word, folder, file });
        frontEnd ??= (await findNeeds(store, entry))?.[0]?.folder;
      }
      if (frontEnd === undefined) throw noWords(store, "no wake word is set");
      const options = {
        ...wakeHost({ folder: frontEnd, heads }),
        memoryLimitBytes: MEMORY_MIB * BYTES_PER_MIB,
        stallAfterMs: config.engines.stall_seconds * 1000,
      };
      const [first] = headsOf(config, store);
      return (signal) => startChecked(store, first?.entry.name ?? "", () => startEngineHost({ ...options, signal }));
    },
  };
}

function headsOf(config: Config, store: ModelStore): readonly Head[] {
  const words = wakeWordsOf(config);
  if (words.length === 0) throw noWords(store, "no wake word is set");
  return words.map(({ word: wanted, model }) => {
    for (const entry of store.catalogue) {
      if (model !== undefined && entry.name !== model) continue;
      const known = entry.words?.find(({ word }) => word === wanted);
      if (known !== undefined) return { ...known, entry };
    }
    throw noWords(
      store,
      model === undefined
        ? `no model knows the wake word "${wanted}"`
        : `${model} does not know the wake word "${wanted}"`,
    );
  });
}

function noWords(store: ModelStore, message: string): AudioError {
  const known = store.catalogue.flatMap(({ words = [] }) => words.map(({ word }) => word));
  return new AudioError("model-unknown", message, {
    nextStep: `Set wake.words to one or more of: ${known.join(", ")}. See their licences: parley models list.`,
  });
}

/** When a wake word of `input` counts as heard. @throws AudioError `model-unknown` when none is listened for there */
export function wakeRulesOf(config: Config, input: WakeInput): WakeOptions {
  const { threshold, refractory_ms: refractoryMs } = config.wake;
  const words = wakeWordsOf(config, input);
  if (words.length === 0) {
    throw new AudioError("model-unknown", `no wake word is listened for on ${input}`, {
      nextStep: `Set wake.words, without inputs= or with inputs=${input}. What is known: parley models list.`,
    });
  }
  return {
    words: Object.fromEntries(words.map((each) => [each.word, { threshold: each.threshold ?? threshold }])),
    refractoryMs,
  };
}
