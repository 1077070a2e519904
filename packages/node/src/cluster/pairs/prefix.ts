/** Keys that begin alike. */

/** The first key, by UTF-16 code units, behind all that begin with `prefix`; undefined: there is none. */
export function afterPrefix(prefix: string): string | undefined {
  for (let at = prefix.length - 1; at >= 0; at -= 1) {
    const unit = prefix.charCodeAt(at);
    if (unit < 0xffff) return prefix.slice(0, at) + String.fromCharCode(unit + 1);
  }
  return undefined;
}
