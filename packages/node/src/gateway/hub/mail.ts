/**
 * Messages that wait for clients who are away, and those that are written down before they are delivered: in the house's pairs, so that
 * whatever peer a client comes back to has them. A message is in there until its receiver has handled it, or its time is over.
 */
import { createHash } from "node:crypto";
import * as z from "zod";
import { checkMessage, DURABLE_PRIORITY } from "@parley/sdk";
import { OWN_PAIRS } from "../../cluster/pairs/own.ts";
import type { Pairs, WrittenPair } from "../../cluster/pairs/port.ts";
import { isPeerError } from "../../errors.ts";
import { Kept as Remembered } from "./kept.ts";
import { isPost, type Post } from "./post.ts";
import { HUB } from "./times.ts";

const PREFIX = `${OWN_PAIRS}mail/`;

/** A message that waits. */
export interface Letter {
  readonly key: string;
  readonly revision: number;
  readonly to: string;
  /** Whose client it is for: nobody else gets it, whatever id they go by. */
  readonly account: string;
  readonly post: Post;
  /** By the clock of the peer that has written it down. */
  readonly keptMs: number;
}

/** What became of writing it down. `unavailable`: the house cannot agree on anything now. */
export type Kept = "kept" | "known" | "full" | "too-large" | "unavailable";

/** What became of taking it away. `gone`: somebody else has. */
export type Taken = "taken" | "gone" | "unavailable";

const name = z.string().min(1).max(128);
const envelope = z.strictObject({ to: name, account: name, keptMs: z.number().min(0), post: z.unknown() });

/** Decoded letters that are kept at hand. */
const DECODED_MAX = 1_024;

export class Mail {
  readonly #pairs: Pairs;
  readonly #nowMs: () => number;
  /** By key; a letter is never changed, but may be written anew. */
  readonly #decoded = new Remembered<Letter>(DECODED_MAX);
  /** What is being written down from here, by its key. */
  readonly #writing = new Map<string, number>();

  constructor(pairs: Pairs, nowMs: () => number) {
    this.#pairs = pairs;
    this.#nowMs = nowMs;
  }

  /** What waits for a client, in the order in which the house has written it down. */
  waiting(clientId: string): readonly Letter[] {
    return this.#read(boxOf(clientId)).toSorted((a, b) => a.revision - b.revision);
  }

  /** Whom mail that waits under an id is for. */
  ownerOf(clientId: string): string | undefined {
    return this.#read(boxOf(clientId))[0]?.account;
  }

