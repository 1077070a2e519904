/** What the compiler leaves pointing at sources: relative `.ts` names in declarations and in module URLs. */
import { parseSync, Visitor } from "oxc-parser";

interface Literal {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Turns `./x.ts` into `./x.js` where a declaration file imports it, and in `new URL("./x.ts", import.meta.url)` and
 * `import.meta.resolve("./x.ts")`. The length stays, so source maps stay true.
 *
 * @param path names the language by its extension (`.js`, `.d.ts`)
 * @returns the new text, and every relative `.js` name it now holds, to be checked against the files that were built
 */
export function pointAtBuilt(path: string, text: string): { readonly text: string; readonly names: readonly string[] } {
  const literals = relativeSources(path, text);
  let result = text;
  for (const { end } of literals) result = `${result.slice(0, end - 3)}js${result.slice(end - 1)}`;
  return { text: result, names: literals.map(({ value }) => value.replace(/\.ts$/, ".js")) };
}

function relativeSources(path: string, text: string): readonly Literal[] {
  if (!/\.ts["']/.test(text)) return [];
  const parsed = parseSync(path, text);
  const found: (Literal | undefined)[] = [
    ...parsed.module.staticImports.map(({ moduleRequest }) => moduleRequest),
    ...parsed.module.staticExports.flatMap(({ entries }) => entries.map((entry) => entry.moduleRequest ?? undefined)),
  ];
  new Visitor({
    TSImportType: ({ source }) => void found.push(source),
    NewExpression: ({ callee, arguments: [first, base] }) => {
      if (is(text, callee, "URL") && is(text, base, "import.meta.url")) found.push(asLiteral(first));
    },
    CallExpression: ({ callee, arguments: [first] }) => {
      if (is(text, callee, "import.meta.resolve")) found.push(asLiteral(first));
    },
  }).visit(parsed.program);
  const relative = found
    .filter((literal) => literal !== undefined)
    .filter(({ value }) => /^\.{1,2}\/.*\.ts$/.test(value));
  // Every name of `export { a, b } from "./x.ts"` carries the same literal.
  return [...new Map(relative.map((literal) => [literal.start, literal])).values()];
}

function is(text: string, node: { readonly start: number; readonly end: number } | undefined, source: string): boolean {
  return node !== undefined && text.slice(node.start, node.end) === source;
}

function asLiteral(node: { readonly type: string } | undefined): Literal | undefined {
  if (node?.type !== "Literal" || !("value" in node && "start" in node && "end" in node)) return undefined;
  const { value, start, end } = node;
  return typeof value === "string" && typeof start === "number" && typeof end === "number"
    ? { value, start, end }
    : undefined;
}
