/** `npm run chaos -- raft …`: clients and faults against real processes. Ctrl-C ends what was started. */
import { CHAOS_USAGE, chaosCommand } from "./command.ts";

const [target, ...args] = process.argv.slice(2);
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // A second one ends the process at once; its guard ends the nodes.
  process.once(signal, () => interrupt.abort());
}

if (target === "raft") {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    process.exitCode = await chaosCommand(args, { print, tell }, interrupt.signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n${CHAOS_USAGE}\n`);
    process.exitCode = 2;
  }
} else {
  process.stderr.write(`${CHAOS_USAGE}\n`);
  process.exitCode = 2;
}
