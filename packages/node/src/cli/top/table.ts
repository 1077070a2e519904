/** How busy each peer is, as lines that fit a terminal. Pure. */
import { onOneLine } from "../one-line.ts";
import type { Top, TopPeer } from "./answer.ts";

export interface Size {
  readonly columns: number;
  /** Lines; Infinity where they scroll. */
  readonly rows: number;
}

const NAME_CHARS = 24;
const HEADINGS = ["peer", "cpu", "memory", "clients", "turns", "first audio", "tokens/s", "jobs"] as const;
/** What is right-aligned: numbers. */
const NUMBERS: ReadonlySet<string> = new Set(["cpu", "clients", "turns", "tokens/s"]);

/** The busiest first; what does not fit is cut at the right, and counted below. */
export function topLines(top: Top, { columns, rows }: Size): readonly string[] {
  const sorted = sortedPeers(top.peers);
  const head = headOf(top);
  const room = Math.max(1, rows - 3);
  const shown = sorted.length > room ? sorted.slice(0, Math.max(1, room - 1)) : sorted;
  const cells = [[...HEADINGS], ...shown.map(cellsOf)];
  const widths = HEADINGS.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const body = cells.map((row) =>
    row
      .map((cell, at) =>
        NUMBERS.has(HEADINGS[at] ?? "") ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const more = sorted.length - shown.length;
  const lines = [head, ...body, ...(more > 0 ? [`and ${more} more`] : [])];
  return lines.map((line) => (line.length > columns ? line.slice(0, Math.max(1, columns)) : line));
}

/** Those with jobs first, then by processor; those that did not answer last. */
export function sortedPeers(peers: readonly TopPeer[]): readonly TopPeer[] {
  const jobs = ({ load }: TopPeer): number =>
    load === null ? -1 : load.services.reduce((sum, { running, queued }) => sum + running + queued, 0);
  return peers.toSorted(
    (a, b) => jobs(b) - jobs(a) || (b.load?.cpu ?? -1) - (a.load?.cpu ?? -1) || a.name.localeCompare(b.name),
  );
}

function headOf({ atMs, peers }: Top): string {
  const there = peers.flatMap(({ load }) => load ?? []);
  const clients = there.reduce((sum, load) => sum + load.clients, 0);
  const turns = there.reduce((sum, load) => sum + load.turns.turns, 0);
  const minutes = Math.round(Math.max(0, ...there.map((load) => load.turns.windowMs)) / 60_000);
  const time = new Date(atMs).toISOString().slice(11, 19);
  return `${time} UTC  ${there.length} of ${peers.length} peers, ${clients} clients, ${turns} turns in ${minutes} min`;
}

function cellsOf({ name, isHere, isPrime, isDraining, load }: TopPeer): readonly string[] {
  const marks = `${isPrime ? "*" : ""}${isHere ? " (here)" : ""}${isDraining ? " (draining)" : ""}`;
  const called = `${onOneLine(name, NAME_CHARS)}${marks}`;
  if (load === null) return [called, "", "no answer"];
  const { cpu, memoryUsedBytes, memoryTotalBytes, clients, turns, services } = load;
  const wait = turns.firstAudioMs;
  const tokens = Math.max(...services.map(({ tokensPerSecond }) => tokensPerSecond ?? 0), 0);
  return [
    called,
    `${Math.round(cpu * 100)} %`,
    `${gigabytes(memoryUsedBytes)} of ${gigabytes(memoryTotalBytes)} GB`,
    String(clients),
    String(turns.turns),
    wait === null ? "-" : `${durationText(wait.p50)}, p95 ${durationText(wait.p95)}`,
    tokens === 0 ? "-" : tokens.toFixed(tokens < 10 ? 1 : 0),
    services.length === 0 ? "no service is ready" : workText(services),
  ];
}

type Service = NonNullable<TopPeer["load"]>["services"][number];

/** Of those that have something to do; a terminal is not wide. */
function workText(services: readonly Service[]): string {
  const busy = services.filter(({ running, queued }) => running + queued > 0);
  return busy.length === 0 ? "idle" : busy.map(jobsText).join("  ");
}

/** `llm 1+2`: one runs, two wait. */
function jobsText({ capability, running, queued }: Service): string {
  return `${onOneLine(capability, NAME_CHARS)} ${running}${queued > 0 ? `+${queued}` : ""}`;
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}

function durationText(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
