/** Sees to it that nothing outlives this process, however it ends. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";

/**
 * Reads the process ids to kill, a line each time they change, and acts when its input ends: at the latest when whoever
 * writes to it is gone. A stopped process cannot notice by itself that its parent has died; this one kills it.
 */
const SCRIPT = `trap '' INT TERM HUP
pids=
while IFS= read -r line; do pids=$line; done
if [ -n "$pids" ]; then kill -9 $pids 2>/dev/null; sleep 0.2; fi
if [ -n "$1" ]; then rm -rf -- "$1"; fi`;

/** A small shell that waits for the end of this process. */
export class Guard {
  readonly #shell: ChildProcessByStdio<Writable, null, null>;
  readonly #pids = new Set<number>();

  /** @param folder is removed in the end; undefined: nothing is. */
  constructor(folder: string | undefined) {
    this.#shell = spawn("/bin/sh", ["-c", SCRIPT, "guard", folder ?? ""], { stdio: ["pipe", "ignore", "ignore"] });
    // Writing to a guard that somebody killed fails; the nodes still end when their own input does.
    this.#shell.stdin.on("error", () => undefined);
    this.#shell.unref();
  }

  watch(pid: number): void {
    this.#pids.add(pid);
    this.#tell();
  }

  /** It has ended: its number may soon be somebody else's. */
  forget(pid: number): void {
    if (this.#pids.delete(pid)) this.#tell();
  }

  /** Kills what is still watched, removes the folder, and waits for both. */
  async end(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    this.#shell.ref();
    const exited = once(this.#shell, "exit");
    this.#shell.stdin.end();
    await exited;
  }

  #tell(): void {
    if (this.#shell.stdin.writable) this.#shell.stdin.write(`${[...this.#pids].join(" ")}\n`);
  }
}
