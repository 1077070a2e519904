/**
 * Searching what is kept: an index for each account by itself, made from the pairs when it is first asked for and kept current by what
 * changes. Indexes can be made again at any time, so that only so many words of them are kept.
 */
import { setImmediate } from "node:timers/promises";
import type { Pairs } from "../../cluster/pairs/port.ts";
import type { ThreadBook } from "./book.ts";
import { THREADS } from "./keys.ts";
import type { KeptTurn, MemoryFindings, MemoryFound, MemorySearch } from "./port.ts";
import { readQuery, type Query } from "./text/query.ts";
import { snippetOf } from "./text/snippet.ts";
import { anyOf, TextIndex, type Ranked } from "./text/text-index.ts";

/** The index of one account. */
interface AccountIndex {
  readonly text: TextIndex;
  readonly turns: Map<string, KeptTurn>;
  /** Parts that are in it, as they stood, and the ids of their turns. */
  readonly parts: Map<string, { readonly value: Uint8Array; readonly ids: readonly string[] }>;
  /** Changes are read one after another. */
  current: Promise<void>;
}

const DEFAULT_LIMIT = 50;
const MOST_FOUND = 1_000;
/** Words of all indexes together: some tens of megabytes. */
const MOST_WORDS = 500_000;
/** Parts that are read in one go, some milliseconds; then others have their turn: somebody may be talking. A part is 8 KiB. */
const PARTS_AT_ONCE = 2;

export class ThreadSearch {
  readonly #book: ThreadBook;
  readonly #stop: () => void;
  readonly #mostWords: number;
  /** The one that was asked last is the last. */
  readonly #indexes = new Map<string, AccountIndex>();

  constructor(pairs: Pairs, book: ThreadBook, mostWords = MOST_WORDS) {
    this.#book = book;
    this.#mostWords = mostWords;
    this.#stop = pairs.watch(THREADS, () => {
      for (const account of this.#indexes.keys()) void this.#catchUp(account);
    });
  }

  close(): void {
    this.#stop();
    this.#indexes.clear();
  }

  /** Words that are kept of all accounts. */
  get words(): number {
    return [...this.#indexes.values()].reduce((sum, { text }) => sum + text.length, 0);
  }

  async search(account: string, search: MemorySearch, signal?: AbortSignal): Promise<MemoryFindings> {
    signal?.throwIfAborted();
    const index = await this.#catchUp(account);
    signal?.throwIfAborted();
    this.#evict(account);
    const { query, isStrict } = readQuery(search.text);
    if (query === undefined) return { matched: "all", total: 0, found: [] };
    const all = fitting(index, index.text.search(query), search);
    const looser = all.length === 0 && !isStrict ? anyOf(query) : undefined;
    if (looser === undefined) return page(all, query, search, "all");
    return page(fitting(index, index.text.search(looser), search), looser, search, "any");
  }

  async #catchUp(account: string): Promise<AccountIndex> {
    const before = this.#indexes.get(account);
    const index: AccountIndex = before ?? {
      text: new TextIndex(),
      turns: new Map(),
      parts: new Map(),
      current: Promise.resolve(),
    };
    if (before === undefined) this.#indexes.set(account, index);
    const read = index.current.then(() => this.#read(account, index));
    index.current = read.catch(() => undefined);
    await read;
    return index;
  }

  async #read(account: string, index: AccountIndex): Promise<void> {
    const gone = new Set(index.parts.keys());
    const changed = this.#book.parts(account, (key, value) => {
      gone.delete(key);
      return index.parts.get(key)?.value !== value;
    });
    let count = 0;
    for (const part of changed) {
      count += 1;
      if (count % PARTS_AT_ONCE === 0) await setImmediate();
      drop(index, part.key);
      index.parts.set(part.key, { value: part.value, ids: part.turns.map(({ id }) => id) });
      for (const turn of part.turns) {
        index.turns.set(turn.id, turn);
        index.text.add(turn.id, [turn.question, turn.answer]);
      }
    }
    for (const key of gone) drop(index, key);
  }

  /** Lets go of those that were asked longest ago, while there are too many words. */
  #evict(account: string): void {
    const index = this.#indexes.get(account);
    if (index === undefined) return;
    this.#indexes.delete(account);
    this.#indexes.set(account, index);
    for (const oldest of this.#indexes.keys()) {
      if (oldest === account || this.words <= this.#mostWords) return;
      this.#indexes.delete(oldest);
    }
  }
}

function drop(index: AccountIndex, key: string): void {
  for (const id of index.parts.get(key)?.ids ?? []) {
    index.turns.delete(id);
    index.text.remove(id);
  }
  index.parts.delete(key);
}

interface Fitting {
  readonly turn: KeptTurn;
  readonly score: number;
}

/** Among equals the latest first. */
function fitting(
  index: AccountIndex,
  ranked: readonly Ranked[],
  { threadId, fromMs = -Infinity, beforeMs = Infinity }: MemorySearch,
): readonly Fitting[] {
  return ranked
    .flatMap(({ id, score }): readonly Fitting[] => {
      const turn = index.turns.get(id);
      if (turn === undefined || (threadId !== undefined && turn.threadId !== threadId)) return [];
      return turn.atMs >= fromMs && turn.atMs < beforeMs ? [{ turn, score }] : [];
    })
    .toSorted((a, b) => b.score - a.score || b.turn.atMs - a.turn.atMs);
}

function page(
  all: readonly Fitting[],
  query: Query,
  { limit = DEFAULT_LIMIT, offset = 0 }: MemorySearch,
  matched: MemoryFindings["matched"],
): MemoryFindings {
  const shown = all.slice(offset, offset + Math.min(limit, MOST_FOUND));
  return { matched, total: all.length, found: shown.map((each) => withSnippet(each, query)) };
}

function withSnippet({ turn, score }: Fitting, query: Query): MemoryFound {
  const [question, answer] = [snippetOf(turn.question, query), snippetOf(turn.answer, query)];
  const snippet =
    answer.marks.length > question.marks.length
      ? { ...answer, of: "answer" as const }
      : { ...question, of: "question" as const };
  return { turn, score, snippet };
}
