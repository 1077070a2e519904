/** The clients of the house: the same at every peer, so that a client that was let in at one is known to all. */
import { timingSafeEqual } from "node:crypto";
import { SERVER_ID } from "@parley/sdk";
import { OWN_PAIRS } from "../../cluster/pairs/own.ts";
import type { Pairs, WrittenPair } from "../../cluster/pairs/port.ts";
import { PeerError } from "../../errors.ts";
import { CLIENT_NAME, decodeRecord, encodeRecord, newToken, proofOf, type ClientRecord } from "./client-record.ts";
import type { Role } from "./rights.ts";

const PREFIX = `${OWN_PAIRS}client/`;
/** A change that met another one is tried again so often. */
const TRIES = 5;
/** What messages to clients have for a peer, and for everybody. */
const RESERVED: ReadonlySet<string> = new Set([SERVER_ID, "all"]);
/** Clients that a house may have. */
const MOST_CLIENTS = 4_096;

/** What a client is to be. */
export interface NewClient {
  readonly name: string;
  readonly role: Role;
  readonly groups?: readonly string[] | undefined;
  readonly targets?: readonly string[] | undefined;
  readonly expiresMs?: number | undefined;
  readonly remembers?: boolean | undefined;
  /** Who lets it in. */
  readonly by: string;
}

/** What may be changed of one. */
export type ClientChange = Partial<Pick<ClientRecord, "role" | "isActive" | "remembers" | "groups" | "targets">>;

/** A client with the token that it shows; the only time that anybody sees it. */
export interface Admitted {
  readonly client: ClientRecord;
  readonly token: string;
}

/** Why a token lets nobody in. */
export type TokenRefusal = "unknown" | "locked" | "expired";

export class ClientBook {
  readonly #pairs: Pairs;
  readonly #nowMs: () => number;
  readonly #stop: () => void;
  readonly #watchers = new Set<() => void>();
  /** By key, as they were read; looked at for each message of each client. */
  readonly #known = new Map<string, Known>();
  readonly #byProof = new Map<string, ClientRecord>();

  constructor(pairs: Pairs, nowMs: () => number = Date.now) {
    this.#pairs = pairs;
    this.#nowMs = nowMs;
    this.#stop = pairs.watch(PREFIX, () => this.#changed());
    this.#read();
  }

  close(): void {
    this.#stop();
  }

