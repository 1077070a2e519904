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
  readonly [field: string]: unknown;
}

/** Reads one command: `name word key=value key=(a,b)`, and whatever follows a newline as its body. */
export function parseCommand(text: string): Command {
  const [line = "", ...rest] = text.split("\n");
  const tokens = line.match(/[^\s=(]+(?:=(?:\([^)]*\)|\S+)?)?|\([^)]*\)/g) ?? [];
  const [name = "", ...words] = tokens;
  return { name, args: words.map(parseArgument), body: rest.join("\n") };
}

function parseArgument(word: string): Argument {
  const at = word.indexOf("=");
  if (at === -1) return { key: word, values: [] };
  const value = word.slice(at + 1).replaceAll(/^\(|\)$/g, "");
  return { key: word.slice(0, at), values: value.split(/[\s,]+/).filter((each) => each !== "") };
}

/**
 * Reads a plain script: command lines (several may share one expected output), an optional body, `----`, output that is
 * passed over, and a blank line. Output that holds blank lines stands between doubled `----` lines.
 */
export function parsePlainScript(text: string): readonly string[] {
  const commands: string[] = [];
  const lines = text.split("\n");
  let at = 0;
  let pending: string[] = [];
  while (at < lines.length) {
    const line = lines[at] ?? "";
    at += 1;
    if (line.trim() === "" || line.startsWith("#")) continue;
    if (line !== "----") {
      pending.push(line);
      continue;
    }
    commands.push(...withBodies(pending));
    pending = [];
    at = afterOutput(lines, at);
  }
  return [...commands, ...withBodies(pending)];
}

/** The first line of a block is a command; what follows it is its body. */
function withBodies(block: readonly string[]): string[] {
  return block.length === 0 ? [] : [block.join("\n")];
}

function afterOutput(lines: readonly string[], from: number): number {
  let at = from;
  if (lines[at] === "----") {
    // Doubled: the output ends at the next doubled line.
    at += 1;
    while (at < lines.length && !(lines[at] === "----" && lines[at + 1] === "----")) at += 1;
    return at + 2;
  }
  while (at < lines.length && lines[at] !== "") at += 1;
  return at;
}

/** Every script of a file: JSON lines, or one plain script. */
export function parseScripts(name: string, text: string): readonly Script[] {
  if (!text.trimStart().startsWith("{")) return [{ file: name, script: parsePlainScript(text) }];
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const script: Script = JSON.parse(line);
      return script;
    });
}
