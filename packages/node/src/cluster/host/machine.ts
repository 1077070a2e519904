/** What this machine is good for, as tags of its node record. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { codeOf } from "../../errors.ts";

const GIB = 1024 ** 3;
const HIGH_MEMORY_GIB = 15;
const LOW_POWER_CORES = 4;
const LOW_POWER_GIB = 5;

/** Found by looking at this machine. */
export interface MachineFacts {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly hasGpu: boolean;
  readonly hasBattery: boolean;
}

/** `gpu`, `high_mem`, `low_power`, `battery`. */
export function hardwareTags({ cores, memoryBytes, hasGpu, hasBattery }: MachineFacts): readonly string[] {
  const memoryGib = memoryBytes / GIB;
  return [
    ...(hasGpu ? ["gpu"] : []),
    ...(memoryGib >= HIGH_MEMORY_GIB ? ["high_mem"] : []),
    ...(cores <= LOW_POWER_CORES && memoryGib < LOW_POWER_GIB ? ["low_power"] : []),
    ...(hasBattery ? ["battery"] : []),
  ];
}

/** @param power what a person says of it; `auto` looks */
export function machineFacts(power: "auto" | "mains" | "battery"): MachineFacts {
  return {
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    // NVIDIA's driver, or the one that every Mac with its own processor has.
    hasGpu: existsSync("/dev/nvidiactl") || (process.platform === "darwin" && process.arch === "arm64"),
    hasBattery: power === "battery" || (power === "auto" && findsBattery()),
  };
}

const SUPPLIES = "/sys/class/power_supply";

/**
 * Whether this machine runs on a battery when nobody plugs it in. Linux lists power supplies, those of mice and headsets as well
 * (scope `Device`; https://docs.kernel.org/power/power_supply_class.html). macOS: `pmset`. Elsewhere a person says it.
 */
export function findsBattery(platform: NodeJS.Platform = process.platform, supplies = SUPPLIES): boolean {
  if (platform === "darwin") {
    const { stdout } = spawnSync("pmset", ["-g", "batt"], { timeout: 2_000, encoding: "utf8" });
    return namesBattery(stdout ?? "");
  }
  return listIfThere(supplies).some((name) => {
    const says = (what: string): string => readIfThere(join(supplies, name, what)).trim();
    return says("type") === "Battery" && says("scope") !== "Device";
  });
}

/** As in ` -InternalBattery-0 (id=1234)	87%; discharging; 3:12 remaining present: true`. */
export function namesBattery(pmset: string): boolean {
  return /^ *-InternalBattery/m.test(pmset);
}

/** A supply may vanish while it is looked at, and some refuse to be read. */
const UNREADABLE = new Set(["ENOENT", "ENOTDIR", "EACCES", "ENODEV", "EINVAL"]);

function listIfThere(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (UNREADABLE.has(codeOf(error))) return [];
    throw error;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (UNREADABLE.has(codeOf(error))) return "";
    throw error;
  }
}
