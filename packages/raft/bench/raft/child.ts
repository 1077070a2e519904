/** A program that the bench started. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { Host } from "./hosts.ts";
import type { Sweep } from "./sweep.ts";

const LAST_WORDS_BYTES = 2000;

/** One node's process. What it prints goes to a file, and is shown when it ends of itself. */
export class NodeProcess {
  readonly #child: ChildProcess;
  #isEnding = false;

  constructor(host: Host, command: readonly string[], logFile: string, sweep: Sweep) {
    const [program = "", ...args] = [...host.prefix, ...command];
    const output = openSync(logFile, "a");
    this.#child = spawn(program, args, { stdio: ["ignore", output, output] });
    closeSync(output);
    sweep.add(() => {
      this.kill();
    });
    this.#child.on("error", (error) => process.stderr.write(`${program} could not be started: ${error.message}\n`));
    this.#child.on("exit", (code, signal) => {
      if (this.#isEnding) return;
      const words = readFileSync(logFile, "utf8").slice(-LAST_WORDS_BYTES);
      process.stderr.write(`${command[0]} ended by itself (${code ?? signal}); its last words:\n${words}\n`);
    });
  }

  get pid(): number | undefined {
    return this.#hasEnded ? undefined : this.#child.pid;
  }

  kill(): void {
    this.#isEnding = true;
    this.#child.kill("SIGKILL");
  }

  async killed(): Promise<void> {
    this.kill();
    if (!this.#hasEnded) await once(this.#child, "exit");
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }
}