  /** All clients, by name. */
  list(): readonly ClientRecord[] {
    return [...this.#pairs.range(PREFIX)].flatMap(([key, pair]) => this.#decoded(key, pair)?.record ?? []);
  }

  /** Calls `changed` after something has changed about some client, at whatever peer; it must not throw. The result ends that. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /** @throws PeerError `no-such-client` */
  get(name: string): ClientRecord {
    const found = this.find(name);
    if (found !== undefined) return found;
    throw noSuchClient(name);
  }

  find(name: string): ClientRecord | undefined {
    return this.#find(name)?.record;
  }

  /** Lets a client in. @throws PeerError `usage` for a name that is taken or no name; as {@link Pairs.put} */
  async add({ name, role, groups = [], targets, expiresMs, remembers = false, by }: NewClient): Promise<Admitted> {
    if (!CLIENT_NAME.test(name)) {
      throw new PeerError("usage", `"${name}" cannot be the name of a client`, {
        nextStep:
          "Use up to 64 letters, digits, dots, dashes and underscores, beginning and ending with a letter or digit.",
      });
    }
    if (RESERVED.has(name)) {
      throw new PeerError("usage", `no client can be called ${name}: that stands for something else`, {
        nextStep: "Choose another name.",
      });
    }
    if (this.list().length >= MOST_CLIENTS) {
      throw new PeerError("usage", `there are ${MOST_CLIENTS} clients already`, {
        nextStep: "Take away those that are not used any more: parley client list.",
      });
    }
    const token = newToken();
    const client: ClientRecord = {
      name,
      role,
      groups: [...groups],
      ...(targets === undefined ? {} : { targets: [...targets] }),
      proof: proofOf(token),
      createdMs: this.#nowMs(),
      by,
      ...(expiresMs === undefined ? {} : { expiresMs }),
      isActive: true,
      remembers,
    };
    const written = await this.#pairs.put(keyOf(name), encodeRecord(client), { revision: 0 });
    if (written.outcome === "conflict") {
      throw new PeerError("usage", `there is a client called ${name} already`, {
        nextStep: `Choose another name, or give it a new token: parley client renew ${name}.`,
      });
    }
    this.#read();
    return { client, token };
  }

  /** Changes what a client is. @throws PeerError `no-such-client`; as {@link Pairs.put} */
  change(name: string, change: ClientChange): Promise<ClientRecord> {
    return this.#update(name, (record) => ({ ...record, ...change }));
  }

  /** Gives a client a new token; the one before holds no more. One that had expired may be used again. @throws PeerError `no-such-client`; as {@link Pairs.put} */
  async renew(name: string): Promise<Admitted> {
    const token = newToken();
    const client = await this.#update(name, ({ expiresMs, ...record }) => ({
      ...record,
      proof: proofOf(token),
      ...(expiresMs === undefined || expiresMs <= this.#nowMs() ? {} : { expiresMs }),
    }));
    return { client, token };
  }

  /** @throws PeerError `no-such-client`; as {@link Pairs.delete} */
  async remove(name: string): Promise<void> {
    this.get(name);
    await this.#pairs.delete(keyOf(name));
    this.#read();
  }

  /** Whose token this is. */
  authenticate(token: string): ClientRecord | TokenRefusal {
    const proof = proofOf(token);
    const client = this.#byProof.get(proof);
    if (client === undefined || !timingSafeEqual(Buffer.from(client.proof), Buffer.from(proof))) return "unknown";
    return this.refusalOf(client) ?? client;
  }

  /** Why a client that was let in once is not any more. */
  refusalOf({ isActive, expiresMs }: ClientRecord): Exclude<TokenRefusal, "unknown"> | undefined {
    if (!isActive) return "locked";
    return expiresMs !== undefined && expiresMs <= this.#nowMs() ? "expired" : undefined;
  }

  async #update(name: string, change: (record: ClientRecord) => ClientRecord): Promise<ClientRecord> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const found = this.#find(name);
      if (found === undefined) throw noSuchClient(name);
      const changed = change(found.record);
      const written = await this.#pairs.put(keyOf(name), encodeRecord(changed), { revision: found.revision });
      if (written.outcome === "written") {
        this.#read();
        return changed;
      }
    }
    throw new PeerError("no-quorum", `${name} is being changed elsewhere all the time`, { nextStep: "Try again." });
  }

  #find(name: string): Known | undefined {
    const key = keyOf(name);
    const pair = this.#pairs.get(key);
    return pair === undefined ? undefined : this.#decoded(key, pair);
  }

  #decoded(key: string, { value, revision }: WrittenPair): Known | undefined {
    const known = this.#known.get(key);
    // Another house has revisions of its own.
    if (known?.revision === revision && known.value === value) return known;
    const record = decodeRecord(value);
    if (record === undefined) return undefined;
    const read = { record, revision, value };
    this.#known.set(key, read);
    return read;
  }

  #changed(): void {
    this.#read();
    for (const changed of this.#watchers) changed();
  }

  #read(): void {
    const now = this.list();
    if (this.#known.size > now.length) this.#known.clear();
    this.#byProof.clear();
    for (const client of now) this.#byProof.set(client.proof, client);
  }
}

interface Known {
  readonly record: ClientRecord;
  readonly revision: number;
  readonly value: Uint8Array;
}

function keyOf(name: string): string {
  return `${PREFIX}${name}`;
}

function noSuchClient(name: string): PeerError {
  return new PeerError("no-such-client", `there is no client called ${name}`, {
    nextStep: "See who there is: parley client list.",
  });
}
