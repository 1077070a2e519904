/** What names a turn among all that were ever said, on whatever side of a house. */
import type { TurnAbout } from "./turn-log.ts";

const UNIQUE = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/iu;

/** For `remember`: what its client has named is the same wherever it is gone on with, and stands where it was asked. */
export function named(about: TurnAbout | undefined): { readonly id?: string; readonly atMs?: number } {
  const { askedAtMs: atMs } = about?.details ?? {};
  const id = about === undefined ? undefined : idOf(about.workId);
  return { ...(id === undefined ? {} : { id }), ...(atMs === undefined ? {} : { atMs }) };
}

/** Of the exchange that comes of it; undefined: a name that others may have as well. */
export function idOf(workId: string): string | undefined {
  return UNIQUE.test(workId) ? workId : undefined;
}
