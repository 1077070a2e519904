/** How much memory another process really uses. */
import { readFile } from "node:fs/promises";

/**
 * Resident bytes of process `pid`, or undefined where the system does not tell (not Linux) or the process is gone.
 * Reads `VmRSS` of /proc/PID/status, see proc_pid_status(5): unlike statm it is in KiB whatever the page size (16 KiB
 * on some ARM boards).
 */
export async function residentBytes(pid: number): Promise<number | undefined> {
  let status: string;
  try {
    status = await readFile(`/proc/${pid}/status`, "utf8");
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
