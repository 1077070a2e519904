/** The replicated key-value store that checks run on. */

/** The machine, and what it tells of its state here. */
export { KvMachine } from "./kv-machine.ts";
export type { KvPair, RangeQuery } from "./kv-machine.ts";
/** Commands and results as bytes. */
export { decodeResult, encodeCommand, encodePut } from "./command.ts";
export type { KvCommand, KvResult } from "./command.ts";
/** Queries, answers and watched changes as bytes. */
export { answerQuery, decodePairs, decodeWatchItem, encodeQuery, encodeWatchItem } from "./query.ts";
export type { KvQuery } from "./query.ts";
/** Watching keys. */
export type { Watch, WatchItem, WatchSelector } from "./watch.ts";
export type { HistoryLimits } from "./history.ts";
