/** What names a turn among all that were ever said, on whatever side of a house. */

const UNIQUE = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/iu;

/** For `remember`: what its client has named is the same wherever it is gone on with. */
export function named(workId: string | undefined): { readonly id?: string } {
  return workId !== undefined && UNIQUE.test(workId) ? { id: workId } : {};
}
