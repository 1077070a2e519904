/** Changes of a log one after the other, and none after a failed write: nobody knows what that left behind. */
import { RaftError } from "../errors.ts";

/** More than this many waiting means a driver that does not wait for its writes. */
const MAX_WAITING = 1024;

export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #failure: RaftError | undefined;
  #isEnded = false;

  /** Runs `work` after everything before it. @throws RaftError `closed`, `storage-failed`. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    if (this.#waiting >= MAX_WAITING)
      throw new RaftError("storage-failed", `${MAX_WAITING} writes are waiting already`);
    this.#waiting += 1;
    const turn = this.#last.then(() => {
      if (this.#failure !== undefined) throw this.#failure;
      return work();
    });
    // The next in line runs whatever became of this one; its caller is told.
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** A step that must succeed or end all writing: a failed sync is not to be tried again, its pages may be gone. */
  async dangerous<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.fail(error);
    }
  }

  fail(cause: unknown): RaftError {
    const what = cause instanceof Error ? cause.message : String(cause);
    this.#failure ??= new RaftError("storage-failed", `the log could not be written: ${what}`, { cause });
    return this.#failure;
  }

  /** @throws RaftError `closed`, `storage-failed`. */
  check(): void {
    if (this.#isEnded) throw new RaftError("closed", "the log is closed");
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** No more turns; false when that was said before. Waits for those that are running. */
  async end(): Promise<boolean> {
    const isFirst = !this.#isEnded;
    this.#isEnded = true;
    await this.#last;
    return isFirst;
  }
}
