/** What was asked for on the command line. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";

const PARTS = ["limits", "core", "speed", "failover"] as const;
export type Part = (typeof PARTS)[number];

export interface Arguments {
  readonly baseline: "etcd" | undefined;
  readonly parts: ReadonlySet<Part>;
  /** Of each kind of failover. */
  readonly rounds: number;
  /** One after the other. */
  readonly puts: number;
  /** Under each load. */
  readonly seconds: number;
  /** Where our nodes write CPU profiles to. */
  readonly profile: string | undefined;
}

/** Arguments that this bench does not take; the runner knows it by its name. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws UsageError or what parseArgs throws, with what is wrong */
export function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      baseline: { type: "string" },
      only: { type: "string", default: PARTS.join(",") },
      rounds: { type: "string", default: "15" },
      puts: { type: "string", default: "3000" },
      seconds: { type: "string", default: "10" },
      profile: { type: "string" },
    },
  });
  const { baseline } = values;
  if (baseline !== undefined && baseline !== "etcd") throw new UsageError(`--baseline takes etcd, not ${baseline}`);
  const parts = new Set(values.only.split(",").map(partOf));
  return {
    baseline,
    parts,
    rounds: countOf("--rounds", values.rounds),
    puts: countOf("--puts", values.puts),
    seconds: countOf("--seconds", values.seconds),
    profile: values.profile === undefined ? undefined : resolve(values.profile),
  };
}

function partOf(name: string): Part {
  const part = PARTS.find((known) => known === name);
  if (part === undefined) throw new UsageError(`--only takes some of ${PARTS.join(",")}, not ${name}`);
  return part;
}

function countOf(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new UsageError(`${name} takes a whole number of at least 1, not ${text}`);
  return count;
}
