/** What clients did, as it happens: kept for the checker, and written down line by line. */
import { createWriteStream, type WriteStream } from "node:fs";
import { once } from "node:events";
import { formatOperation, type Operation } from "@parley/raft/testing";

/** What an operation is asked to do. */
export type Asked = Pick<Operation, "client" | "op" | "key" | "value" | "expected">;

/** How it ended, as the client was told. */
export type Ended =
  | { readonly ended: "ok"; readonly output: Operation["output"] }
  | { readonly ended: "unknown" }
  | { readonly ended: "fail" };

export class History {
  readonly operations: Operation[] = [];
  readonly counts = { ok: 0, unknown: 0, fail: 0 };
  readonly #startNs = process.hrtime.bigint();
  readonly #file: WriteStream | undefined;
  #failure: Error | undefined;
  #lastOkNs = 0;
  #longestGapNs = 0;

  /** @param path of the file to write; undefined: none. */
  constructor(path: string | undefined) {
    if (path === undefined) return;
    this.#file = createWriteStream(path);
    this.#file.on("error", (error) => {
      this.#failure = error;
    });
  }

  /** Nanoseconds since the run began, on one monotonic clock. */
  nowNs(): number {
    return Number(process.hrtime.bigint() - this.#startNs);
  }

  /** Longest time in which no operation of any client succeeded. */
  get longestGapMs(): number {
    return this.#longestGapNs / 1e6;
  }

  /** From now on gaps are counted. */
  startCounting(): void {
    this.#lastOkNs = this.nowNs();
  }

  /** Runs one operation between its call and its return. */
  async record(asked: Asked, run: () => Promise<Ended>): Promise<Ended> {
    const call = this.nowNs();
    const end = await run();
    const now = this.nowNs();
    const isUnknown = end.ended === "unknown";
    this.counts[end.ended] += 1;
    if (end.ended === "ok") {
      this.#longestGapNs = Math.max(this.#longestGapNs, now - this.#lastOkNs);
      this.#lastOkNs = now;
    }
    this.#add({
      ...asked,
      output: end.ended === "ok" ? end.output : null,
      call,
      return: isUnknown ? null : now,
      unknown: isUnknown,
      fail: end.ended === "fail",
    });
    return end;
  }

  /** All is written. @throws Error when it could not be. */
  async close(): Promise<void> {
    if (this.#file !== undefined && this.#failure === undefined) {
      this.#file.end();
      await Promise.race([once(this.#file, "finish"), once(this.#file, "close")]);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #add(operation: Operation): void {
    this.operations.push(operation);
    this.#file?.write(`${formatOperation(operation)}\n`);
  }
}
