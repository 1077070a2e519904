/** Progress for people: one line that changes on a terminal, a line now and then elsewhere. */
import { formatProgress, type FetchProgress } from "@parley/audio/models";
import { serviceTitles, type ServiceName, type Stage } from "../services/stage.ts";
import type { CliContext } from "./context.ts";

/** Off a terminal, a download is reported at each tenth. */
const STEPS = 10;

/** Writes lines to stderr; a status line, if any, stays below them. */
export class ProgressLine {
  readonly #context: CliContext;
  readonly #isTerminal: boolean;
  readonly #reported = new Map<string, number>();
  #shown = false;

  constructor(context: CliContext, isTerminal: boolean = process.stderr.isTTY === true) {
    this.#context = context;
    this.#isTerminal = isTerminal;
  }

  /** A line that stays. */
  line(text: string): void {
    this.clear();
    this.#context.stderr(`${text}\n`);
  }

  /** A line that the next one replaces; nothing off a terminal. */
  status(text: string): void {
    if (!this.#isTerminal) return;
    // A terminal may report 0 columns.
    const width = process.stderr.columns || 80;
    const fitting = text.length < width ? text : `…${text.slice(text.length - width + 2)}`;
    this.#context.stderr(`\r\u001B[2K${fitting}`);
    this.#shown = true;
  }

  /** A download's progress. */
  fetch(progress: FetchProgress): void {
    const text = formatProgress(progress);
    if (this.#isTerminal) return this.status(text);
    const step = progress.bytesTotal === 0 ? 0 : Math.floor((STEPS * progress.bytesDone) / progress.bytesTotal);
    const key = `${progress.model} ${progress.phase}`;
    if (this.#reported.get(key) === step) return;
    this.#reported.set(key, step);
    this.line(text);
  }

  /** Takes the status line away. */
  clear(): void {
    if (this.#shown) this.#context.stderr("\r\u001B[2K");
    this.#shown = false;
  }
}

/** Tells how services come up. Several downloads may run; each is told in turn. */
export function stageReporter(progress: ProgressLine): (service: ServiceName, stage: Stage) => void {
  const startedAt = performance.now();
  const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  return (service, stage) => {
    const title = serviceTitles[service];
    switch (stage.state) {
      case "waiting":
        return;
      case "fetching":
        if (stage.progress !== undefined) progress.fetch(stage.progress);
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
