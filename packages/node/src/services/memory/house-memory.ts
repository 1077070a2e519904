/** The memory in the house's pairs: every peer has it. */
import type { PostponedCommand } from "../../cluster/state/schemas.ts";
import type { Pairs } from "../../cluster/pairs/port.ts";
import { isPeerError, PeerError } from "../../errors.ts";
import { ThreadBook } from "./book.ts";
import { accountPrefix, looseKey, partKey } from "./keys.ts";
import { encodePart, isFuller, PART_BYTES } from "./part.ts";
import type { KeptThread, KeptTurn, Memory, MemoryFindings, MemorySearch, NewTurn, ReadOptions } from "./port.ts";
import { ThreadSearch } from "./search.ts";

/** How much is kept. */
export interface MemoryLimits {
  /** Of one account; its oldest parts go first. */
  readonly accountBytes: number;
  /** Of all together: then who has most gives first. */
  readonly allBytes: number;
}

const MIB = 1024 * 1024;
/** Of the 64 MiB that the pairs of a house may have in all. */
export const MEMORY_LIMITS: MemoryLimits = { accountBytes: MIB, allBytes: 24 * MIB };

export interface HouseMemoryOptions {
  readonly pairs: Pairs;
  /** Whether an account wants to be remembered, now. */
  readonly wants: (account: string) => boolean;
  /** Writes once the cluster can agree; undefined: there is none. */
  readonly later?: (() => { submit(command: PostponedCommand): Promise<unknown> } | undefined) | undefined;
  /** Settles once what was agreed before is to be seen here. */
  readonly fresh?: (() => Promise<unknown>) | undefined;
  readonly limits?: MemoryLimits | undefined;
}

/** A write that met another one is tried again so often. */
const TRIES = 8;
const USUAL_TURNS = 100;

export class HouseMemory implements Memory {
  readonly #options: HouseMemoryOptions;
  readonly #limits: MemoryLimits;
  readonly #book: ThreadBook;
  readonly #search: ThreadSearch;

  constructor(options: HouseMemoryOptions) {
    this.#options = options;
    this.#limits = options.limits ?? MEMORY_LIMITS;
    this.#book = new ThreadBook(options.pairs);
    this.#search = new ThreadSearch(options.pairs, this.#book);
  }

  async note(account: string, turn: NewTurn): Promise<boolean> {
    if (!this.#options.wants(account)) return false;
    try {
      await this.#append(account, turn);
      await this.#trim(account);
    } catch (error) {
      const later = this.#options.later?.();
      if (!isPeerError(error, "no-quorum") || later === undefined) throw error;
      await later.submit(this.#loose(account, turn));
    }
    return true;
  }

  threads(account: string): readonly KeptThread[] {
    return this.#book.threads(account);
  }

  read(account: string, threadId: string, { limit = USUAL_TURNS, before }: ReadOptions = {}): readonly KeptTurn[] {
    // Each part holds at least one turn.
    const turns = this.#book.turns(account, threadId, before === undefined ? limit : Infinity);
    const end = before === undefined ? turns.length : turns.findIndex(({ id }) => id === before);
    return end <= 0 ? [] : turns.slice(Math.max(0, end - Math.max(1, limit)), end);
  }

  search(account: string, search: MemorySearch, signal?: AbortSignal): Promise<MemoryFindings> {
    return this.#search.search(account, search, signal);
  }

  async forget(account: string, threadId?: string): Promise<number> {
    const turns = this.threads(account)
      .filter((thread) => threadId === undefined || thread.threadId === threadId)
      .reduce((sum, thread) => sum + thread.turns, 0);
    for (const key of this.#book.keys(account, threadId)) await this.#options.pairs.delete(key);
    return turns;
  }

  *export(account: string): Generator<KeptTurn> {
    for (const { threadId } of this.threads(account)) yield* this.#book.turns(account, threadId);
  }

  async settle(): Promise<void> {
    await this.#options.fresh?.();
  }

  close(): void {
    this.#search.close();
  }

  async #append(account: string, turn: NewTurn): Promise<void> {
    const { threadId } = turn;
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const end = this.#book.end(account, threadId);
      const turns = end?.turns ?? [];
      const known = turns.find(({ id }) => id === turn.id);
      if (known !== undefined && !isFuller(turn, known)) return;
      const all = known === undefined ? [...turns, turn] : turns.map((each) => (each === known ? turn : each));
      const grown = encodePart(account, threadId, all);
      // One that cannot be read is left as it is.
      const isRoomy = end !== undefined && end.turns.length > 0 && grown.length <= PART_BYTES;
      const written = isRoomy
        ? await this.#put(end.key, grown, end.revision)
        : await this.#put(
            partKey(account, threadId, (end?.ordinal ?? -1) + 1),
            encodePart(account, threadId, [turn]),
            0,
          );
      if (written) return;
    }
    throw new PeerError("no-quorum", "this thread is being written elsewhere all the time", { nextStep: "Try again." });
  }

  async #put(key: string, value: Uint8Array, revision: number): Promise<boolean> {
    const { outcome } = await this.#options.pairs.put(key, value, { revision });
    return outcome === "written";
  }

  #loose(account: string, turn: NewTurn): PostponedCommand {
    const { threadId, id } = turn;
    const ordinal = this.#book.end(account, threadId)?.ordinal ?? 0;
    const key = looseKey(account, threadId, ordinal, id);
    return { type: "put", key, value: encodePart(account, threadId, [turn]) };
  }

  /** Drops what is oldest until everything fits again. */
  async #trim(account: string): Promise<void> {
    const sizes = this.#book.sizes();
    const own = accountPrefix(account);
    const { accountBytes, allBytes } = this.#limits;
    await this.#drop(own, sizes, () => (sizes.get(own) ?? 0) > accountBytes);
    const isFull = (): boolean => [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0) > allBytes;
    while (isFull()) {
      const [largest] = [...sizes].toSorted(([, one], [, other]) => other - one)[0] ?? [own];
      if (!(await this.#drop(largest, sizes, isFull))) return;
    }
  }

  /** Takes the oldest parts below `prefix` away while that is needed, but for the last. False: there was nothing to take. */
  async #drop(prefix: string, sizes: Map<string, number>, isNeeded: () => boolean): Promise<boolean> {
    if (!isNeeded()) return false;
    let dropped = false;
    for (const { key, revision, bytes } of this.#book.byAge(prefix).slice(0, -1)) {
      if (!isNeeded()) break;
      await this.#options.pairs.delete(key, { revision });
      sizes.set(prefix, (sizes.get(prefix) ?? 0) - bytes);
      dropped = true;
    }
    return dropped;
  }
}
