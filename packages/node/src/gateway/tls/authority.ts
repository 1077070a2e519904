/**
 * The authority that clients trust once: a key, its certificate, and what earlier authorities of the same house say of it.
 * Decides when another one takes its place, and makes it; who keeps it is in `authorities.ts`.
 */
import { createHash, createPrivateKey, generateKeyPair, X509Certificate, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import * as z from "zod";
import { crossSigned, selfSigned, validityOf, type Der, type Validity } from "./x509.ts";

const DAY_MS = 86_400_000;
/** Clocks of clients and peers may be wrong by a day, both in opposite ways. */
export const CLOCKS_DIFFER_MS = 2 * DAY_MS;
/** Clients trust it once in so long, unless somebody is revoked. */
const LIFE_MS = 5 * 365 * DAY_MS;
/** So long before its end the next one takes its place; until that end clients may get to know it. */
const SUCCEEDED_BEFORE_MS = 365 * DAY_MS;
/** So long clients go on with one that somebody knows who is not to be trusted any more, and have to get to know the next. */
const GRACE_MS = 30 * DAY_MS;

/** Why another authority takes the place of one. */
export type Why =
  /** Its end comes near. */
  | "age"
  /** Somebody knows its key who was revoked. */
  | "revoked"
  /** A person wanted it. */
  | "asked"
  /** It counts from another time on, or did: it was made by a clock that was wrong. */
  | "clock";

/** The one before, for people. */
export interface Predecessor {
  readonly fingerprint: string;
  readonly why: Why;
  /** Until then clients that trust it, and not the new one, are served; epoch. */
  readonly untilMs: number;
}

export interface Authority {
  readonly certificate: Der;
  readonly privateKey: KeyObject;
  /** What earlier ones say of it, and of each other: with these it is trusted by who trusts one of those. */
  readonly bridges: readonly Der[];
  readonly predecessor?: Predecessor | undefined;
}

/** An authority as bytes: what everybody may know, and its key. */
export interface PackedAuthority {
  readonly about: Uint8Array;
  readonly secret: Uint8Array;
}

/** A new one, with nothing before it. */
export async function foundAuthority(nowMs: number): Promise<Authority> {
  return makeAuthority({ notBeforeMs: nowMs - CLOCKS_DIFFER_MS, notAfterMs: nowMs + LIFE_MS });
}

/** The one that takes the place of `previous`; who trusts that one goes on for a while. */
export async function succeed(previous: Authority, why: Why, nowMs: number): Promise<Authority> {
  const next = await foundAuthority(nowMs);
  const end = validityOf(previous.certificate).notAfterMs;
  const untilMs = why === "age" ? end : Math.min(end, nowMs + GRACE_MS);
  const fingerprint = fingerprintOf(previous);
  // Who does not take the one before for valid is not helped by its word.
  if (why === "clock" || untilMs <= nowMs) return { ...next, predecessor: { fingerprint, why, untilMs: nowMs } };
  const validity = { notBeforeMs: nowMs - CLOCKS_DIFFER_MS, notAfterMs: untilMs };
  const bridge = await crossSigned(next.certificate, previous, validity);
  const earlier = previous.bridges.filter((each) => validityOf(each).notAfterMs > nowMs);
  return { ...next, bridges: [bridge, ...earlier], predecessor: { fingerprint, why, untilMs } };
}

/** Why another one is to take its place now, by the clock alone; undefined: it is not. */
export function isDue(authority: Pick<Authority, "certificate">, nowMs: number): "age" | "clock" | undefined {
  const { notBeforeMs, notAfterMs } = validityOf(authority.certificate);
  if (nowMs < notBeforeMs || nowMs > notAfterMs) return "clock";
  return nowMs > notAfterMs - SUCCEEDED_BEFORE_MS ? "age" : undefined;
}

/** SHA-256 of its certificate: what people compare. */
export function fingerprintOf({ certificate }: Pick<Authority, "certificate">): string {
  return new X509Certificate(certificate).fingerprint256;
}

const der = z.base64().transform((text) => Buffer.from(text, "base64"));
const aboutSchema = z.strictObject({
  format: z.literal(1),
  certificate: der,
  bridges: z.array(der).max(64),
  predecessor: z
    .strictObject({
      fingerprint: z.string().max(128),
      why: z.enum(["age", "revoked", "asked", "clock"]),
      untilMs: z.number(),
    })
    .optional(),
});

/** As bytes; {@link unpack} reads them. */
export function pack({ certificate, privateKey, bridges, predecessor }: Authority): PackedAuthority {
  const about = {
    format: 1,
    certificate: certificate.toString("base64"),
    bridges: bridges.map((each) => each.toString("base64")),
    ...(predecessor === undefined ? {} : { predecessor }),
  };
  const secret = privateKey.export({ format: "der", type: "pkcs8" });
  return { about: Buffer.from(JSON.stringify(about)), secret: Uint8Array.from(secret) };
}

/** Undefined for what is no authority, or where key and certificate do not belong together. */
export function unpack({ about, secret }: PackedAuthority): Authority | undefined {
  try {
    const { certificate, bridges, predecessor } = aboutSchema.parse(JSON.parse(Buffer.from(about).toString()));
    const privateKey = createPrivateKey({ key: Buffer.from(secret), format: "der", type: "pkcs8" });
    const read = new X509Certificate(certificate);
    if (!read.ca || !read.checkPrivateKey(privateKey) || !read.verify(read.publicKey)) return undefined;
    for (const bridge of bridges) if (!new X509Certificate(bridge).ca) return undefined;
    return { certificate, privateKey, bridges, predecessor };
  } catch {
    // Whatever is wrong with it: it is none.
    return undefined;
  }
}

async function makeAuthority(validity: Validity): Promise<Authority> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  const digest = createHash("sha256")
    .update(publicKey.export({ format: "der", type: "spki" }))
    .digest("hex");
  // Two of one house must not be called alike: clients look for an issuer by its name.
  const mark = `${digest.slice(0, 4)}-${digest.slice(4, 8)}`.toUpperCase();
  const certificate = await selfSigned({ commonName: `Parley house ${mark}`, publicKey }, privateKey, validity);
  return { certificate, privateKey, bridges: [] };
}
