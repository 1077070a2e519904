/** A thread of the engine host: ends the process when its parent is gone, even if the main thread never returns. */
import { workerData } from "node:worker_threads";

const CHECK_EVERY_MS = 250;

// An orphan is given another parent (init or a subreaper). Windows keeps the old id: there only the socket tells.
const { parentPid }: { parentPid: number } = workerData;
setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, "SIGKILL");
}, CHECK_EVERY_MS);
