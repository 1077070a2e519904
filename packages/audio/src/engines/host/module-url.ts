/** Finds modules beside a module, as sources and as built files alike. */

/**
 * URL of the module `path` (without extension) relative to `base`, with the extension that `base` itself has: `.ts` when
 * run from sources, `.js` when built. Strings inside `new URL` are not rewritten by the compiler.
 */
export function siblingModule(base: string, path: string): URL {
  return new URL(`${path}${base.endsWith(".ts") ? ".ts" : ".js"}`, base);
}
