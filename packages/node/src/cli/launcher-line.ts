/** The program does not outlive whoever stands between it and the person that started it: see bin/parley.js. */
import { Socket } from "node:net";
import { codeOf } from "../errors.ts";

/** The number of a pipe that closes when the launcher ends, however it does. */
const LINE = "PARLEY_LAUNCHER_LINE";
/** The process id of the npm whose script this is. */
const NPM = "PARLEY_LAUNCHER_NPM";

const LOOK_EVERY_MS = 2000;

/**
 * Ends this process, in order where it listens for SIGTERM, when the launcher is gone that `env` tells of; none is where the
 * launcher left its place to this process. What is told is taken out of `env`: it is not for processes that this one starts.
 */
export function endWithLauncher(env: NodeJS.ProcessEnv): void {
  const [line, npm] = [Number(env[LINE]), Number(env[NPM])];
  delete env[LINE];
  delete env[NPM];
  if (Number.isInteger(line) && line > 2) watchLine(line);
  if (Number.isInteger(npm) && npm > 1) watchProcess(npm);
}

function watchLine(fd: number): void {
  const line = new Socket({ fd, readable: true, writable: false });
  // A pipe that breaks closes too.
  line.on("error", () => line.destroy());
  line.once("close", end);
  line.resume();
  line.unref();
}

function watchProcess(pid: number): void {
  const looking = setInterval(() => {
    if (isAlive(pid)) return;
    clearInterval(looking);
    end();
  }, LOOK_EVERY_MS);
  looking.unref();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

function end(): void {
  if (process.listenerCount("SIGTERM") === 0) process.exit(128 + 15);
  process.kill(process.pid, "SIGTERM");
}
