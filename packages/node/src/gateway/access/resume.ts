/**
 * Resume tokens: who was let in a while ago comes in again, at any peer of the house, without its own token being looked at. They
 * are signed, and nobody keeps a list of them: a house whose prime dies has all its clients at the door at once.
 *
 * `base64url(claims as JSON) "." base64url(HMAC-SHA256)`, RFC 2104. The key is the house's, so that every peer knows it, and goes with
 * the mesh identity: when a peer is revoked, what it knew is worth nothing.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import * as z from "zod";

/** Longest token that is looked at. */
const MOST_CHARS = 1_024;

const claims = z.strictObject({
  /** The account: the name of a client, or of who is let in by this machine. */
  account: z.string().min(1).max(128),
  /** The id that the client went by. */
  clientId: z.string().min(1).max(128),
  sessionId: z.string().min(1).max(128),
  /** What its own token had for proof then: a renewed token ends what the old one began. */
  proof: z.string().max(64),
  expiresMs: z.int().min(0),
});

/** What a resume token says. */
export type ResumeClaims = z.output<typeof claims>;

/** The keys of the house: the first signs; all are believed. */
export type ResumeKeys = () => readonly Uint8Array[];

/** Makes and reads resume tokens. */
export class ResumeTokens {
  readonly #keys: ResumeKeys;
  readonly #nowMs: () => number;

  constructor(keys: ResumeKeys, nowMs: () => number = Date.now) {
    this.#keys = keys;
    this.#nowMs = nowMs;
  }

  /** Undefined while the house has no key. */
  issue(about: ResumeClaims): string | undefined {
    const [key] = this.#keys();
    if (key === undefined) return undefined;
    const body = Buffer.from(JSON.stringify(about)).toString("base64url");
    return `${body}.${signature(key, body)}`;
  }

  /** What a token says; undefined when it is none, was not made by the house, or holds no longer. Never throws. */
  read(token: string): ResumeClaims | undefined {
    if (token.length > MOST_CHARS) return undefined;
    const [body, signed, ...more] = token.split(".");
    if (body === undefined || signed === undefined || more.length > 0) return undefined;
    // As text: base64url can be written in more than one way.
    const given = Buffer.from(signed);
    const isOurs = this.#keys().some((key) => {
      const due = Buffer.from(signature(key, body));
      return given.length === due.length && timingSafeEqual(given, due);
    });
    if (!isOurs) return undefined;
    const parsed = claims.safeParse(JSON.parse(Buffer.from(body, "base64url").toString()));
    return parsed.success && parsed.data.expiresMs > this.#nowMs() ? parsed.data : undefined;
  }
}

function signature(key: Uint8Array, body: string): string {
  return createHmac("sha256", key).update("parley resume 1\u0000").update(body).digest("base64url");
}
