/** How services and downloads come along, for people. */
import { formatProgress, type FetchProgress } from "@parley/audio/models";
import { serviceTitles, type ServiceName, type Stage } from "../services/stage.ts";
import type { ProgressLine } from "./progress.ts";

/** Off a terminal, a download is reported at each tenth. */
const STEPS = 10;

/** Tells a download's progress. */
export function fetchReporter(line: ProgressLine): (progress: FetchProgress) => void {
  const reported = new Map<string, number>();
  return (progress) => {
    const text = formatProgress(progress);
    if (line.isTerminal) return line.status(text);
    const step = progress.bytesTotal === 0 ? 0 : Math.floor((STEPS * progress.bytesDone) / progress.bytesTotal);
    const key = `${progress.model} ${progress.phase}`;
    if (reported.get(key) === step) return;
    reported.set(key, step);
    line.line(text);
  };
}

/** Tells how services come up. Several downloads may run; each is told in turn. */
export function stageReporter(progress: ProgressLine): (service: ServiceName, stage: Stage) => void {
  const fetching = fetchReporter(progress);
  const startedAt = performance.now();
  const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  return (service, stage) => {
    const title = serviceTitles[service];
    switch (stage.state) {
      case "waiting":
        return;
      case "fetching":
        if (stage.progress !== undefined) fetching(stage.progress);
        return;
      case "starting":
        return progress.status(`${title}: loading ${stage.model} …`);
      case "ready":
        return progress.line(`${title.padEnd(16)} ready after ${seconds()} (${stage.model})`);
      case "failed":
        return progress.line(
          `${title.padEnd(16)} not available: ${stage.failure.message}\n${" ".repeat(17)}${stage.failure.nextStep}`,
        );
    }
  };
}
