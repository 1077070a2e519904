/** Where in the house's pairs the threads are: `parley/thread/ACCOUNT/THREAD/00000012`. */
import { createHash } from "node:crypto";
import { OWN_PAIRS } from "../../cluster/pairs/own.ts";

/** All threads of all clients. */
export const THREADS = `${OWN_PAIRS}thread/`;

const ORDINAL_DIGITS = 8;
/** What stands in a key as it is. */
const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** All threads of one account, and of no other. */
export function accountPrefix(account: string): string {
  return `${THREADS}${segmentOf(account)}/`;
}

/** One thread of an account. */
export function threadPrefix(account: string, threadId: string): string {
  return `${accountPrefix(account)}${segmentOf(threadId)}/`;
}

/** A part of a thread, in the order of its parts. */
export function partKey(account: string, threadId: string, ordinal: number): string {
  return `${threadPrefix(account, threadId)}${String(ordinal).padStart(ORDINAL_DIGITS, "0")}`;
}

/** Behind the part of that number, before the next, and nobody else's: for what is written without looking. */
export function looseKey(account: string, threadId: string, ordinal: number, id: string): string {
  return `${partKey(account, threadId, ordinal)}~${segmentOf(id)}`;
}

/** Which part a key is of. */
export function ordinalOf(key: string): number {
  return Number(key.slice(key.lastIndexOf("/") + 1).slice(0, ORDINAL_DIGITS));
}

/** Names of any kind, of one length at most; two of them never become one. */
function segmentOf(name: string): string {
  return PLAIN.test(name) ? name : `~${createHash("sha256").update(name, "utf16le").digest("base64url")}`;
}
