/** Progress for people: one line that changes on a terminal, a line now and then elsewhere. */
import type { CliContext } from "./context.ts";

/** Writes lines to stderr, for programs as JSON; a status line, if any, stays below them. */
export class ProgressLine {
  readonly #context: CliContext;
  readonly isTerminal: boolean;
  #shown = false;

  readonly #json: boolean;

  constructor(context: CliContext, isTerminal: boolean = process.stderr.isTTY === true, json = false) {
    this.#context = context;
    this.isTerminal = isTerminal && !json;
    this.#json = json;
  }

  /** A line that stays. */
  line(text: string): void {
    this.clear();
    this.#context.stderr(this.#json ? `${JSON.stringify({ progress: text })}\n` : `${text}\n`);
  }

  /** A line that the next one replaces; nothing off a terminal. */
  status(text: string): void {
    if (!this.isTerminal) return;
    // A terminal may report 0 columns.
    const width = process.stderr.columns || 80;
    const fitting = text.length < width ? text : `…${text.slice(text.length - width + 2)}`;
    this.#context.stderr(`\r\u001B[2K${fitting}`);
    this.#shown = true;
  }

  /** Takes the status line away. */
  clear(): void {
    if (this.#shown) this.#context.stderr("\r\u001B[2K");
    this.#shown = false;
  }
}
