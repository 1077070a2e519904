/**
 * How often the join secret may be tried: a pause that doubles with each failure, for each source. Names cost nothing to make
 * up, so a source is where a stranger connects from, not who it says it is. Pure: time comes in.
 */

/** Tries without a pause: a host that starts may lose a few to a bad network. */
const FREE_FAILURES = 8;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** A source that was quiet for this long has no failures any more. */
const FORGOTTEN_AFTER_MS = 60 * 60_000;
/** Sources that are remembered. */
const MAX_SOURCES = 1024;

interface Source {
  failures: number;
  lastMs: number;
}

/** Failures by source. */
export class TryLimiter {
  readonly #sources = new Map<string, Source>();

  /**
   * Claims a try. It counts as a failure until {@link succeeded}: whoever walks away has failed.
   * @returns 0 when it may be made, else how long to wait, in ms
   */
  claim(source: string, nowMs: number): number {
    const waitMs = this.waitMs(source, nowMs);
    if (waitMs > 0) return waitMs;
    const known = this.#sources.get(source);
    if (known !== undefined && nowMs - known.lastMs < FORGOTTEN_AFTER_MS) {
      known.failures += 1;
      known.lastMs = nowMs;
      return 0;
    }
    this.#sources.delete(source);
    if (this.#sources.size >= MAX_SOURCES && !this.#makeRoom(nowMs)) return FIRST_PAUSE_MS;
    this.#sources.set(source, { failures: 1, lastMs: nowMs });
    return 0;
  }

  /** How long `source` has to wait before its next try, in ms; claims nothing. */
  waitMs(source: string, nowMs: number): number {
    const known = this.#sources.get(source);
    return known === undefined ? 0 : Math.max(0, known.lastMs + pauseMs(known.failures) - nowMs);
  }

  /** The proof was right: what this source had failed before was a person's mistake. */
  succeeded(source: string): void {
    this.#sources.delete(source);
  }

  /** Forgets a source whose pause is over: it had to wait already. A full table of sources that wait lets nobody new in. */
  #makeRoom(nowMs: number): boolean {
    for (const [source, { failures, lastMs }] of this.#sources) {
      if (nowMs - lastMs < Math.max(FIRST_PAUSE_MS, pauseMs(failures))) continue;
      this.#sources.delete(source);
      return true;
    }
    return false;
  }
}

function pauseMs(failures: number): number {
  if (failures < FREE_FAILURES) return 0;
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - FREE_FAILURES));
}

/** The source of an address: a host has one IPv4 address, but a whole /64 of IPv6 (RFC 4291 section 2.5.4). */
export function sourceOf(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const bare = address.replace(/%.*$/, "");
  const [head = "", tail] = bare.split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  return [...first, ...Array.from({ length: zeros }, () => "0"), ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
