/** Probes of the machine itself: Node, cores, memory, disk. */
import path from "node:path";
import type { Config } from "../../config/index.ts";
import { formatBytes } from "../format-bytes.ts";
import type { Finding } from "./finding.ts";
import type { DoctorHost } from "./host.ts";

const GIB = 1024 ** 3;
const NODE_MAJOR_MIN = 24;

/** The default models together were measured at 1.35 GB resident; below this a voice turn does not fit. */
const MEMORY_BYTES_MIN = 1.5 * GIB;
/** Room for the rest of the machine, and for a better language model. */
const MEMORY_BYTES_GOOD = 3 * GIB;
const DISK_BYTES_MIN = 0.25 * GIB;
const DISK_BYTES_GOOD = 2 * GIB;

/** Node is new enough to run the sources. */
export function probeNode(host: Pick<DoctorHost, "nodeVersion">): Finding {
  const major = Number.parseInt(host.nodeVersion, 10);
  if (major >= NODE_MAJOR_MIN) return { probe: "node", status: "ok", summary: `Node ${host.nodeVersion}.` };
  return {
    probe: "node",
    status: "missing",
    summary: `Node ${host.nodeVersion} is too old; Parley needs ${NODE_MAJOR_MIN} or newer.`,
    mend: `npm install --global node@${NODE_MAJOR_MIN}`,
  };
}

/** Enough cores to hear, think and speak at once. */
export function probeCores(host: Pick<DoctorHost, "cores" | "arch">): Finding {
  const facts = { cores: host.cores, arch: host.arch };
  if (host.cores >= 2) return { probe: "cores", status: "ok", summary: `${host.cores} cores (${host.arch}).`, facts };
  const summary = `1 core (${host.arch}): answers will take their time.`;
  return {
    probe: "cores",
    status: "warning",
    summary,
    mend: "Use Ollama on a stronger machine: set llm.ollama_url",
    facts,
  };
}

/** Enough memory for the models, within what a container or service is allowed. */
export function probeMemory(host: Pick<DoctorHost, "totalMemoryBytes" | "readText">): Finding {
  const limit = memoryLimitBytes(host);
  const isLimited = limit !== undefined && limit < host.totalMemoryBytes;
  const usable = isLimited ? limit : host.totalMemoryBytes;
  const free = availableMemoryBytes(host);
  const facts = {
    totalBytes: host.totalMemoryBytes,
    limitBytes: isLimited ? limit : null,
    availableBytes: free ?? null,
  };
  const whose = isLimited
    ? `${memoryText(usable)} of memory allowed by the control group`
    : `${memoryText(usable)} of memory`;
  const summary = `${whose}${free === undefined ? "" : `, ${memoryText(Math.min(free, usable))} available`}`;
  if (usable < MEMORY_BYTES_MIN) {
    const mend = isLimited
      ? "Raise the container's or service's memory limit"
      : "Run Parley on a machine with more memory";
    const need = `a voice turn with the default models needs ${memoryText(MEMORY_BYTES_MIN)}`;
    return { probe: "memory", status: "missing", summary: `${summary}; ${need}.`, mend, facts };
  }
  if (Math.min(usable, free ?? usable) < MEMORY_BYTES_GOOD) {
    const mend = "Close other programs, or use Ollama on another machine: set llm.ollama_url";
    return { probe: "memory", status: "warning", summary: `${summary}: enough for small models only.`, mend, facts };
  }
  return { probe: "memory", status: "ok", summary: `${summary}.`, facts };
}

/**
 * The tightest memory limit of the control groups this process is in; undefined when there is none.
 * Version 2: `memory.max` in the group and all above it. Version 1: `memory.limit_in_bytes`, where "no limit" is a number
 * beyond any memory. Inside a container the paths of /proc/self/cgroup may lead nowhere; the mount's root is then its own.
 */
export function memoryLimitBytes(host: Pick<DoctorHost, "readText">): number | undefined {
  const limits: number[] = [];
  for (const line of (host.readText("/proc/self/cgroup") ?? "").split("\n")) {
    const [, controllers = "", group = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const isMemory = controllers.split(",").includes("memory");
    if (controllers !== "" && !isMemory) continue;
    const roots = isMemory ? ["/sys/fs/cgroup/memory"] : ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
    const file = isMemory ? "memory.limit_in_bytes" : "memory.max";
    for (const folder of roots.flatMap((root) => groupAndAbove(root, group))) {
      const text = host.readText(path.posix.join(folder, file))?.trim() ?? "";
      if (/^\d+$/.test(text)) limits.push(Number(text));
    }
  }
  return limits.length === 0 ? undefined : Math.min(...limits);
}

function groupAndAbove(root: string, group: string): string[] {
  const parts = group.split("/").filter((part) => part !== "" && part !== "..");
  return [root, ...parts.map((_, at) => path.posix.join(root, ...parts.slice(0, at + 1)))];
}

function availableMemoryBytes(host: Pick<DoctorHost, "readText">): number | undefined {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(host.readText("/proc/meminfo") ?? "")?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

/** Memory for people, in the binary units it is sold in: `512 MiB`, `1.5 GiB`. */
function memoryText(bytes: number): string {
  return bytes < GIB ? `${Math.ceil(bytes / 1024 ** 2)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;
}

/** Home can be written to and has room. */
export async function probeDisk(host: Pick<DoctorHost, "space">, config: Config): Promise<Finding> {
  const space = await host.space(config.home);
  const mend = "Choose another folder with --home or PARLEY_HOME";
  if (space === undefined || !space.writable) {
    return { probe: "home", status: "missing", summary: `The folder ${config.home} cannot be written to.`, mend };
  }
  const facts = { folder: config.home, freeBytes: space.freeBytes };
  const summary = `${formatBytes(space.freeBytes)} free for ${config.home}`;
  if (space.freeBytes < DISK_BYTES_MIN) {
    return {
      probe: "home",
      status: "missing",
      summary: `Only ${summary}.`,
      mend: `parley models rm, or: ${mend}`,
      facts,
    };
  }
  if (space.freeBytes < DISK_BYTES_GOOD) {
    return { probe: "home", status: "warning", summary: `Only ${summary}; models are large.`, mend, facts };
  }
  return { probe: "home", status: "ok", summary: `${summary}.`, facts };
}
