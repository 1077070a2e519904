/** Finds every module that a source file names: one parse, no guessing by regular expression. */
import { parseSync, Visitor } from "oxc-parser";

/** One mention of another module. */
export interface ImportMention {
  readonly specifier: string;
  /** 1-based. */
  readonly line: number;
  /** Erased at run time. */
  readonly typeOnly: boolean;
}

/** What a file names, and the first thing that kept it from being read. */
export interface Scan {
  readonly imports: readonly ImportMention[];
  readonly syntaxError: { readonly line: number; readonly message: string } | undefined;
}

/** Walking the tree is worth it only where these could hide a module's name. */
const MAY_NAME_MODULES = /\bimport\s*\(|require|\bimport\.meta\.resolve\b|\b(?:vi|jest)\.\w*mock\b|\bimport\s+\w+\s*=/i;

/**
 * @param path names the language by its extension (`.ts`, `.mjs`, …)
 * @param text the file's contents
 */
export function scanImports(path: string, text: string): Scan {
  const parsed = parseSync(path, text);
  const lineOf = lineFinder(text);
  const imports: ImportMention[] = [];
  for (const { moduleRequest, entries } of parsed.module.staticImports) {
    const typeOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    imports.push({ specifier: moduleRequest.value, line: lineOf(moduleRequest.start), typeOnly });
  }
  for (const { entries } of parsed.module.staticExports) {
    const [first] = entries.flatMap(({ moduleRequest }) => (moduleRequest === null ? [] : [moduleRequest]));
    if (first === undefined) continue;
    const typeOnly = entries.every((entry) => entry.isType);
    imports.push({ specifier: first.value, line: lineOf(first.start), typeOnly });
  }
  if (MAY_NAME_MODULES.test(text)) {
    const add = (source: unknown, typeOnly: boolean): void => {
      const literal = stringLiteral(source);
      if (literal !== undefined) {
        imports.push({ specifier: literal.value, line: lineOf(literal.start), typeOnly });
      }
    };
    new Visitor({
      ImportExpression: ({ source }) => add(source, false),
      TSImportType: ({ source }) => add(source, true),
      TSExternalModuleReference: ({ expression }) => add(expression, false),
      CallExpression: ({ callee, arguments: [first] }) => {
        if (namesModule(text.slice(callee.start, callee.end))) add(first, false);
      },
    }).visit(parsed.program);
  }
  const error = parsed.errors.at(0);
  return {
    imports,
    syntaxError: error && { line: lineOf(error.labels.at(0)?.start ?? 0), message: error.message },
  };
}

/** Calls whose first argument is a module's name. */
function namesModule(callee: string): boolean {
  return /^(?:require|require\.resolve|createRequire\([^)]*\)(?:\.resolve)?|import\.meta\.resolve|vi\.(?:do)?mock)$/i.test(
    callee,
  );
}

function stringLiteral(node: unknown): { readonly value: string; readonly start: number } | undefined {
  if (typeof node !== "object" || node === null) return undefined;
  if (!("type" in node && "value" in node && "start" in node) || node.type !== "Literal") return undefined;
  const { value, start } = node;
  return typeof value === "string" && typeof start === "number" ? { value, start } : undefined;
}

/** Offsets come in ascending and random order; files are short, so counting from the start is fast enough. */
function lineFinder(text: string): (offset: number) => number {
  return (offset) => {
    let line = 1;
    for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
    return line;
  };
}
