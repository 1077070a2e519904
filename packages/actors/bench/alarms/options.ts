/** What the measurement of false alarms is told. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { countOf, numberOf } from "../arguments.ts";

export interface AlarmOptions {
  readonly minutes: number;
  /** Processes that do nothing but compute; default: one per processor, so that all are taken. */
  readonly busy: number;
  /** Share of packets that are dropped in each direction, in percent; 0: over loopback. */
  readonly lossPercent: number;
}

const DAY_MINUTES = 24 * 60;

/** @throws UsageError or what parseArgs throws, with what is wrong */
export function alarmOptions(args: readonly string[]): AlarmOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "1" },
      busy: { type: "string", default: String(availableParallelism()) },
      loss: { type: "string", default: "0" },
    },
  });
  return {
    minutes: numberOf("minutes", values.minutes, 0.01, DAY_MINUTES),
    busy: countOf("busy", values.busy, 0, 1024),
    lossPercent: numberOf("loss", values.loss, 0, 90),
  };
}
