/** A small replicated key-value store: what the package's own checks run on. */
import { createHash } from "node:crypto";
import { invariant, RaftError } from "../../errors.ts";
import type { Command, StateMachine } from "../../driver/state-machine.ts";
import { encodeResult, parseCommand, type KvResult } from "./command.ts";
import { bytesOf, type ByteText } from "./fields.ts";
import { ChangeHistory, type HistoryLimits } from "./history.ts";
import { OrderedKeys } from "./ordered-keys.ts";
import { decodeSnapshot, encodeSnapshot, type KvEntry } from "./snapshot.ts";
import { Watch, type WatchSelector } from "./watch.ts";

export interface KvPair {
  readonly key: string;
  readonly value: Uint8Array;
  /** Index of the log entry that wrote it. */
  readonly revision: number;
}

export interface RangeQuery {
  /** The first key that may be in it; default: the very first. */
  readonly from?: string | undefined;
  /** The first key beyond it; default: none. */
  readonly to?: string | undefined;
  /** At most so many pairs. */
  readonly limit: number;
}

const DEFAULT_HISTORY: HistoryLimits = { maxChanges: 8_192, maxBytes: 4 * 1024 * 1024 };

/**
 * Commands come in through {@link apply}; everything else is about the state here and now: who wants it linearizable asks
 * the node for a read first. Keys are in order of their UTF-16 code units.
 */
export class KvMachine implements StateMachine {
  readonly #entries = new Map<string, KvEntry>();
  readonly #order = new OrderedKeys();
  readonly #history: ChangeHistory;
  readonly #waiting = new Set<Watch>();
  #revision = 0;

  constructor(history: Partial<HistoryLimits> = {}) {
    this.#history = new ChangeHistory({ ...DEFAULT_HISTORY, ...history });
  }

  /** Index of the latest command carried out. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#entries.size;
  }

  apply(commands: readonly Command[]): readonly Uint8Array[] {
    const results = commands.map((command) => encodeResult(this.#carryOut(command)));
    for (const watch of this.#waiting) watch.poke();
    return results;
  }

  get(key: string): KvPair | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? undefined : pairOf(entry);
  }

  /** In order. The first call after keys were added sorts them in: see {@link OrderedKeys}. */
  range({ from = "", to, limit }: RangeQuery): KvPair[] {
    const pairs: KvPair[] = [];
    if (limit <= 0) return pairs;
    for (const key of this.#order.from(from, (key) => this.#entries.has(key))) {
      const entry = this.#entries.get(key);
      if (entry === undefined || (to !== undefined && key >= to)) break;
      pairs.push(pairOf(entry));
      if (pairs.length >= limit) break;
    }
    return pairs;
  }

  /** Changes of at least `from`, default: those still to come. It must be ended with `return()`, as `for await` does. */
  watch(selector: WatchSelector, from = this.#revision + 1): Watch {
    return new Watch(this.#history, selector, from, this.#waiting);
  }

  /** The list of entries is copied now (a millisecond for 100,000), the bytes are made as they are read. */
  snapshot(): Iterable<Uint8Array> {
    return encodeSnapshot({ revision: this.#revision, entries: [...this.#entries.values()] });
  }

  async restore(contents: AsyncIterable<Uint8Array>): Promise<void> {
    const { revision, entries } = await decodeSnapshot(contents);
    if (new Set(entries.map(({ key }) => key)).size < entries.length) {
      throw new RaftError("corrupt", "not a snapshot of the key-value machine: a key is in it twice");
    }
    for (const key of this.#entries.keys()) this.#order.remove(key);
    this.#entries.clear();
    for (const entry of entries) this.#set(entry);
    this.#revision = revision;
    this.#history.restart(revision);
    for (const watch of this.#waiting) watch.poke();
  }

  /** SHA-256 of all keys, values and revisions, in hexadecimal: equal for equal contents. Reads them all. */
  digest(): string {
    const entries: KvEntry[] = [];
    for (const key of this.#order.from("", (key) => this.#entries.has(key))) {
      const entry = this.#entries.get(key);
      invariant(entry !== undefined, "a key that is present has an entry");
      entries.push(entry);
    }
    const hash = createHash("sha256");
    // Machines that are not equally far may hold the same.
    for (const chunk of encodeSnapshot({ revision: 0, entries })) hash.update(chunk);
    return hash.digest("hex");
  }

  #carryOut({ index, data }: Command): KvResult {
    invariant(index > this.#revision, `command ${index} comes after ${this.#revision}`);
    this.#revision = index;
    const command = parseCommand(data);
    if (command === undefined) return "malformed";
    if (command.op === "delete") return this.#delete(command.key, index);
    if (command.op === "put") return this.#put(command.key, command.value, index, "done");
    if (this.#entries.get(command.key)?.value !== command.expected) return "mismatch";
    return this.#put(command.key, command.value, index, "swapped");
  }

  #put(key: string, value: ByteText, revision: number, result: KvResult): KvResult {
    this.#set({ key, value, revision });
    this.#history.push({ revision, key, value });
    return result;
  }

  #delete(key: string, revision: number): KvResult {
    if (!this.#entries.delete(key)) return "absent";
    this.#order.remove(key);
    this.#history.push({ revision, key, value: undefined });
    return "deleted";
  }

  #set(entry: KvEntry): void {
    if (!this.#entries.has(entry.key)) this.#order.add(entry.key);
    this.#entries.set(entry.key, entry);
  }
}

function pairOf({ key, value, revision }: KvEntry): KvPair {
  return { key, value: bytesOf(value), revision };
}
