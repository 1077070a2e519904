/** The pairs of a peer that takes part in no cluster: in a LevelDB of its home, and whole in memory. */
import { Level } from "level";
import { codeOf, messageOf, PeerError } from "../../errors.ts";
import { Bell } from "../consensus/bell.ts";
import { LIMITS } from "../state/limits.ts";
import { Ordered } from "../state/ordered.ts";
import type { PairCondition, Pairs, PairWrite, WrittenPair } from "./port.ts";
import { afterPrefix } from "./prefix.ts";

/** So many bytes in front of each value are its revision. */
const REVISION_BYTES = 8;

/** The pairs in one folder. One at a time may have it open. */
export class HomePairs implements Pairs {
  readonly #db: Level<string, Uint8Array>;
  readonly #bell = new Bell();
  #pairs: Ordered<WrittenPair>;
  #bytes = 0;
  #revision = 0;
  /** Changes are made one after another. */
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(db: Level<string, Uint8Array>, pairs: Ordered<WrittenPair>) {
    this.#db = db;
    this.#pairs = pairs;
    for (const [key, { value, revision }] of pairs.range()) {
      this.#bytes += key.length + value.length;
      this.#revision = Math.max(this.#revision, revision);
    }
  }

  /** Opens, or makes, those in `folder`. @throws PeerError `home-unusable` */
  static async open(folder: string): Promise<HomePairs> {
    const db = new Level<string, Uint8Array>(folder, { keyEncoding: "utf8", valueEncoding: "view" });
    try {
      await db.open();
      const entries: (readonly [string, WrittenPair])[] = [];
      for await (const [key, stored] of db.iterator()) entries.push([key, decode(stored)]);
      return new HomePairs(db, Ordered.from(entries));
    } catch (cause) {
      // Who could not read it holds it no longer.
      await db.close();
      throw new PeerError("home-unusable", `cannot read ${folder}: ${messageOf(cause)}`, {
        nextStep: "Check the folder's owner and permissions, and that no other peer uses this home.",
        cause,
      });
    }
  }

  get(key: string): WrittenPair | undefined {
    return this.#pairs.get(key);
  }

  range(prefix: string): Iterable<readonly [string, WrittenPair]> {
    return this.#pairs.range({ from: prefix, to: afterPrefix(prefix) });
  }

  put(key: string, value: Uint8Array, condition: PairCondition = {}): Promise<PairWrite> {
    return this.#inTurn(async () => {
      const before = this.#pairs.get(key);
      const conflict = conflictWith(before, condition);
      if (conflict !== undefined) return conflict;
      const grown = this.#bytes + value.length - (before === undefined ? -key.length : before.value.length);
      this.#assertFits(key, value, { grown, isNew: before === undefined });
      const pair = { value: Uint8Array.from(value), revision: this.#revision + 1 };
      await this.#written(this.#db.put(key, encode(pair), { sync: true }));
      this.#revision = pair.revision;
      this.#pairs = this.#pairs.with(key, pair);
      this.#bytes = grown;
      this.#bell.ring();
      return { outcome: "written", revision: pair.revision };
    });
  }

  delete(key: string, condition: PairCondition = {}): Promise<PairWrite> {
    return this.#inTurn(async () => {
      const before = this.#pairs.get(key);
      const conflict = conflictWith(before, condition);
      if (conflict !== undefined) return conflict;
      if (before !== undefined) {
        await this.#written(this.#db.del(key, { sync: true }));
        this.#pairs = this.#pairs.without(key);
        this.#bytes -= key.length + before.value.length;
        this.#bell.ring();
      }
      return { outcome: "written", revision: 0 };
    });
  }

  watch(prefix: string, changed: () => void): () => void {
    let before = this.#pairs;
    return this.#bell.watch(() => {
      const isAlike = this.#pairs === before || areAlike([before, this.#pairs], prefix);
      before = this.#pairs;
      if (!isAlike) changed();
    });
  }

  /** After what is under way. */
  async close(): Promise<void> {
    await this.#tail;
    await this.#db.close();
  }

  #inTurn(change: () => Promise<PairWrite>): Promise<PairWrite> {
    const done = this.#tail.then(change);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  #assertFits(
    key: string,
    value: Uint8Array,
    { grown, isNew }: { readonly grown: number; readonly isNew: boolean },
  ): void {
    const why =
      key === "" || key.length > LIMITS.keyChars || !key.isWellFormed()
        ? `a key has 1 to ${LIMITS.keyChars} characters`
        : value.length > LIMITS.valueBytes
          ? `a value has at most ${LIMITS.valueBytes} bytes`
          : grown > LIMITS.pairBytes || (isNew && this.#pairs.size >= LIMITS.pairs)
            ? `a peer keeps ${LIMITS.pairs} keys and ${LIMITS.pairBytes} bytes at most`
            : undefined;
    if (why === undefined) return;
    throw new PeerError("usage", `that was not written: ${why}`, {
      nextStep: "Write less, or take away what is not needed any more.",
    });
  }

  async #written(writing: Promise<void>): Promise<void> {
    try {
      await writing;
    } catch (cause) {
      const isFull = codeOf(cause) === "ENOSPC" || /no space/i.test(messageOf(cause));
      throw new PeerError(isFull ? "disk-full" : "home-unusable", `that was not written: ${messageOf(cause)}`, {
        nextStep: isFull ? "Make room on the disk of the peer's home." : "Check the home's owner and permissions.",
        cause,
      });
    }
  }
}

function conflictWith(before: WrittenPair | undefined, { revision }: PairCondition): PairWrite | undefined {
  const now = before?.revision ?? 0;
  if (revision === undefined || revision === now) return undefined;
  return { outcome: "conflict", detail: `the key has revision ${now}, and not ${revision}` };
}

function areAlike([one, other]: readonly [Ordered<WrittenPair>, Ordered<WrittenPair>], prefix: string): boolean {
  const range = { from: prefix, to: afterPrefix(prefix) };
  const others = other.range(range);
  for (const [key, pair] of one.range(range)) {
    const next = others.next();
    if (next.done === true || next.value[0] !== key || next.value[1] !== pair) return false;
  }
  return others.next().done === true;
}

function encode({ value, revision }: WrittenPair): Uint8Array {
  const stored = new Uint8Array(REVISION_BYTES + value.length);
  new DataView(stored.buffer).setBigUint64(0, BigInt(revision));
  stored.set(value, REVISION_BYTES);
  return stored;
}

/** @throws RangeError for what is too short to be a pair */
function decode(stored: Uint8Array): WrittenPair {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  return { revision: Number(view.getBigUint64(0)), value: Uint8Array.from(stored.subarray(REVISION_BYTES)) };
}
