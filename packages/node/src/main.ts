/** The process behind `parley` and `npm start`. */
import { endWithLauncher } from "./cli/launcher-line.ts";
import { personAtTerminal } from "./cli/person.ts";
import { runCli } from "./cli/program.ts";

// What the launcher has set for this process alone is not for the processes that it starts.
for (const name of process.env["PARLEY_LAUNCHER_SET"]?.split(",") ?? []) delete process.env[name];
delete process.env["PARLEY_LAUNCHER_SET"];
endWithLauncher(process.env);

// A reader that closes its end (`parley models list | head -1`) is not a failure, nor is a terminal that is closed; whatever
// runs on is stopped in order.
let hasReader = true;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  if (!hasReader) return;
  hasReader = false;
  if (process.listenerCount("SIGTERM") === 0) process.exit(0);
  process.kill(process.pid, "SIGTERM");
});

const invocation = import.meta.url.endsWith(".ts") ? "npx parley" : "parley";
process.exitCode = await runCli(
  process.argv.slice(2),
  {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
    person: personAtTerminal(process.stdin, process.stderr),
  },
  invocation,
);
