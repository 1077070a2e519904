/** What commands are given of the world. */
import type { Terminal } from "./terminal.ts";

/** What a command may touch of the process it runs in. Tests hand in their own. */
export interface CliContext {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** The person at the terminal; undefined when there is none, as in scripts. */
  readonly person?: Person | undefined;
  /** How large the terminal is that standard output goes to; undefined when it goes elsewhere. */
  readonly terminal?: (() => Terminal) | undefined;
}

/** Somebody who can be asked. */
export interface Person {
  /** What was typed as an answer; undefined at the input's end. */
  ask(question: string, signal?: AbortSignal): Promise<string | undefined>;
  /** Calls `onLine` for each line that is typed, asked for or not, until the result is called. */
  listen(onLine: (line: string) => void): () => void;
}
