/**
 * What a peer calls out on the LAN, as the TXT record of DNS-SD (RFC 6763 section 6): what DECISIONS 12 lets everybody see,
 * and its models, load and platform only when its owner wants that (`advertise = "full"`).
 */
import * as z from "zod";
import { NAME_BYTES_MAX } from "../../config/schema.ts";

/** Of all that a peer calls out. `_janet-mesh._tcp` is for clients that were made for the earlier name. */
export const SERVICE_TYPES = ["parley", "janet-mesh"] as const;

/** The host that a peer is called out under, before `.local`: one for each kind, as each defends its own. */
export function hostLabelOf(type: (typeof SERVICE_TYPES)[number], peerId: string): string {
  return `${type}-${peerId.slice(-10).toLowerCase()}`;
}

/** What everybody may see of a peer. */
export interface Advert {
  readonly name: string;
  readonly peerId: string;
  readonly version: string;
  /** Undefined while it belongs to none. */
  readonly clusterId: string | undefined;
  readonly pairing: "closed" | "open" | "secret";
  /** Kinds of service, such as `stt`, `tts`, `llm`. */
  readonly services: readonly string[];
  /** TCP port where other peers reach it; undefined when it takes none. Where clients reach it is the SRV record's. */
  readonly meshPort: number | undefined;
  /** `none`: it takes no clients of other machines, and the SRV record's port is for peers. */
  readonly clients?: "none" | undefined;
  /** Only with `advertise = "full"`. */
  readonly details?: AdvertDetails | undefined;
}

export interface AdvertDetails {
  readonly models: readonly string[];
  /** Share of the machine that is in use, 0 to 1. */
  readonly load: number;
  /** Such as `linux-x64`. */
  readonly platform: string;
}

/** Of one `key=value` (RFC 6763 section 6.1). */
const MAX_PAIR_BYTES = 255;

/** Of the whole record, so that it fits a packet with everything else (section 6.2). */
export const MAX_TXT_BYTES = 1200;

/** The advert as keys and values: the first key tells the version of the rest (section 6.7). */
export function txtOf(advert: Advert): Readonly<Record<string, string>> {
  const { name, peerId, version, clusterId, pairing, services, meshPort, clients, details } = advert;
  const pairs: [key: string, value: string | undefined][] = [
    ["txtvers", "1"],
    ["name", name],
    ["peer", peerId],
    ["cluster", clusterId],
    ["version", version],
    ["pairing", pairing],
    ["services", joined("services", services)],
    ["mesh", meshPort?.toString()],
    ["clients", clients],
    ["platform", details?.platform],
    ["load", details?.load.toFixed(2)],
    ["models", details && joined("models", details.models)],
  ];
  return Object.fromEntries(pairs.flatMap(([key, value]) => (value === undefined ? [] : [[key, cut(key, value)]])));
}

/** The items that fit, with a comma between them. */
function joined(key: string, items: readonly string[]): string {
  let text = "";
  for (const item of items) {
    const longer = text === "" ? item : `${text},${item}`;
    if (Buffer.byteLength(`${key}=${longer}`) > MAX_PAIR_BYTES) break;
    text = longer;
  }
  return text;
}

/** What fits of a value, without half a character at its end. */
function cut(key: string, value: string): string {
  let text = value;
  while (Buffer.byteLength(`${key}=${text}`) > MAX_PAIR_BYTES) text = Array.from(text).slice(0, -1).join("");
  return text;
}

const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => !/[\p{Cc}\p{Bidi_Control}]/u.test(text));
const list = z.string().transform((text) => (text === "" ? [] : text.split(",")));

const txtSchema = z.object({
  txtvers: z.literal("1"),
  name: line(NAME_BYTES_MAX),
  peer: z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{32,64}$/),
  cluster: line(64).optional(),
  version: line(64),
  pairing: z.enum(["closed", "open", "secret"]),
  services: list,
  mesh: z
    .string()
    .regex(/^[1-9]\d{0,4}$/)
    .transform(Number)
    .refine((port) => port <= 65_535)
    .optional(),
  clients: z.string().optional(),
  platform: line(64).optional(),
  load: z
    .string()
    .regex(/^\d(?:\.\d{1,4})?$/)
    .transform(Number)
    .optional(),
  models: list.optional(),
});

/** The pairs of a TXT record as they came, which may be anything; undefined when that is no advert of a peer. */
export function readTxt(pairs: readonly Uint8Array[]): Advert | undefined {
  let bytes = 0;
  for (const pair of pairs) bytes += pair.length + 1;
  if (bytes > MAX_TXT_BYTES) return undefined;
  const parsed = txtSchema.safeParse(fieldsOf(pairs));
  if (!parsed.success) return undefined;
  const { name, peer, cluster, version, pairing, services, mesh, clients, platform, load, models } = parsed.data;
  const hasDetails = platform !== undefined && load !== undefined && models !== undefined;
  return {
    name,
    peerId: peer,
    version,
    clusterId: cluster,
    pairing,
    services,
    meshPort: mesh,
    ...(clients === "none" ? { clients } : {}),
    ...(hasDetails ? { details: { models, load, platform } } : {}),
  };
}

/** Section 6.4: keys in any case, the first of several counts; one without a name, or without a value, is passed over. */
function fieldsOf(pairs: readonly Uint8Array[]): Readonly<Record<string, string>> {
  const fields = new Map<string, string>();
  for (const pair of pairs) {
    const text = Buffer.from(pair).toString("utf8");
    const at = text.indexOf("=");
    const key = text.slice(0, at).toLowerCase();
    if (at > 0 && !fields.has(key)) fields.set(key, text.slice(at + 1));
  }
  return Object.fromEntries(fields);
}
