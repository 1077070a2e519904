/** The process behind `parley` and `npm start`. */
import { endWithLauncher } from "./cli/launcher-line.ts";
import { personAtTerminal } from "./cli/person.ts";
import { runCli } from "./cli/program.ts";
import { outletsTo } from "./cli/stdout.ts";
import { terminalOf } from "./cli/terminal.ts";

// What the launcher has set for this process alone is not for the processes that it starts.
for (const name of process.env["PARLEY_LAUNCHER_SET"]?.split(",") ?? []) delete process.env[name];
delete process.env["PARLEY_LAUNCHER_SET"];
endWithLauncher(process.env);

const args = process.argv.slice(2);
let isDone = false;
const outlets = outletsTo(process.stdout, process.stderr, args.includes("--json"), (code) => {
  if (isDone && code !== 0) process.exitCode = code;
  if (isDone) return;
  if (process.listenerCount("SIGTERM") === 0) process.exit(code);
  process.kill(process.pid, "SIGTERM");
});

const invocation = import.meta.url.endsWith(".ts") ? "npx parley" : "parley";
const code = await runCli(
  args,
  {
    stdout: outlets.stdout,
    stderr: outlets.stderr,
    env: process.env,
    cwd: process.cwd(),
    person: personAtTerminal(process.stdin, process.stderr),
    terminal: terminalOf(process.stdout),
  },
  invocation,
);
isDone = true;
process.exitCode = outlets.failure() ?? code;
// Input that is still open, and silent, holds the process no longer than what was to be done with it.
process.stdin.destroy();
