/** What a simulated peer logs goes to the trace of the run. */
import type { simulated } from "@parley/node/testing";

type Logger = simulated.ClusterOptions["log"];

/** Of these fields; others hold what differs from run to run. */
const TOLD = new Set(["remote", "cluster", "leader", "term", "why", "to", "by", "step", "outcome"]);

export function traceLog(tell: (line: string) => void): Logger {
  const say =
    (level: string) =>
    (fields: unknown, text?: unknown): void => {
      if (typeof fields === "string") return tell(`${level} ${fields}`);
      const known = Object.entries(fields ?? {}).flatMap(([key, value]) => {
        if (key === "err") return [`(${value instanceof Error ? value.message : String(value)})`];
        return TOLD.has(key) ? [`${key}=${JSON.stringify(value)}`] : [];
      });
      tell(`${level} ${String(text)} ${known.join(" ")}`);
    };
  const quiet = (): void => undefined;
  const log = {
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    fatal: say("fatal"),
    debug: quiet,
    trace: quiet,
  };
  // Of pino's logger it has what a peer's part in a cluster uses.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return Object.assign(log, { child: () => log, level: "info", silent: quiet }) as unknown as Logger;
}
