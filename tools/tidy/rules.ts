/** Style that no linter checks. Pure: a text in, findings out. */
import { parseSync, Visitor, type Comment } from "oxc-parser";

/** One thing that does not belong in the house. */
export interface Finding {
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  readonly found: string;
  readonly instead: string;
}

/** The brackets keep this file from finding itself. */
const PROMISES = /\b(?:[T]ODO|[F]IXME|[X]XX)\b/;

/** Somebody's home or checkout on Linux, macOS or Windows: fine as a test's example, wrong in what is shipped. */
const MACHINE_PATHS = /(?<![\w.:/-])\/(?:[r]oot|[w]ork|[h]ome|[U]sers)\/\w|[A-Z]:\\[U]sers\\/;

/** @param path relative to the root, with `/` */
export function tidyFindings(path: string, text: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (PROMISES.test(line)) {
      findings.push({ path, line: index + 1, found: "a promise to do it later", instead: "do it, or open an issue" });
    }
    if (!isTest(path) && MACHINE_PATHS.test(line)) {
      const instead = "a path from the environment, the operating system or the file's own place";
      findings.push({ path, line: index + 1, found: "a path of one machine", instead });
    }
  }
  return /\.[cm]?[jt]s$/.test(path) ? [...findings, ...silentCatches(path, text)] : findings;
}

/** `.catch(() => {})` without a word of why: the linter sees only `catch {}`. */
function silentCatches(path: string, text: string): readonly Finding[] {
  if (!text.includes(".catch(")) return [];
  const parsed = parseSync(path, text);
  const findings: Finding[] = [];
  new Visitor({
    CallExpression: ({ callee, arguments: [handler] }) => {
      if (callee.type !== "MemberExpression" || text.slice(callee.property.start, callee.property.end) !== "catch")
        return;
      if (handler?.type !== "ArrowFunctionExpression" && handler?.type !== "FunctionExpression") return;
      const { body } = handler;
      if (body?.type !== "BlockStatement" || body.body.length > 0 || hasComment(parsed.comments, body)) return;
      const line = text.slice(0, handler.start).split("\n").length;
      findings.push({
        path,
        line,
        found: "an error swallowed by .catch",
        instead: "handle it, or say why it may be lost",
      });
    },
  }).visit(parsed.program);
  return findings;
}

function hasComment(
  comments: readonly Comment[],
  { start, end }: { readonly start: number; readonly end: number },
): boolean {
  return comments.some((comment) => comment.start >= start && comment.end <= end);
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || /(?:^|\/)(?:test|bench|simulations)\//.test(path);
}
