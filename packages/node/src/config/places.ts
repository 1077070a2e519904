/** Where a value came from, and what can be wrong with it. */
import type { SettingKey } from "./schema.ts";

/** A place that someone wrote a value in. Lines and columns count from 1. */
export type Place =
  | { readonly source: "file"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly source: "environment"; readonly name: string }
  | { readonly source: "flag"; readonly flag: string }
  /** Given by the program that embeds the peer. */
  | { readonly source: "program"; readonly key: string };

/** Where the value in force came from. */
export type Origin = Place | { readonly source: "default" };

/** The origin of every setting. */
export type Origins = Readonly<Record<SettingKey, Origin>>;

/** One thing wrong with the configuration. */
export interface ConfigProblem {
  readonly place: Place;
  /** What is wrong, what is allowed, and what may have been meant. */
  readonly message: string;
  /** The key as it was written, when the problem has one. */
  readonly key?: string;
  readonly allowed?: string;
  /** The known key or name nearest to what was written. */
  readonly suggestion?: string;
}

/** A place for people: `parley.toml:3:8`, `PARLEY_LISTEN_PORT`, `--port`, `createPeer: listen.port`, `default`. */
export function placeText(place: Origin): string {
  if (place.source === "file") return `${place.file}:${place.line}:${place.column}`;
  if (place.source === "environment") return place.name;
  if (place.source === "program") return `createPeer: ${place.key}`;
  return place.source === "flag" ? place.flag : place.source;
}
