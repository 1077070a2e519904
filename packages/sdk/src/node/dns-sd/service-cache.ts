/**
 * What was heard of DNS-SD services of one type: records come in any order and packet, and are put together here. Pure: time
 * comes in. Everything in it is from strangers, so it is bounded, and nothing is believed but its form. Where there are too many,
 * whoever was not heard of for longest gives way: services that are there answer each question again, and somebody's flood of
 * names that do not is over when it ends, whatever those said of how long they live.
 */
import { isIP } from "node:net";

/** A record as the packet's decoder gave it. */
export interface Heard {
  readonly name: string;
  readonly type: string;
  /** Seconds; 0 is a goodbye (RFC 6762 section 10.1). */
  readonly ttl?: number | undefined;
  readonly data?: unknown;
}

/** A service that can be reached. */
export interface FoundService {
  /** Its full name, as it came. */
  readonly instance: string;
  readonly port: number;
  /** IP addresses; link-local IPv6 is left out, for it needs an interface. */
  readonly addresses: readonly string[];
  /** `key=value` each. */
  readonly txt: readonly Uint8Array[];
}

const MAX_INSTANCES = 256;
const MAX_HOSTS = 512;
const MAX_ADDRESSES = 8;
const MAX_NAME = 256;
const LONGEST_TTL_S = 75 * 60;

interface Instance {
  readonly name: string;
  untilMs: number;
  port: number | undefined;
  host: string | undefined;
  txt: readonly Uint8Array[] | undefined;
  /** As it was told last. */
  told: string;
}

export class ServiceCache {
  readonly #type: string;
  readonly #instances = new Map<string, Instance>();
  /** Host name to address to when it ends. */
  readonly #hosts = new Map<string, Map<string, number>>();

  /** @param type such as `_parley._tcp.local` */
  constructor(type: string) {
    this.#type = type.toLowerCase();
  }

  /** Takes a packet's records. @returns services that are new or have changed, and names of those that said goodbye */
  take(
    records: readonly Heard[],
    nowMs: number,
  ): { readonly found: readonly FoundService[]; readonly gone: readonly string[] } {
    const gone: string[] = [];
    for (const record of records) if (record.type === "PTR") this.#takePointer(record, nowMs, gone);
    for (const record of records) {
      if (record.type === "SRV") this.#takePlace(record);
      else if (record.type === "TXT") this.#takeText(record);
      else if (record.type === "A" || record.type === "AAAA") this.#takeAddress(record, nowMs);
    }
    return { found: this.#changed(nowMs), gone };
  }

  /** Forgets what has not been heard of for as long as it said it would be true. @returns names of services */
  expire(nowMs: number): readonly string[] {
    for (const [host, addresses] of this.#hosts) {
      for (const [address, untilMs] of addresses) if (untilMs <= nowMs) addresses.delete(address);
      if (addresses.size === 0) this.#hosts.delete(host);
    }
    const gone = [...this.#instances.values()].filter(({ untilMs }) => untilMs <= nowMs);
    for (const { name } of gone) this.#instances.delete(name.toLowerCase());
    return gone.map(({ name }) => name);
  }

  #takePointer({ name, ttl, data }: Heard, nowMs: number, gone: string[]): void {
    if (name.toLowerCase() !== this.#type || typeof data !== "string" || data.length > MAX_NAME) return;
    const key = data.toLowerCase();
    const known = this.#instances.get(key);
    if (ttl === 0) {
      if (this.#instances.delete(key)) gone.push(known?.name ?? data);
      return;
    }
    if (!key.endsWith(`.${this.#type}`)) return;
    const untilMs = nowMs + lifeMs(ttl);
    const instance = known ?? { name: data, untilMs, port: undefined, host: undefined, txt: undefined, told: "" };
    instance.untilMs = untilMs;
    keepLatest(this.#instances, key, instance, MAX_INSTANCES);
  }

  #takePlace({ name, ttl, data }: Heard): void {
    const instance = this.#instances.get(name.toLowerCase());
    if (instance === undefined || ttl === 0 || typeof data !== "object" || data === null) return;
    if (!("port" in data) || !("target" in data) || typeof data.target !== "string") return;
    const { port, target } = data;
    if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) return;
    if (target.length > MAX_NAME) return;
    instance.port = port;
    instance.host = target.toLowerCase();
  }

  #takeText({ name, ttl, data }: Heard): void {
    const instance = this.#instances.get(name.toLowerCase());
    if (instance === undefined || ttl === 0) return;
    const pairs: readonly unknown[] = Array.isArray(data) ? data : [data];
    instance.txt = pairs.filter((pair) => pair instanceof Uint8Array);
  }

  #takeAddress({ name, ttl, data }: Heard, nowMs: number): void {
    if (typeof data !== "string" || isIP(data) === 0 || /^fe[89ab]/i.test(data) || name.length > MAX_NAME) return;
    const host = name.toLowerCase();
    const addresses = this.#hosts.get(host) ?? new Map<string, number>();
    if (ttl === 0) addresses.delete(data);
    else if (addresses.has(data) || addresses.size < MAX_ADDRESSES) addresses.set(data, nowMs + lifeMs(ttl));
    keepLatest(this.#hosts, host, addresses, MAX_HOSTS);
  }

  #changed(nowMs: number): readonly FoundService[] {
    const found: FoundService[] = [];
    for (const instance of this.#instances.values()) {
      const { name, port, host, txt } = instance;
      const known = host === undefined ? undefined : this.#hosts.get(host);
      const addresses = [...(known ?? [])].flatMap(([address, untilMs]) => (untilMs > nowMs ? [address] : []));
      if (port === undefined || txt === undefined || addresses.length === 0) continue;
      // IPv4 first: it needs no zone and is what homes have.
      addresses.sort((one, other) => isIP(one) - isIP(other) || (one < other ? -1 : 1));
      const service = { instance: name, port, addresses, txt };
      const told = JSON.stringify([port, addresses, txt.map((pair) => Buffer.from(pair).toString("latin1"))]);
      if (told === instance.told) continue;
      instance.told = told;
      found.push(service);
    }
    return found;
  }
}

/** A map keeps the order in which things were put in. */
function keepLatest<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}

function lifeMs(ttl: number | undefined): number {
  return Math.min(LONGEST_TTL_S, Math.max(1, ttl ?? 120)) * 1000;
}
