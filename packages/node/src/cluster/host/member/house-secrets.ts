/**
 * What all members know and nobody else: a value in the replicated store, sealed to each member by itself. It does not hang on the
 * mesh's key: that is made anew whenever somebody leaves, and what clients trust must not change for that.
 *
 * The prime seals it to newcomers; where the prime itself cannot open it yet, whoever can does.
 */
import { createHash, type KeyObject } from "node:crypto";
import * as z from "zod";
import { isPeerError, PeerError } from "../../../errors.ts";
import { prefixed } from "../../../mesh/keys/prefixed.ts";
import { seal, unseal, type SealContext } from "../../../mesh/keys/seal.ts";
import type { SharedState } from "../../consensus/shared-state.ts";
import type { FoundSecret, Secret, Secrets } from "../../face.ts";
import type { ClusterState, Member, Pair } from "../../state/model.ts";
import type { CommandOf } from "../../state/schemas.ts";
import { read, write } from "../bytes.ts";

/** Of the keys in the replicated store. */
const PREFIX = "parley/secret/";
/** The first text that does not begin so. */
const BEHIND = "parley/secret0";

const LABEL = "parley-house-secret-1";
const TIMEOUT_MS = 10_000;

const bytes = z.instanceof(Uint8Array);
const recordSchema = z.strictObject({
  about: bytes,
  /** Peer to the key that it was sealed to, and what was sealed. */
  boxes: z.record(z.string().min(1).max(128), z.tuple([bytes, bytes])),
});
type Box = readonly [to: Uint8Array, sealed: Uint8Array];
type Boxes = Readonly<Record<string, Box>>;

/** A pair as it was read and opened: that takes its time, and is asked for every second. */
interface Read {
  readonly pair: Pair;
  readonly about: Uint8Array;
  readonly boxes: Boxes;
  readonly secret: Uint8Array | undefined;
}

export interface HouseSecretsOptions {
  readonly self: string;
  /** Private, X25519. */
  readonly sealingKey: KeyObject;
  readonly shared: Pick<SharedState, "now" | "submit" | "watch">;
}

/** The key of a secret in the replicated store: nobody's but the peers' own. */
export function isSecretKey(key: string): boolean {
  return key.startsWith(PREFIX);
}

export class HouseSecrets implements Secrets {
  readonly #options: HouseSecretsOptions;
  readonly #reads = new Map<string, Read | undefined>();

  constructor(options: HouseSecretsOptions) {
    this.#options = options;
  }

  find(name: string): FoundSecret | undefined {
    const { now } = this.#options.shared;
    const found = this.#read(now, `${PREFIX}${name}`);
    if (found === undefined) return undefined;
    const { pair, about, boxes, secret } = found;
    const isExposed = Object.keys(boxes).some((peer) => now.revoked.has(peer));
    return { about, secret, isExposed, isShared: Object.keys(boxes).length > 1, revision: pair.revision };
  }

  async replace(name: string, { about, secret }: Secret, revision: number): Promise<boolean> {
    const { shared } = this.#options;
    const boxes = boxesFor([...shared.now.members.values()], name, { about, secret });
    const value = write({ about, boxes: Object.fromEntries(boxes) });
    const command = { type: "put", key: `${PREFIX}${name}`, value, when: { revision } } as const;
    const submitted = await shared.submit(command, { timeoutMs: TIMEOUT_MS });
    if (submitted.outcome === "done") return true;
    if (submitted.outcome === "refused" && submitted.reason === "mismatch") return false;
    throw new PeerError("no-quorum", `the cluster does not agree on ${name} now: ${submitted.detail}`, {
      nextStep: "See what would restore the quorum: parley status.",
    });
  }

  watch(name: string, changed: () => void): () => void {
    return this.#options.shared.watch(({ pairs }) => pairs.get(`${PREFIX}${name}`), changed);
  }

  /** What this member is to propose so that all members know each secret, and whoever left is not counted any more. */
  due(leader: string | undefined): CommandOf<"put"> | undefined {
    const { self, shared } = this.#options;
    const { now } = shared;
    for (const [key, pair] of now.pairs.range({ from: PREFIX, to: BEHIND })) {
      const found = this.#read(now, key);
      if (found?.secret === undefined) continue;
      const { about, secret, boxes } = found;
      if (leader !== self && leader !== undefined && isSealedTo(now, boxes, leader)) continue;
      const lacking = [...now.members.values()].filter(({ peer }) => !isSealedTo(now, boxes, peer));
      // Whoever was revoked stays named: that tells that the secret is none any more.
      const kept = Object.entries(boxes).filter(([peer]) => now.members.has(peer) || now.revoked.has(peer));
      const more = boxesFor(lacking, key.slice(PREFIX.length), { about, secret });
      if (more.length === 0 && kept.length === Object.keys(boxes).length) continue;
      const value = write({ about, boxes: Object.fromEntries([...kept, ...more]) });
      return { type: "put", key, value, when: { revision: pair.revision } };
    }
    return undefined;
  }

  #read(state: ClusterState, key: string): Read | undefined {
    const pair = state.pairs.get(key);
    const before = this.#reads.get(key);
    if (pair === undefined || before?.pair === pair) return pair === undefined ? undefined : before;
    const record = read(recordSchema, pair.value);
    const found = record && { pair, ...record, secret: this.#open(key.slice(PREFIX.length), record) };
    this.#reads.set(key, found);
    return found;
  }

  #open(name: string, { about, boxes }: Pick<Read, "about" | "boxes">): Uint8Array | undefined {
    const { self, sealingKey } = this.#options;
    const box = Object.hasOwn(boxes, self) ? boxes[self] : undefined;
    if (box === undefined) return undefined;
    try {
      return unseal(sealingKey, box[1], contextOf(name, about, self));
    } catch (error) {
      // Sealed to a key that this peer had before: it is sealed to it again.
      if (isPeerError(error, "seal-broken")) return undefined;
      throw error;
    }
  }
}

/** Whoever cannot be sealed to goes without: its key was no key from the beginning, and the others are not to suffer for it. */
function boxesFor(
  members: readonly Member[],
  name: string,
  { about, secret }: Secret,
): readonly (readonly [string, Box])[] {
  return members.flatMap(({ peer, sealingKey }): (readonly [string, Box])[] => {
    try {
      return [[peer, [sealingKey, seal(sealingKey, secret, contextOf(name, about, peer))]]];
    } catch (error) {
      if (isPeerError(error, "seal-broken")) return [];
      throw error;
    }
  });
}

function isSealedTo({ members }: ClusterState, boxes: Boxes, peer: string): boolean {
  const { sealingKey } = members.get(peer) ?? {};
  const box = Object.hasOwn(boxes, peer) ? boxes[peer] : undefined;
  return box !== undefined && sealingKey !== undefined && Buffer.compare(box[0], sealingKey) === 0;
}

function contextOf(name: string, about: Uint8Array, peer: string): SealContext {
  const digest = createHash("sha256").update(about).digest();
  return { info: LABEL, bound: prefixed(name, digest, peer) };
}
