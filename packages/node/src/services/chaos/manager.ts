/** Who starts this process again when it is killed: this machine's service manager, a helper of its own, or nobody. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** `self`: a helper does it, as the process was started; `manager`: named, it does it anyway; `nobody`: it must not be killed. */
export type Restarter =
  | { readonly by: "self" }
  | { readonly by: "manager"; readonly name: string }
  | { readonly by: "nobody"; readonly why: string };

export interface Ancestor {
  readonly pid: number;
  /** As the system calls the process. */
  readonly name: string;
}

/** What is known of a systemd unit. */
export interface UnitFacts {
  /** Its `Restart=`. */
  readonly restart: string;
  readonly mainPid: number;
}

/** What is known of the process. Tests hand in their own. */
export interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  /** Its parent, that one's parent, and so on; empty where that is not known. */
  readonly ancestors: readonly Ancestor[];
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** Of `/proc/self/cgroup`; empty where there is none. */
  readonly cgroup: string;
  /** What systemd says of a unit. */
  readonly unitOf: (unit: string) => Promise<UnitFacts>;
}

const MOST_ANCESTORS = 64;
/** A process that SIGKILL has ended is started anew. */
const RESTARTS = new Set(["always", "on-failure", "on-abnormal", "on-abort"]);

/** What only waits for what it has started, and ends with that. */
const WRAPPER = /^(?:npm|npx|sh|bash|dash|ash|tini|dumb-init|docker-init|catatonit)\b/;

export async function restarterOf(facts: ProcessFacts): Promise<Restarter> {
  const { ppid, platform, env, cgroup, unitOf } = facts;
  if (endsWithUs(facts, 1)) return { by: "nobody", why: "the container would end with it" };
  if (platform === "win32") return { by: "nobody", why: "on Windows nothing could start it again" };
  if (env["pm_id"] !== undefined) return { by: "manager", name: "pm2" };
  if (platform === "darwin" && ppid === 1) {
    return { by: "nobody", why: "it is not known whether launchd would start it again" };
  }
  const unit = unitIn(cgroup);
  if (unit === undefined) return { by: "self" };
  const { restart, mainPid } = await unitOf(unit).catch(() => ({ restart: "", mainPid: 0 }));
  // Such as a peer that cron has started, or somebody in an editor's terminal: systemd looks after those, and not after it.
  if (restart !== "" && !endsWithUs(facts, mainPid)) {
    return { by: "nobody", why: `systemd looks after ${unit}, of which it is but a part` };
  }
  if (RESTARTS.has(restart)) return { by: "manager", name: `systemd (${unit})` };
  return { by: "nobody", why: `systemd would not start ${unit} again (Restart=${restart === "" ? "?" : restart})` };
}

/** Whether that process is this one, or waits for nothing but it. */
function endsWithUs({ pid, ancestors }: ProcessFacts, other: number): boolean {
  if (pid === other) return true;
  const at = ancestors.findIndex((ancestor) => ancestor.pid === other);
  return at >= 0 && ancestors.slice(0, at + 1).every(({ name }) => WRAPPER.test(name));
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
  const unitOf = async (unit: string): Promise<UnitFacts> => {
    const args = [...(isUsers ? ["--user"] : []), "show", unit, "--property=Restart", "--property=MainPID"];
    const { stdout } = await promisify(execFile)("systemctl", args, { timeout: 2_000 });
    const { restart = "", mainPid = "0" } =
      /^Restart=(?<restart>.*)$[^]*^MainPID=(?<mainPid>\d+)$/m.exec(inOrder(stdout))?.groups ?? {};
    return { restart, mainPid: Number(mainPid) };
  };
  return { pid, ppid, platform, env, cgroup, unitOf, ancestors: await ancestorsOf(ppid) };
}

/** systemctl gives properties in an order of its own. */
function inOrder(shown: string): string {
  return shown.trim().split("\n").toSorted().toReversed().join("\n");
}

/** As `/proc` has them (proc(5)); none where there is no such thing. */
async function ancestorsOf(ppid: number): Promise<readonly Ancestor[]> {
  const found: Ancestor[] = [];
  for (let pid = ppid; pid > 0 && found.length < MOST_ANCESTORS;) {
    // It may have ended meanwhile.
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    const name = /^Name:\t(.*)$/m.exec(status)?.[1];
    if (name === undefined) break;
    found.push({ pid, name });
    pid = Number(/^PPid:\t(\d+)$/m.exec(status)?.[1] ?? 0);
  }
  return found;
}
