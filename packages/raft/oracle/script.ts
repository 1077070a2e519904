/** The script language: command lines, each with arguments and perhaps a body. */

/** One argument: a bare word, or a key with values. */
export interface Argument {
  readonly key: string;
  readonly values: readonly string[];
}

/** One command of a script. */
export interface Command {
  readonly name: string;
  readonly args: readonly Argument[];
  /** The line that follows the command. */
  readonly body: string;
}

/** A script with where it came from, and what it is known to end with, if that is known. */
export interface Script {
  readonly file?: string;
  readonly seed?: number;
  readonly script: readonly string[];
  /** Of a plain script: the line each command stands on, and what could not be understood. */
  readonly lines?: readonly number[];
  readonly problems?: readonly string[];
  readonly [field: string]: unknown;
}

/** A plain script as read: its commands, the line each stands on (from 1), and what could not be understood. */
export interface PlainScript {
  readonly script: readonly string[];
  readonly lines: readonly number[];
  readonly problems: readonly string[];
}

/**
 * Reads one command: `name word key=value key=(a,b)`, and whatever follows a newline as its body.
 * @throws Error when a part of the line is none of these
 */
export function parseCommand(text: string): Command {
  const [line = "", ...rest] = text.split("\n");
  const tokens = line.match(/[^\s=(]+(?:=(?:\([^)]*\)|\S+)?)?|\([^)]*\)/g) ?? [];
  const [name = "", ...words] = tokens;
  const compact = (part: string): string => part.replaceAll(/\s/g, "");
  if (compact(tokens.join("")) !== compact(line)) throw new Error("this line cannot be read as a command");
  return { name, args: words.map(parseArgument), body: rest.join("\n") };
}

function parseArgument(word: string): Argument {
  const at = word.indexOf("=");
  if (at === -1) return { key: word, values: [] };
  const value = word.slice(at + 1).replaceAll(/^\(|\)$/g, "");
  return { key: word.slice(0, at), values: value.split(/[\s,]+/).filter((each) => each !== "") };
}

const SEPARATOR = "----";
/** A body: changes of the membership, such as `v2 l4 r5`. */
const BODY = /^\s*[vlru]\d+(?:\s+[vlru]\d+)*\s*$/;
const TAKES_BODY = /^\s*propose-conf-change\b/;

/**
 * Reads a plain script: blocks of one or more command lines, each followed by its body if it takes one, then perhaps
 * `----` and output, which is passed over up to a blank line. Output that holds blank lines stands between doubled
 * `----` lines. Lines that start with `#` are comments; lines may end with CRLF. Whatever is neither body nor output
 * is a command, so that a line nobody understands fails when the script runs.
 */
export function parsePlainScript(text: string): PlainScript {
  const commands: { text: string; readonly line: number }[] = [];
  const problems: string[] = [];
  const lines = text.split("\n").map((line) => line.trimEnd());
  let at = 0;
  /** Commands of the block being read. */
  let block = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    at += 1;
    const last = commands.at(-1);
    if (line === SEPARATOR) {
      if (block === 0) problems.push(`line ${at}: ${SEPARATOR} without a command before it`);
      at = afterOutput(lines, at, problems);
      block = 0;
    } else if (line === "") block = 0;
    else if (line.trimStart().startsWith("#")) continue;
    else if (block > 0 && last !== undefined && TAKES_BODY.test(last.text) && BODY.test(line)) last.text += `\n${line}`;
    else {
      commands.push({ text: line, line: at });
      block += 1;
    }
  }
  if (commands.length === 0) problems.push("line 1: there is no command in this script");
  return { script: commands.map((each) => each.text), lines: commands.map(({ line }) => line), problems };
}

/** Where reading goes on behind the output that starts at `from`. */
function afterOutput(lines: readonly string[], from: number, problems: string[]): number {
  let at = from;
  if (lines[at] === SEPARATOR) {
    // Doubled: the output ends at the next doubled line.
    at += 1;
    while (at < lines.length && !(lines[at] === SEPARATOR && lines[at + 1] === SEPARATOR)) at += 1;
    if (at >= lines.length) problems.push(`line ${from}: the doubled ${SEPARATOR} is never closed`);
    return at + 2;
  }
  while (at < lines.length && lines[at] !== "") {
    // A second separator: a command was taken for output, because no blank line stands before it.
    if (lines[at] === SEPARATOR) problems.push(`line ${at + 1}: ${SEPARATOR} within output; is a blank line missing?`);
    at += 1;
  }
  return at;
}

/** Every script of a file: JSON lines, or one plain script. @throws TypeError naming file and line that is no script */
export function parseScripts(name: string, text: string): readonly Script[] {
  if (!/\.jsonl?$/.test(name) && !text.trimStart().startsWith("{")) return [{ file: name, ...parsePlainScript(text) }];
  const scripts = text
    .split("\n")
    .flatMap((line, at) => (line.trim() === "" ? [] : [parseJsonScript(line.trim(), `${name}:${at + 1}`)]));
  if (scripts.length === 0) throw new TypeError(`${name}: there is no script in it`);
  return scripts;
}

function parseJsonScript(line: string, where: string): Script {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new TypeError(`${where}: not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  if (!isScript(value)) throw new TypeError(`${where}: no "script" that is a list of commands`);
  return value;
}

function isScript(value: unknown): value is Script {
  if (typeof value !== "object" || value === null || !("script" in value)) return false;
  return Array.isArray(value.script) && value.script.every((command) => typeof command === "string");
}
