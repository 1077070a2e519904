/** A client of the house, as it is written down. Its token is not: only what proves it. */
import { createHash, randomBytes } from "node:crypto";
import * as z from "zod";
import { roles } from "./rights.ts";

/** Names of clients: what one can type, and say aloud. */
export const CLIENT_NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N}._-]{0,62}[\p{L}\p{N}])?$/u;

const label = z.string().min(1).max(128);
const labels = z.array(label).max(64).readonly();

export const clientRecord = z.strictObject({
  name: z.string().regex(CLIENT_NAME),
  role: z.enum(roles),
  groups: labels,
  targets: labels.optional(),
  /** SHA-256 of the token, base64url. */
  proof: z.string().length(43),
  createdMs: z.int().min(0),
  /** Who has let it in. */
  by: label,
  /** Its token holds no longer than this. */
  expiresMs: z.int().min(0).optional(),
  /** False: it was locked out, and may be let in again. */
  isActive: z.boolean(),
  /** It wants its conversations kept beyond their sessions. */
  remembers: z.boolean(),
});

/** One client. */
export type ClientRecord = z.output<typeof clientRecord>;

/** Bits of a token: nobody guesses it, so a slow hash would buy nothing and cost every login. */
const TOKEN_BYTES = 32;

/** A new token, to be shown once. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** What is kept of a token. */
export function proofOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

export function encodeRecord(record: ClientRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}

/** Undefined for what this version cannot read. */
export function decodeRecord(value: Uint8Array): ClientRecord | undefined {
  try {
    const parsed = clientRecord.safeParse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(value)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    // No JSON, or no UTF-8: nobody's record.
    return undefined;
  }
}
