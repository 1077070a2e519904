/** Who starts this process again when it is killed: this machine's service manager, a helper of its own, or nobody. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** `self`: a helper does it, as the process was started; `manager`: named, it does it anyway; `nobody`: it must not be killed. */
export type Restarter =
  | { readonly by: "self" }
  | { readonly by: "manager"; readonly name: string }
  | { readonly by: "nobody"; readonly why: string };

/** What is known of the process. Tests hand in their own. */
export interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** Of `/proc/self/cgroup`; empty where there is none. */
  readonly cgroup: string;
  /** What systemd says of `Restart=` of a unit. */
  readonly restartOf: (unit: string) => Promise<string>;
}

/** A process that SIGKILL has ended is started anew. */
const RESTARTS = new Set(["always", "on-failure", "on-abnormal", "on-abort"]);

export async function restarterOf({ pid, ppid, platform, env, cgroup, restartOf }: ProcessFacts): Promise<Restarter> {
  if (pid === 1) return { by: "nobody", why: "it is the first process of its container, which would end with it" };
  if (platform === "win32") return { by: "nobody", why: "on Windows nothing could start it again" };
  if (env["pm_id"] !== undefined) return { by: "manager", name: "pm2" };
  if (platform === "darwin" && ppid === 1) {
    return { by: "nobody", why: "it is not known whether launchd would start it again" };
  }
  const unit = unitIn(cgroup);
  if (unit === undefined) return { by: "self" };
  const restart = await restartOf(unit).catch(() => "");
  if (RESTARTS.has(restart)) return { by: "manager", name: `systemd (${unit})` };
  return { by: "nobody", why: `systemd would not start ${unit} again (Restart=${restart === "" ? "?" : restart})` };
}

/** The service that the process belongs to: systemd ends all of it when its main process ends, helpers included. */
function unitIn(cgroup: string): string | undefined {
  const path = cgroup.split("\n").find((line) => line.startsWith("0::") || line.includes(":name=systemd:"));
  const leaf = path?.trim().split("/").at(-1) ?? "";
  return leaf.endsWith(".service") ? leaf : undefined;
}

/** This process. */
export async function ownFacts(): Promise<ProcessFacts> {
  const { pid, ppid, platform, env } = process;
  // Where the system has no such file there is no such service.
  const cgroup = await readFile("/proc/self/cgroup", "utf8").catch(() => "");
  const isUsers = cgroup.includes("/user.slice/");
  const restartOf = async (unit: string): Promise<string> => {
    const args = [...(isUsers ? ["--user"] : []), "show", unit, "--property=Restart", "--value"];
    const { stdout } = await promisify(execFile)("systemctl", args, { timeout: 2_000 });
    return stdout.trim();
  };
  return { pid, ppid, platform, env, cgroup, restartOf };
}