  /** Whether something waits for a client. */
  hasFor(clientId: string): boolean {
    return [...this.#pairs.range(boxOf(clientId))].length > 0;
  }

  /** What waits of a message for a receiver. */
  find({ messageId }: Pick<Post, "messageId">, to: string): Letter | undefined {
    return this.#read(boxOf(to)).find(({ post }) => post.messageId === messageId);
  }

  /** All that waits. */
  all(): readonly Letter[] {
    return this.#read(PREFIX);
  }

  /** Whether something from one client waits for another one: what comes later has to wait behind it. */
  holds(from: string, to: string): boolean {
    return this.#read(boxOf(to)).some(({ post }) => post.source.clientId === from);
  }

  /** Letters with a message of that sender: one for each receiver that it waits for. */
  of(messageId: string, from: string): readonly Letter[] {
    return this.#read(PREFIX).filter(({ post }) => post.messageId === messageId && post.source.clientId === from);
  }

  /** Writes a message down for a receiver of that account; durable when it settles. */
  async keep(post: Post, to: string, account: string): Promise<Kept> {
    const box = boxOf(to);
    const key = `${box}${post.messageId}`;
    if (this.#pairs.get(key) !== undefined || this.#writing.has(key)) return "known";
    const value = Buffer.from(JSON.stringify({ to, account, keptMs: this.#nowMs(), post }));
    if (value.length > HUB.mailBytes) return "too-large";
    if (!this.#hasRoom(box, value.length)) return "full";
    this.#writing.set(key, value.length);
    try {
      const { outcome, revision } = { revision: 0, ...(await this.#pairs.put(key, value, { revision: 0 })) };
      return outcome === "written" ? await this.#keptWithin({ key, revision }, box) : "known";
    } catch (error) {
      // The house's bounds are wider than ours, but others write there too.
      if (isPeerError(error, "usage")) return "full";
      if (isPeerError(error)) return "unavailable";
      throw error;
    } finally {
      this.#writing.delete(key);
    }
  }

  /** Takes a letter away: it was handled, or never will be. */
  async take({ key, revision }: Pick<Letter, "key" | "revision">): Promise<Taken> {
    try {
      const { outcome } = await this.#pairs.delete(key, { revision });
      return outcome === "written" ? "taken" : "gone";
    } catch (error) {
      if (isPeerError(error)) return "unavailable";
      throw error;
    }
  }

  /** Calls `changed` after letters came or went. */
  watch(changed: () => void): () => void {
    return this.#pairs.watch(PREFIX, changed);
  }

  /** Also with what is being written down from here at the same time. */
  #hasRoom(box: string, bytes: number): boolean {
    const own = sizeOf(this.#pairs.range(box), this.#writing, box);
    const all = sizeOf(this.#pairs.range(PREFIX), this.#writing, PREFIX);
    if (own.count >= HUB.mailMax || own.bytes + bytes > HUB.mailMaxBytes) return false;
    return all.count < HUB.mailTotalMax && all.bytes + bytes <= HUB.mailTotalBytes;
  }

  /** Several peers may have seen room for one more: of what is too much, what the house has written down last goes. */
  async #keptWithin(written: Pick<Letter, "key" | "revision">, box: string): Promise<Kept> {
    const before = [...this.#pairs.range(box)].filter(([, { revision }]) => revision < written.revision);
    if (before.length < HUB.mailMax) return "kept";
    return (await this.take(written)) === "taken" ? "full" : "kept";
  }

  #read(prefix: string): readonly Letter[] {
    return [...this.#pairs.range(prefix)].flatMap(([key, { value, revision }]) => {
      const known = this.#decoded.get(key);
      if (known?.revision === revision) return [known];
      const letter = decode(key, revision, value);
      if (letter === undefined) return [];
      this.#decoded.set(key, letter);
      return [letter];
    });
  }
}

/** Whether a message is to be written down before it is delivered. */
export function isDurable({ priority = 0 }: Post): boolean {
  return priority >= DURABLE_PRIORITY;
}

/** True when nobody is to get it any more. */
export function isOverdue({ post, keptMs }: Letter, nowMs: number): boolean {
  return nowMs >= Math.min(post.expiresAt ?? Number.POSITIVE_INFINITY, keptMs + HUB.mailKeptMs);
}

/** Ids are as clients like them: of any characters, and one may begin another. */
function boxOf(clientId: string): string {
  return `${PREFIX}${createHash("sha256").update(clientId).digest("base64url")}/`;
}

/** Undefined for what newer software has written. */
function decode(key: string, revision: number, value: Uint8Array): Letter | undefined {
  const parsed = envelope.safeParse(parse(new TextDecoder().decode(value)));
  if (!parsed.success) return undefined;
  const checked = checkMessage(parsed.data.post);
  if (!checked.ok || !isPost(checked.message)) return undefined;
  const { to, account, keptMs } = parsed.data;
  return { key, revision, to, account, keptMs, post: checked.message };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Nothing of ours.
    return undefined;
  }
}

function sizeOf(
  entries: Iterable<readonly [string, WrittenPair]>,
  writing: ReadonlyMap<string, number>,
  prefix: string,
): { readonly count: number; readonly bytes: number } {
  let [count, bytes] = [0, 0];
  for (const [key, { value }] of entries) {
    if (writing.has(key)) continue;
    count += 1;
    bytes += value.length;
  }
  for (const [key, length] of writing) {
    if (!key.startsWith(prefix)) continue;
    count += 1;
    bytes += length;
  }
  return { count, bytes };
}
