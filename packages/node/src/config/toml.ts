/** Reads a configuration file's text into given values, each with its place; reports everything wrong at once. */
import { ParseError, parseTOML } from "toml-eslint-parser";
import type { AST } from "toml-eslint-parser";
import { nearest } from "./nearest.ts";
import type { ConfigProblem, Place } from "./places.ts";
import { RENAMED } from "./renamed.ts";
import { SECTIONS, SETTINGS, findSetting, toToml } from "./settings.ts";
import type { Setting } from "./settings.ts";

/** A configuration file: `path` is shown in messages and is what relative paths in it are relative to. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/** A value that was written somewhere, not yet checked. */
export interface GivenValue {
  readonly setting: Setting;
  readonly value: unknown;
  /** The value as it was written, for messages. */
  readonly written: string;
  readonly place: Place;
}

/** What a file gives, and what is wrong with it. */
export interface FileReading {
  readonly given: readonly GivenValue[];
  readonly problems: readonly ConfigProblem[];
}

const sectionNames = new Set(SECTIONS.map((section) => section.name));
const allKeys = SETTINGS.map((setting) => setting.key);

/** Reads `file` as TOML 1.0. Never throws: whatever the text, what is wrong is in `problems`. */
export function readToml(file: ConfigFile): FileReading {
  // Editors on Windows put a byte-order mark first, which TOML's grammar does not know.
  const text = file.text.replace(/^\u{FEFF}/u, "");
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text, { tomlVersion: "1.0" });
  } catch (error) {
    return { given: [], problems: [syntaxProblem(file, error)] };
  }
  const reader = new TableReader(file, text);
  for (const node of program.body[0].body) {
    if (node.type === "TOMLTable") reader.table(node);
    else reader.keyValue(node, []);
  }
  return reader;
}

function syntaxProblem(file: ConfigFile, error: unknown): ConfigProblem {
  // Anything but a ParseError is the parser giving up on text it cannot hold; the person can only mend the file.
  const place =
    error instanceof ParseError ? { line: error.lineNumber, column: error.column + 1 } : { line: 1, column: 1 };
  const reason = error instanceof Error ? error.message : String(error);
  return { place: { source: "file", file: file.path, ...place }, message: `not valid TOML: ${lowerFirst(reason)}` };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Walks the tables of one file, collecting as it goes. */
class TableReader implements FileReading {
  readonly given: GivenValue[] = [];
  readonly problems: ConfigProblem[] = [];
  readonly #file: ConfigFile;
  readonly #text: string;

  constructor(file: ConfigFile, text: string) {
    this.#file = file;
    this.#text = text;
  }

  table(table: AST.TOMLTable): void {
    const path = keyPath(table.key);
    const name = path.join(".");
    if (table.kind === "array") {
      const known = sectionNames.has(name);
      this.#refuse(table.key, name, `[[${name}]] would be a list of tables`, known ? `[${name}]` : undefined);
    } else if (sectionNames.has(name) && path.length === 1) {
      for (const pair of table.body) this.keyValue(pair, path);
    } else {
      this.#unknownSection(table.key, name);
    }
  }

  keyValue(pair: AST.TOMLKeyValue, outer: readonly string[]): void {
    const path = [...outer, ...keyPath(pair.key)];
    const key = path.join(".");
    const setting = path.length <= 2 ? findSetting(key) : undefined;
    if (setting !== undefined) {
      this.#give(setting, pair.value);
    } else if (path.length === 1 && sectionNames.has(key)) {
      if (pair.value.type === "TOMLInlineTable") {
        for (const inner of pair.value.body) this.keyValue(inner, path);
      } else {
        this.#refuse(pair.key, key, `${key} is a section, not a setting`, `[${key}]`);
      }
    } else {
      this.#unknownSetting(pair.key, key);
    }
  }

  #give(setting: Setting, node: AST.TOMLContentNode): void {
    const value = node.type === "TOMLValue" ? node.value : undefined;
    const written = this.#text.slice(node.range[0], node.range[1]);
    this.given.push({ setting, value, written, place: this.#place(node) });
  }

  #unknownSetting(node: AST.TOMLKey, key: string): void {
    const renamed = Object.hasOwn(RENAMED, key) ? RENAMED[key] : undefined;
    if (renamed === undefined) {
      this.#refuse(node, key, `unknown setting ${shown(key)}`, nearest(key, allKeys));
      return;
    }
    const message = `${key} is now ${renamed.to}: ${renamed.how}`;
    this.problems.push({ place: this.#place(node), key, message, suggestion: renamed.to });
  }

  #unknownSection(key: AST.TOMLKey, name: string): void {
    const suggestion = nearest(name, [...sectionNames]);
    this.#refuse(
      key,
      name,
      `unknown section [${shown(name)}]`,
      suggestion === undefined ? undefined : `[${suggestion}]`,
    );
  }

  #refuse(node: AST.TOMLNode, key: string, what: string, suggestion: string | undefined): void {
    const message =
      suggestion === undefined ? `${what}; parley config lists them all` : `${what}; did you mean ${suggestion}?`;
    this.problems.push({ place: this.#place(node), key, message, ...(suggestion !== undefined && { suggestion }) });
  }

  #place(node: AST.TOMLNode): Place {
    const { line, column } = node.loc.start;
    return { source: "file", file: this.#file.path, line, column: column + 1 };
  }
}

function keyPath(key: AST.TOMLKey): string[] {
  return key.keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value));
}

/** A key as written by someone: cut, and escaped when it holds more than key characters. */
function shown(key: string): string {
  const cut = key.length > 80 ? `${key.slice(0, 80)}…` : key;
  return /^[\w.-]+$/.test(cut) ? cut : toToml(cut);
}
