/** What the measurement of false alarms is told. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

export interface AlarmOptions {
  readonly minutes: number;
  /** Processes that do nothing but compute; default: one per processor, so that all are taken. */
  readonly busy: number;
  /** Share of packets that are dropped in each direction, in percent; 0: over loopback. */
  readonly lossPercent: number;
}

export function alarmOptions(args: readonly string[]): AlarmOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: { type: "string" }, busy: { type: "string" }, loss: { type: "string" } },
  });
  return {
    minutes: Number(values.minutes ?? 1),
    busy: Number(values.busy ?? availableParallelism()),
    lossPercent: Number(values.loss ?? 0),
  };
}
