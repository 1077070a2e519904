/** Who does what, in lines for people. */
import { table } from "../cluster/texts.ts";
import { onOneLine } from "../one-line.ts";
import type { ListedService, Trial } from "./answers.ts";

/** All services, one on each line. */
export function servicesText(services: readonly ListedService[]): string {
  if (services.length === 0) return "No service of the house is ready now: parley status says how far they are.\n";
  const rows = services.map((each) => [
    each.isHere ? `${onOneLine(each.name)} (here)` : onOneLine(each.name),
    each.capability,
    onOneLine(each.model),
    `${each.running}/${each.concurrency}${each.queued > 0 ? ` +${each.queued}` : ""}`,
    speedText(each),
    each.isHere ? "" : each.roundTripMs === null ? "?" : `${each.roundTripMs.toFixed(1)} ms`,
    each.breaker,
  ]);
  return table([["peer", "does", "model", "busy", "speed", "round trip", "breaker"], ...rows]);
}

function speedText({ speed }: ListedService): string {
  const { realTimeFactor, tokensPerSecond, msPerCharacter, firstResultMs } = speed;
  const parts = [
    realTimeFactor === undefined ? undefined : `${rounded(realTimeFactor)} x real time`,
    tokensPerSecond === undefined ? undefined : `${rounded(tokensPerSecond)} tokens/s`,
    msPerCharacter === undefined ? undefined : `${rounded(msPerCharacter)} ms a character`,
    firstResultMs === undefined ? undefined : `first after ${rounded(firstResultMs)} ms`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "not measured yet" : parts.join(", ");
}

/** The owner's policy, and what of the agreed one cannot be read. */
export function policyText(policy: Readonly<Record<string, unknown>>, problems: readonly string[]): string {
  const lines = Object.entries(policy).map(
    ([capability, part]) => `${capability.padEnd(5)} ${onOneLine(JSON.stringify(part))}\n`,
  );
  const none = "No policy was chosen: whoever is expected to be done first does it.\n";
  const wrong = problems.map(
    (problem) => `What was chosen cannot be read, and what held before holds: ${onOneLine(problem)}\n`,
  );
  return (lines.length === 0 ? none : lines.join("")) + wrong.join("");
}

/** What another policy would change: of itself, and of who does the usual jobs. */
export function trialText({ before, after, effects }: Trial): string {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = keys.flatMap((key) => {
    const [was, is] = [before[key], after[key]].map((part) => (part === undefined ? undefined : JSON.stringify(part)));
    if (was === is) return [];
    return [
      ...(was === undefined ? [] : [`- ${onOneLine(key)}: ${onOneLine(was)}\n`]),
      ...(is === undefined ? [] : [`+ ${onOneLine(key)}: ${onOneLine(is)}\n`]),
    ];
  });
  if (changed.length === 0) return "It is what holds already.\n";
  const moved = effects.filter((effect) => effect.before !== effect.after);
  const rows = moved.map(({ capability, before: was, after: is }) => [
    `  ${capability}`,
    `${onOneLine(was ?? "nobody")} -> ${onOneLine(is ?? "nobody")}`,
  ]);
  const who =
    rows.length === 0
      ? "Who does the usual jobs now stays the same.\n"
      : `The usual jobs, as things are now:\n${table(rows)}`;
  return changed.join("") + who;
}

function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}
