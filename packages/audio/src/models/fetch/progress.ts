import type { FetchProgress } from "../types.ts";

const RATE_WINDOW_MS = 4_000;
const REPORT_EVERY_MS = 100;

/** Turns "so many bytes are there" into {@link FetchProgress} reports, at most ten a second plus one per phase. */
export interface ProgressMeter {
  /** Another phase begins; reported at once. `done` means all bytes are there. */
  phase(phase: FetchProgress["phase"]): void;
  /** Downloading from a source begins: its size, and how much of it is on disk already. */
  start(bytesTotal: number, bytesDone: number): void;
  /** So much of it is on disk now. */
  at(bytesDone: number): void;
}

/** A meter for one model. `now` counts milliseconds. */
export function createProgressMeter(
  model: string,
  onProgress: (progress: FetchProgress) => void,
  now: () => number = () => performance.now(),
): ProgressMeter {
  let phase: FetchProgress["phase"] = "waiting";
  let [bytesTotal, bytesDone] = [0, 0];
  let reportedAtMs = Number.NEGATIVE_INFINITY;
  let samples: readonly { atMs: number; bytes: number }[] = [];

  const report = (): void => {
    reportedAtMs = now();
    const first = samples[0];
    const last = samples.at(-1);
    const spanMs = first && last ? last.atMs - first.atMs : 0;
    const bytesPerSecond = first && last && spanMs > 0 ? ((last.bytes - first.bytes) / spanMs) * 1000 : 0;
    const secondsLeft = bytesPerSecond > 0 ? (bytesTotal - bytesDone) / bytesPerSecond : null;
    onProgress({ model, phase, bytesDone, bytesTotal, bytesPerSecond, secondsLeft });
  };
  const sample = (): void => {
    const atMs = now();
    samples = [...samples.filter((old) => atMs - old.atMs <= RATE_WINDOW_MS), { atMs, bytes: bytesDone }];
  };

  return {
    phase(next) {
      phase = next;
      if (next === "done") bytesDone = bytesTotal;
      report();
    },
    start(total, done) {
      phase = "downloading";
      [bytesTotal, bytesDone] = [total, done];
      samples = [];
      sample();
      report();
    },
    at(done) {
      // A restart from zero is not a negative rate.
      if (done < bytesDone) samples = [];
      bytesDone = done;
      if (now() - reportedAtMs < REPORT_EVERY_MS) return;
      sample();
      report();
    },
  };
}

const PHASE_WORDS: Readonly<Record<FetchProgress["phase"], string>> = {
  waiting: "waiting for another process",
  downloading: "",
  verifying: "verifying",
  preparing: "preparing",
  done: "done",
};

/** One terminal line: `moonshine-tiny-en-q8  12.3/28.7 MB  4.1 MB/s  4 s left`. */
export function formatProgress(progress: FetchProgress): string {
  const { model, phase, bytesDone, bytesTotal, bytesPerSecond, secondsLeft } = progress;
  const parts = [model];
  if (bytesTotal > 0) parts.push(`${megabytes(bytesDone)}/${megabytes(bytesTotal)} MB`);
  if (phase === "downloading" && bytesPerSecond > 0) parts.push(`${megabytes(bytesPerSecond)} MB/s`);
  if (phase === "downloading" && secondsLeft !== null) parts.push(`${duration(secondsLeft)} left`);
  return [...parts, PHASE_WORDS[phase]].filter((part) => part !== "").join("  ");
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.ceil(whole / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
