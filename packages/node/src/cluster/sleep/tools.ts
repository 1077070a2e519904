/**
 * Programs of the system that run for as long as somebody holds them. Each gets a small shell around it that ends when this process
 * does, however that comes: nothing outlives a peer.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Ends `"$@"` when nobody holds the other end of its input any more. */
const GUARD =
  'exec 3<&0; "$@" </dev/null & tool=$!; (cat >/dev/null; kill $tool 2>/dev/null) <&3 >/dev/null & wait $tool';
/** The shell that is a tool's own command: says that it runs, and stays until its input ends. */
export const HOLD: readonly string[] = ["sh", "-c", "echo held; exec cat >/dev/null"];

export interface RunningTool {
  /** Fulfilled when it has ended, with its exit code; null: by a signal, or it could not be started. */
  readonly ended: Promise<number | null>;
  /** May be called twice. Fulfilled when it has ended. */
  end(): Promise<void>;
}

export interface ToolOptions {
  readonly command: readonly string[];
  readonly onLine: (line: string) => void;
  /** Whether the tool itself ends with its input, and needs no guard. */
  readonly endsWithInput: boolean;
}

/** Never throws: one that cannot be started has ended. */
export function runTool({ command, onLine, endsWithInput }: ToolOptions): RunningTool {
  const [program = "", ...args] = endsWithInput ? command : ["sh", "-c", GUARD, "sh", ...command];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], env: { ...process.env, LC_ALL: "C" } });
  const { promise: ended, resolve } = Promise.withResolvers<number | null>();
  child.once("error", () => resolve(null));
  child.once("exit", (code) => {
    // Whoever guarded it has nothing to wait for any more.
    child.stdin.destroy();
    resolve(code);
  });
  createInterface({ input: child.stdout }).on("line", onLine);
  // Whoever ends while its input is closed says so by ending.
  child.stdin.on("error", () => undefined);
  return {
    ended,
    end: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
