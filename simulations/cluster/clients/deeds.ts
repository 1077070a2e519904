/** What stewards do is written down under keys of their own. */
export const STEWARD = "steward";
/** Where its deeds are. */
export const DEEDS = { from: "deed/", to: "deed0" };

/** What of a key says under which term it was written, and by whom. */
export interface Deed {
  readonly term: number;
  readonly peer: string;
}

export function keyOf({ term, peer }: Deed, name: string): string {
  return `deed/${term}/${peer}/${name}`;
}

/** Undefined: the key is none of these. */
export function deedOf(key: string): Deed | undefined {
  const [, term, peer] = /^deed\/(\d+)\/([^/]+)\//.exec(key) ?? [];
  return term === undefined || peer === undefined ? undefined : { term: Number(term), peer };
}
