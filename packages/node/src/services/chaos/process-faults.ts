/**
 * A process that has itself stopped, or killed and started again, by a small shell beside it: whoever does that must outlive it. The shell
 * always puts right what it has done; it waits for nobody.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

/** For what was ordered to be answered first. */
const LEAD_S = 0.1;

/** Whatever ends the shell, but for kill -9 of it, the process goes on. */
const STOP = `trap 'kill -CONT "$1"; kill "$!" 2>&-; :' EXIT
trap 'exit 0' HUP INT TERM
sleep "$3" & wait
kill -STOP "$1"
sleep "$2" & wait`;

const KILL = `trap '' HUP INT TERM
pid=$1 hold=$2 lead=$3
shift 3
sleep "$lead"
kill -KILL "$pid" || exit 1
sleep "$hold"
trap - HUP INT TERM
exec "$@"`;

const KILL_ONLY = `sleep "$3"
kill -KILL "$1"`;

/** What a process was started as. */
export interface StartedAs {
  readonly pid: number;
  /** The program, and what it was given. */
  readonly command: readonly string[];
}

/** This process. */
export function ownStart(): StartedAs {
  const { pid, execPath, execArgv, argv } = process;
  return { pid, command: [execPath, ...execArgv, ...argv.slice(1)] };
}

/** Has it stand still. Fulfilled once that is certain to come. @throws the system's error where there is no shell */
export async function standStill({ pid }: Pick<StartedAs, "pid">, holdMs: number): Promise<void> {
  await beside(STOP, [String(pid), seconds(holdMs)], "ignore");
}

/** Ends it by kill -9; as it was started, in its folder, with its environment, it is started again. @throws as {@link standStill} */
export async function killAndStartAgain({ pid, command }: StartedAs, holdMs: number): Promise<void> {
  await beside(KILL, [String(pid), seconds(holdMs)], "inherit", command);
}

/** Ends it by kill -9: another one starts it again. @throws as {@link standStill} */
export async function killAlone({ pid }: Pick<StartedAs, "pid">): Promise<void> {
  await beside(KILL_ONLY, [String(pid), "0"], "ignore");
}

async function beside(
  script: string,
  args: readonly string[],
  stdio: "ignore" | "inherit",
  command: readonly string[] = [],
): Promise<void> {
  const helper = spawn("/bin/sh", ["-c", script, "parley-chaos", ...args, String(LEAD_S), ...command], {
    detached: true,
    stdio,
  });
  helper.unref();
  await once(helper, "spawn");
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}
