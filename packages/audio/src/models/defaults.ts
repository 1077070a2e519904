import type { InstalledModel, ModelEntry, ModelStore } from "./types.ts";

/** The kinds of model a talking peer works with. What a model needs besides (eSpeak NG data) comes along. */
export type DefaultKind = "vad" | "stt" | "tts" | "llm";

/**
 * What is used when the owner names nothing, the preferred first. Kokoro with 8-bit weights is as fast as full precision
 * (real-time factor 0.53 and 0.59 on two cores) at a third of its memory, but comes only in an owner's folder; the 8-bit
 * one that can be fetched is slower than real time.
 */
export const PREFERENCES: Readonly<Record<DefaultKind, readonly string[]>> = {
  vad: ["silero-v5"],
  stt: ["moonshine-tiny-en-q8"],
  tts: ["kokoro-82m-w8", "kokoro-82m-fp32", "kokoro-82m-q8"],
  llm: ["tinyllama-1.1b-chat-iq2", "stories15m"],
};

/** Better than nothing, but no reason not to fetch something better: a model of stories cannot answer. */
const STAND_INS: ReadonlySet<string> = new Set(["stories15m"]);

/** What to use for one kind. */
export interface Choice {
  readonly entry: ModelEntry;
  /** Where it stands; undefined when `ensure` has to fetch it first. */
  readonly installed: InstalledModel | undefined;
  /** Most bytes that `ensure` would download, its needs included; 0 when all is there. */
  readonly downloadBytes: number;
}

/**
 * True when `entry` may be fetched without the owner having named it: it has a source, nobody's use of it is restricted,
 * and the same is true of one alternative of each of its needs. GPL data that a library only reads is allowed.
 */
export function isFetchedByDefault(entry: ModelEntry, catalogue: readonly ModelEntry[]): boolean {
  if (entry.sources.length === 0 || entry.licence.use === "non-commercial") return false;
  return areNeedsFetchedByDefault(entry, catalogue);
}

function areNeedsFetchedByDefault(entry: ModelEntry, catalogue: readonly ModelEntry[]): boolean {
  return entry.needs.every((alternatives) =>
    catalogue.some((need) => alternatives.includes(need.name) && isFetchedByDefault(need, catalogue)),
  );
}

/**
 * Chooses the model of a kind: the first of {@link PREFERENCES} that is complete (folders before cache), else, when
 * `mayFetch`, the first that can be completed by default. Undefined when there is neither.
 */
export async function chooseModel(
  store: ModelStore,
  kind: DefaultKind,
  { mayFetch }: { readonly mayFetch: boolean },
): Promise<Choice | undefined> {
  const choices: Choice[] = [];
  for (const name of PREFERENCES[kind]) {
    const entry = store.catalogue.find((candidate) => candidate.name === name);
    if (entry === undefined) continue;
    choices.push({ entry, installed: await store.find(name), downloadBytes: await store.downloadBytes(name) });
  }
  const complete = await completeOnes(store, choices);
  const completable = choices.filter(({ entry, installed }) => {
    if (!mayFetch || STAND_INS.has(entry.name)) return false;
    // What stands already needs no source of its own.
    return installed === undefined
      ? isFetchedByDefault(entry, store.catalogue)
      : areNeedsFetchedByDefault(entry, store.catalogue);
  });
  return (
    complete.find(({ entry }) => !STAND_INS.has(entry.name)) ??
    completable.find(({ installed }) => installed !== undefined) ??
    completable[0] ??
    complete[0]
  );
}

async function completeOnes(store: ModelStore, choices: readonly Choice[]): Promise<readonly Choice[]> {
  const complete: Choice[] = [];
  for (const choice of choices) {
    if (choice.installed !== undefined && (await findNeeds(store, choice.entry)) !== undefined) complete.push(choice);
  }
  return complete;
}

/** What `entry` needs, one model for each of `entry.needs` in its order; undefined when one of them does not stand. */
export async function findNeeds(store: ModelStore, entry: ModelEntry): Promise<readonly InstalledModel[] | undefined> {
  const found: InstalledModel[] = [];
  for (const alternatives of entry.needs) {
    const standing = await Promise.all(alternatives.map((name) => store.find(name)));
    const first = standing.find((model) => model !== undefined);
    if (first === undefined) return undefined;
    found.push(first);
  }
  return found;
}
