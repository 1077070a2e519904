/** What this machine is good for, as tags of its node record. */
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
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

/** Linux lists power supplies by name; elsewhere a person says it. */
function findsBattery(): boolean {
  try {
    return readdirSync("/sys/class/power_supply").some((name) => name.startsWith("BAT"));
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "EACCES") return false;
    throw error;
  }
}
