// Every model Parley knows.
export { CATALOGUE } from "./catalogue.ts";
// Which model to use when the owner names none.
export { chooseModel, findNeeds, isFetchedByDefault, PREFERENCES } from "./defaults.ts";
export type { Choice, DefaultKind } from "./defaults.ts";
// Finding, fetching, verifying and removing models.
export { createModelStore } from "./store.ts";
export type { ModelStoreOptions } from "./store.ts";
// How patient downloads are.
export { DEFAULT_LIMITS } from "./fetch/limits.ts";
export type { FetchLimits } from "./fetch/limits.ts";
// One terminal line of a download's progress.
export { formatProgress } from "./fetch/progress.ts";
// What the voices of a model speak.
export { languageOfVoice, voicesOf } from "./voices.ts";
// The words of the catalogue.
export type * from "./types.ts";
