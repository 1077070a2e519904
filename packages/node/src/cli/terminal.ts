/** A terminal's whole screen, taken for as long as something is shown on it, and given back as it was. */

/** How large it is now. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
}

/** Undefined when `output` is none. */
export function terminalOf(output: NodeJS.WriteStream): (() => Terminal) | undefined {
  if (output.isTTY !== true) return undefined;
  // A terminal may report 0 of either.
  return () => ({ columns: output.columns || 80, rows: output.rows || 24 });
}

/** xterm's: the other screen, the cursor out of sight; and back. */
const ENTER = "\u001B[?1049h\u001B[?25l";
const LEAVE = "\u001B[?25h\u001B[?1049l";
const HOME = "\u001B[H";
const REST_OF_LINE = "\u001B[K";
const REST_OF_SCREEN = "\u001B[J";

export class Screen {
  readonly #write: (text: string) => void;
  #isTaken = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Shows `lines` in place of what was there; nothing flickers: each line is written over. */
  show(lines: readonly string[]): void {
    const before = this.#isTaken ? "" : ENTER;
    this.#isTaken = true;
    this.#write(`${before}${HOME}${lines.map((line) => `${line}${REST_OF_LINE}`).join("\r\n")}${REST_OF_SCREEN}`);
  }

  /** Gives it back. Does nothing where it was not taken. */
  leave(): void {
    if (this.#isTaken) this.#write(LEAVE);
    this.#isTaken = false;
  }
}
