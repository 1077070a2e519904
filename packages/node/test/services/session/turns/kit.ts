/** What stands in for a session's journal: what it would read back. */
import type { Clock, Timer } from "@parley/actors";
import type { FoundJournal, FoundTurn, Journal } from "../../../../src/cluster/journal/port.ts";
import { checkRecord, type Accepted, type TurnRecord } from "../../../../src/cluster/journal/records.ts";
import { aboutTurn, type TurnAbout } from "../../../../src/services/session/turn-log.ts";

export class FakeJournal implements Journal {
  readonly session = "s";
  readonly overtaken = new AbortController().signal;
  readonly position = { turn: 0, records: 0, bytes: 0, commits: 0, state: "written", why: undefined } as const;
  turn: { readonly accepted: Accepted; readonly records: TurnRecord[] } | undefined;
  readonly settled: unknown[] = [];
  isFailing = false;
  /** Records of the turn that no crash loses. */
  safe = 0;

  get left(): FoundJournal {
    return this.leftOf(Infinity);
  }

  /** As the next host reads it. @param count so many records, and those that are safe, had been written */
  leftOf(count: number): FoundJournal {
    const turn: FoundTurn | undefined = this.turn === undefined ? undefined : structuredClone(this.turn);
    if (turn !== undefined) {
      const records = turn.records.slice(0, Math.max(this.safe, count));
      return { ...this.#found(), turn: { ...turn, records } };
    }
    return this.#found();
  }

  #found(): FoundJournal {
    const turn = undefined;
    const kept = this.settled.length === 0 ? undefined : { value: structuredClone(this.settled.at(-1)) };
    return { kept, turn, lost: { kept: undefined, turn: undefined } };
  }

  found(): Promise<FoundJournal> {
    return Promise.resolve(this.left);
  }

  begin(accepted: Omit<Accepted, "type">): void {
    const whole = { type: "accepted", ...accepted } as const;
    checkRecord(whole);
    this.turn = { accepted: whole, records: [] };
    this.safe = 0;
  }

  append(record: TurnRecord): void {
    checkRecord(record);
    this.turn?.records.push(structuredClone(record));
  }

  flush(): Promise<void> {
    if (!this.isFailing) this.safe = this.turn?.records.length ?? 0;
    return this.isFailing ? Promise.reject(new Error("no quorum")) : Promise.resolve();
  }

  settle(kept: unknown): void {
    this.turn = undefined;
    this.settled.push(structuredClone(kept));
  }

  end(): void {
    this.turn = undefined;
  }

  close(): void {
    // What is written stays.
  }
}

/** Time that a test moves. */
export class HandClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + ms, run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  soon(run: () => void): void {
    queueMicrotask(run);
  }

  later(run: () => void): void {
    setImmediate(run);
  }

  /** Timers that run. */
  get waiting(): number {
    return this.#timers.size;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const timer of this.#timers) {
      if (timer.atMs > this.#nowMs) continue;
      this.#timers.delete(timer);
      timer.run();
    }
  }
}

export const about = (workId: string, privacy?: "host" | "house"): TurnAbout =>
  aboutTurn({ account: "anna", clientId: "c" }, workId.includes("#") ? "talk" : "ask", workId, { privacy });
