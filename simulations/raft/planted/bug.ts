/** A bug to be planted in the package: what is replaced, and by what. */

export interface Edit {
  /** Below `packages/raft/src`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly search: string;
  readonly replace: string;
}

export interface PlantedBug {
  /** Of the list it comes from; from 101 on: our own. */
  readonly number: number;
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** A bug of one edit. */
export function bug(number: number, name: string, file: string, search: string, replace: string): PlantedBug {
  return { number, name, edits: [{ file, search, replace }] };
}
