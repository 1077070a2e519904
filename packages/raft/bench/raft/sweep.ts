/** Leaves nothing behind, however the bench ends: undone is what was done, last things first. */
import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Undoes at {@link close}, at the end of the process, or when that is told to end; so undoing is synchronous. */
export class Sweep {
  readonly #undo: (() => void)[] = [];
  readonly #onExit = (): void => {
    this.#sweep();
  };
  readonly #onSignal = (signal: (typeof SIGNALS)[number]): void => {
    this.#sweep();
    process.exit(128 + constants.signals[signal]);
  };

  constructor() {
    process.on("exit", this.#onExit);
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  /** A part that can be closed earlier. */
  part(): Sweep {
    const part = new Sweep();
    this.add(() => {
      part.close();
    });
    return part;
  }

  add(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** A folder for the time being. */
  folder(): string {
    const path = mkdtempSync(join(tmpdir(), "raft-bench-"));
    this.add(() => {
      rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    });
    return path;
  }

  close(): void {
    process.off("exit", this.#onExit);
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    this.#sweep();
  }

  #sweep(): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        undo();
      } catch (error) {
        process.stderr.write(`could not tidy up: ${String(error)}\n`);
      }
    }
  }
}
