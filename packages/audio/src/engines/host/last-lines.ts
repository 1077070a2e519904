/** Remembers the end of what a process wrote, for the report of its death. */
import type { Readable } from "node:stream";

const MAX_LINES = 20;
const MAX_LINE_CHARS = 500;
const ESCAPE_SEQUENCES = /\u001B\[[0-9;]*[A-Za-z]/g;

/** The last lines of some text streams; its memory is bounded however much is written. */
export class LastLines {
  readonly #lines: string[] = [];

  /** Reads `stream` to its end. */
  follow(stream: Readable): void {
    let partial = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      const parts = (partial + chunk).split("\n");
      partial = (parts.pop() ?? "").slice(0, MAX_LINE_CHARS);
      for (const part of parts) this.#add(part);
    });
    stream.on("end", () => this.#add(partial));
    // The pipe of a killed process may break instead of ending; what was read stays.
    stream.on("error", () => this.#add(partial));
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  #add(line: string): void {
    const text = line.replaceAll(ESCAPE_SEQUENCES, "").trimEnd().slice(0, MAX_LINE_CHARS);
    if (text === "") return;
    this.#lines.push(text);
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }
}
