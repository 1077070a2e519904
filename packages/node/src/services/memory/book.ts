/** The threads of an account as they stand in the pairs; what is known of a part is not read twice. */
import type { Pairs, WrittenPair } from "../../cluster/pairs/port.ts";
import { accountPrefix, ordinalOf, THREADS, threadPrefix } from "./keys.ts";
import { decodePart, isFuller, type Part } from "./part.ts";
import type { KeptThread, KeptTurn } from "./port.ts";

/** A part, and where it stands. */
export interface StoredPart extends Part {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Where the end of a thread is; `turns` is empty where this version cannot read it. */
export interface ThreadEnd {
  readonly key: string;
  readonly revision: number;
  readonly ordinal: number;
  readonly turns: readonly KeptTurn[];
}

/** A part without its turns. */
interface Outline {
  readonly revision: number;
  readonly bytes: number;
  /** Undefined: this version cannot read it. */
  readonly account: string | undefined;
  readonly threadId: string;
  readonly turns: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly title: string;
}

const TITLE_CHARS = 80;

export class ThreadBook {
  readonly #pairs: Pairs;
  /** By the value itself: what is written anew is another, and what is gone is forgotten. */
  readonly #outlines = new WeakMap<Uint8Array, Outline>();

  constructor(pairs: Pairs) {
    this.#pairs = pairs;
  }

  /** The parts of all threads of an account that `isNew` tells by key and value. */
  *parts(account: string, isNew: (key: string, value: Uint8Array) => boolean): Generator<StoredPart> {
    for (const [key, { value }] of this.#pairs.range(accountPrefix(account))) {
      const part = isNew(key, value) ? decodePart(value, account) : undefined;
      if (part !== undefined) yield { ...part, key, value };
    }
  }

  /** The keys of one thread, or of all of an account, also of what this version cannot read. */
  keys(account: string, threadId?: string): readonly string[] {
    const prefix = threadId === undefined ? accountPrefix(account) : threadPrefix(account, threadId);
    return [...this.#pairs.range(prefix)].map(([key]) => key);
  }

  /** The turns of a thread in their order, the last `most` parts of it. One that was written twice is there once, the fuller one. */
  turns(account: string, threadId: string, most = Infinity): readonly KeptTurn[] {
    const turns = new Map<string, KeptTurn>();
    const all = [...this.#pairs.range(threadPrefix(account, threadId))];
    for (const [, { value }] of all.slice(-Math.min(most, all.length))) {
      const part = decodePart(value, account);
      if (part?.threadId !== threadId) continue;
      for (const turn of part.turns) {
        const known = turns.get(turn.id);
        if (known === undefined || isFuller(turn, known)) turns.set(turn.id, turn);
      }
    }
    return [...turns.values()];
  }

  /** The one that was last spoken in first. */
  threads(account: string): readonly KeptThread[] {
    const threads = new Map<string, KeptThread>();
    for (const [key, pair] of this.#pairs.range(accountPrefix(account))) {
      const part = this.#outline(key, pair);
      const { threadId } = part;
      const known = threads.get(threadId);
      // One of another account cannot stand here; if it does, it is nothing of this one's.
      if (part.account === account) threads.set(threadId, known === undefined ? threadOf(part) : joined(known, part));
    }
    return [...threads.values()].toSorted((a, b) => b.lastAtMs - a.lastAtMs);
  }

  /** Undefined: the thread is new. */
  end(account: string, threadId: string): ThreadEnd | undefined {
    const last = [...this.#pairs.range(threadPrefix(account, threadId))].at(-1);
    if (last === undefined) return undefined;
    const [key, { value, revision }] = last;
    return { key, revision, ordinal: ordinalOf(key), turns: decodePart(value, account)?.turns ?? [] };
  }

  /** Bytes of each account, by what its keys begin with. */
  sizes(): Map<string, number> {
    const sizes = new Map<string, number>();
    for (const [key, { value }] of this.#pairs.range(THREADS)) {
      const prefix = key.slice(0, key.indexOf("/", THREADS.length) + 1);
      sizes.set(prefix, (sizes.get(prefix) ?? 0) + key.length + value.length);
    }
    return sizes;
  }

  /** The parts below `prefix`, the one that was last written to longest ago first; what cannot be read comes first of all. */
  byAge(prefix: string): readonly { readonly key: string; readonly revision: number; readonly bytes: number }[] {
    return [...this.#pairs.range(prefix)]
      .map(([key, pair]) => ({ key, ...this.#outline(key, pair) }))
      .toSorted((a, b) => a.lastAtMs - b.lastAtMs);
  }

  #outline(key: string, { value, revision }: WrittenPair): Outline {
    const before = this.#outlines.get(value);
    if (before !== undefined) return before;
    const part = decodePart(value);
    const turns = part?.turns ?? [];
    const [first] = turns;
    const outline: Outline = {
      revision,
      bytes: key.length + value.length,
      account: part?.account,
      threadId: part?.threadId ?? "",
      turns: turns.length,
      firstAtMs: first?.atMs ?? 0,
      lastAtMs: Math.max(0, ...turns.map(({ atMs }) => atMs)),
      title: (first?.question ?? "").slice(0, TITLE_CHARS).toWellFormed(),
    };
    this.#outlines.set(value, outline);
    return outline;
  }
}

function threadOf({ threadId, turns, firstAtMs, lastAtMs, title }: Outline): KeptThread {
  return { threadId, turns, firstAtMs, lastAtMs, title };
}

/** Parts come in their order. */
function joined(thread: KeptThread, part: Outline): KeptThread {
  const lastAtMs = Math.max(thread.lastAtMs, part.lastAtMs);
  return { ...thread, turns: thread.turns + part.turns, lastAtMs };
}
