/** What the kernel says of a process. Linux only. */
import { readFileSync } from "node:fs";

/** `_SC_CLK_TCK`, which is 100 on every Linux that Node runs on. */
const TICK_MS = 10;

/** Resident memory in MB (10^6 bytes); undefined where that is not to be had. */
export function residentMb(pid: number): number | undefined {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(fileOf(pid, "status") ?? "")?.[1];
  return kib === undefined ? undefined : (Number(kib) * 1024) / 1e6;
}

/** Processor time spent so far. */
export function processorMs(pid: number): number {
  // Fields after the program's name, which may itself contain spaces and parentheses: user time is the 12th, system the 13th.
  const fields =
    fileOf(pid, "stat")
      ?.replace(/^.*\) /s, "")
      .split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS;
}

function fileOf(pid: number, name: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  return readFileSync(`/proc/${pid}/${name}`, "utf8");
}
