import type { Entry } from "../../src/core/types.ts";
import type { LogStore } from "../../src/storage/log-store.ts";

/** An entry whose content follows from its place, so that any copy can be checked. */
export function entryAt(index: number, term: number, bytes = 32): Entry {
  const data = new Uint8Array(bytes).fill((index * 31 + term) % 251);
  return { term, index, type: "normal", data };
}

export function entriesFrom(from: number, count: number, term: number, bytes?: number): readonly Entry[] {
  return Array.from({ length: count }, (_, i) => entryAt(from + i, term, bytes));
}

/** Every entry the log says it has. */
export function allEntries(log: LogStore): readonly Entry[] {
  return log.entries(log.firstIndex(), log.lastIndex() + 1, Infinity);
}
