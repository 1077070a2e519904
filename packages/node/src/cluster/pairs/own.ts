/** The part of the pairs that is Parley's own: nobody writes there, or reads it, by naming keys. */

/** Keys that begin so are Parley's. */
export const OWN_PAIRS = "parley/";

/** Whether a key is none that users and apps choose. */
export function isOwnPair(key: string): boolean {
  return key.startsWith(OWN_PAIRS);
}
