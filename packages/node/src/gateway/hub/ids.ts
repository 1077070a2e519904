/**
 * Whose client goes by which id, and which groups it belongs to when it is away: in the house's pairs, so that it is known after any
 * peer, and all of them, began anew. An account has so many at most; more of them make its own oldest be forgotten, and no other's.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { OWN_PAIRS } from "../../cluster/pairs/own.ts";
import type { Pairs, WrittenPair } from "../../cluster/pairs/port.ts";
import { isPeerError } from "../../errors.ts";
import { HUB } from "./times.ts";

const PREFIX = `${OWN_PAIRS}id/`;
/** A change that met another one is tried again so often. */
const TRIES = 3;

const name = z.string().min(1).max(128);
const record = z.strictObject({
  clientId: name,
  account: name,
  groups: z.array(name).max(32),
  seenMs: z.number().min(0),
});

/** An id as it is written down. */
export type KnownId = z.output<typeof record>;

/** Of whom it is to be written down. */
export type IdOwner = Pick<KnownId, "clientId" | "account" | "groups">;

/** `theirs`: it is another account's; `full`: the account has as many that are in use; `unavailable`: the house cannot agree now. */
export type IdKept = "kept" | "theirs" | "full" | "unavailable";

interface Written {
  readonly id: KnownId;
  readonly key: string;
  readonly revision: number;
  readonly value: Uint8Array;
}

export class Ids {
  readonly #pairs: Pairs;
  readonly #nowMs: () => number;
  /** By key, as they were read. */
  #known: ReadonlyMap<string, Written> = new Map();

  constructor(pairs: Pairs, nowMs: () => number) {
    this.#pairs = pairs;
    this.#nowMs = nowMs;
    this.#read();
  }

  find(clientId: string): KnownId | undefined {
    return this.#find(clientId)?.id;
  }

  all(): readonly KnownId[] {
    return [...this.#known.values()].map(({ id }) => id);
  }

  /** Whether what is written of it says as much, and lately. */
  says({ clientId, account, groups }: IdOwner): boolean {
    const id = this.find(clientId);
    if (id?.account !== account || this.#nowMs() - id.seenMs > HUB.idSeenMs) return false;
    return id.groups.length === groups.length && id.groups.every((group) => groups.includes(group));
  }

  /**
   * Writes it down, if there is room; an id that `isUsed` is not forgotten for it.
   * @returns what became of it; never another account's id in place of this one
   */
  async keep(owner: IdOwner, isUsed: (clientId: string) => boolean): Promise<IdKept> {
    const key = keyOf(owner.clientId);
    const value = Buffer.from(JSON.stringify({ ...owner, seenMs: this.#nowMs() } satisfies KnownId));
    try {
      for (let attempt = 0; attempt < TRIES; attempt += 1) {
        const before = this.#find(owner.clientId);
        if (before !== undefined && before.id.account !== owner.account) return "theirs";
        if (before === undefined && !(await this.#makeRoom(owner.account, isUsed))) return "full";
        const written = await this.#pairs.put(key, value, { revision: before?.revision ?? 0 });
        if (written.outcome === "written") return "kept";
      }
      return "unavailable";
    } catch (error) {
      if (isPeerError(error, "usage")) return "full";
      if (isPeerError(error)) return "unavailable";
      throw error;
    }
  }

  /** Takes it away, unless it was written anew. @returns whether the house could agree on it */
  async forget(clientId: string): Promise<boolean> {
    const found = this.#find(clientId);
    if (found === undefined) return true;
    try {
      await this.#pairs.delete(found.key, { revision: found.revision });
      return true;
    } catch (error) {
      if (isPeerError(error)) return false;
      throw error;
    }
  }

  /** Calls `changed` with the ids of which something was written or taken away. */
  watch(changed: (clientIds: readonly string[]) => void): () => void {
    return this.#pairs.watch(PREFIX, () => changed(this.#read()));
  }

  /** @returns false when nobody can make room */
  async #makeRoom(account: string, isUsed: (clientId: string) => boolean): Promise<boolean> {
    this.#read();
    const counts = new Map<string, number>();
    for (const { id } of this.#known.values()) counts.set(id.account, (counts.get(id.account) ?? 0) + 1);
    const own = counts.get(account) ?? 0;
    if (own < HUB.idsPerAccount && this.#known.size < HUB.idsMax) return true;
    // Who has most gives way: with too many of its own, that is the account itself.
    const [most, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), [account, own]);
    const giving = own >= HUB.idsPerAccount || count <= own + 1 ? account : most;
    const oldest = this.all()
      .filter((id) => id.account === giving)
      .toSorted((a, b) => a.seenMs - b.seenMs)
      .find(({ clientId }) => !isUsed(clientId));
    return oldest !== undefined && (await this.forget(oldest.clientId));
  }

  #find(clientId: string): Written | undefined {
    const key = keyOf(clientId);
    const pair = this.#pairs.get(key);
    return pair === undefined ? undefined : this.#decoded(key, pair);
  }

  #decoded(key: string, { value, revision }: WrittenPair): Written | undefined {
    const known = this.#known.get(key);
    if (known?.revision === revision && known.value === value) return known;
    const id = decode(value);
    return id === undefined ? undefined : { id, key, revision, value };
  }

  /** @returns those of which something is other than before */
  #read(): readonly string[] {
    const before = this.#known;
    const now = new Map<string, Written>();
    const changed = new Set<string>();
    for (const [key, pair] of this.#pairs.range(PREFIX)) {
      const read = this.#decoded(key, pair);
      if (read === undefined) continue;
      now.set(key, read);
      if (before.get(key) !== read) changed.add(read.id.clientId);
    }
    for (const [key, { id }] of before) if (!now.has(key)) changed.add(id.clientId);
    this.#known = now;
    return [...changed];
  }
}

/** Ids are as clients like them: of any characters. */
function keyOf(clientId: string): string {
  return `${PREFIX}${createHash("sha256").update(clientId).digest("base64url")}`;
}

/** Undefined for what newer software has written. */
function decode(value: Uint8Array): KnownId | undefined {
  try {
    return record.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(value))).data;
  } catch {
    // No JSON, or no UTF-8: nothing of ours.
    return undefined;
  }
}
