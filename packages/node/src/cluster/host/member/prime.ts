/**
 * The prime as an actor: one in the whole cluster, where the leader is. It announces itself in the replicated state with its
 * term, signed by the mesh's identity, behind a fence: what a former prime still says is refused.
 */
import {
  messageKinds,
  startSingleton,
  type ActorRef,
  type ActorSystem,
  type Members,
  type SingletonSend,
  type SingletonTerm,
} from "@parley/actors";
import * as z from "zod";
import { isPeerError } from "../../../errors.ts";
import { prefixed } from "../../../mesh/keys/prefixed.ts";
import type { SharedState } from "../../consensus/shared-state.ts";
import type { ClusterState } from "../../state/model.ts";
import { read, write } from "../bytes.ts";
import type { MeshIdentity } from "./mesh-identity.ts";
import { replyToOf } from "./ref.ts";

/** In the replicated store. */
const PRIME_KEY = "parley/prime";
const LOOK_EVERY_MS = 1_000;
const TIMEOUT_MS = 5_000;

const announcementSchema = z.strictObject({
  peer: z.string().min(1).max(128),
  term: z.int().min(0),
  /** Of the mesh key that signed it. */
  generation: z.int().min(1),
  signature: z.instanceof(Uint8Array),
});

export type Announcement = z.output<typeof announcementSchema>;

/** Whoever asks gets to know who acts as prime, from the prime itself. */
export type PrimeMessage =
  { readonly type: "who"; readonly replyTo: ActorRef<PrimeAnswer> } | { readonly type: "own-look" };
export interface PrimeAnswer {
  readonly peer: string;
  readonly term: number;
}

export interface PrimeOptions {
  readonly shared: SharedState;
  readonly members: Members;
  readonly identity: MeshIdentity;
}

/** This host's manager of the prime, `/prime`. */
export function startPrime(
  system: ActorSystem,
  { shared, members, identity }: PrimeOptions,
): ActorRef<SingletonSend<PrimeMessage>> {
  return startSingleton<PrimeMessage>(system, {
    name: "prime",
    leadership: shared.consensus.leadership,
    members,
    accepts: messageKinds<PrimeMessage>("prime", {
      who: (message) => ({ type: "who", replyTo: replyToOf(message) }),
      "own-look": nobodyElse,
    }),
    behavior: (term) => (context) => {
      const answer: PrimeAnswer = { peer: system.peer, term: term.term };
      context.timers.once("look", 0, { type: "own-look" });
      return async (message) => {
        if (message.type === "who") return void message.replyTo.tell(answer);
        await announce(system.peer, term, shared, identity);
        context.timers.once("look", LOOK_EVERY_MS, { type: "own-look" });
      };
    },
  });
}

/** The last announcement in the replicated state; any member can write there, so it may be none. */
export function announcedPrime({ pairs }: ClusterState): Announcement | undefined {
  const pair = pairs.get(PRIME_KEY);
  return pair === undefined ? undefined : read(announcementSchema, pair.value);
}

/** The key is the prime's own. */
export function isAnnouncement(key: string): boolean {
  return key === PRIME_KEY;
}

/** What the mesh's identity signs. */
export function primeStatement(cluster: string, peer: string, term: number): Uint8Array {
  return prefixed("parley-prime-1", cluster, peer, String(term));
}

async function announce(peer: string, own: SingletonTerm, shared: SharedState, identity: MeshIdentity): Promise<void> {
  const { term } = own;
  const { id, meshKey } = shared.now;
  const said = announcedPrime(shared.now);
  if (id === undefined || meshKey === undefined) return;
  if (said?.peer === peer && said.term === term && said.generation === meshKey.generation) return;
  try {
    const value = write({ peer, term, ...identity.sign(primeStatement(id, peer, term)) });
    await shared.submit({ type: "put", key: PRIME_KEY, value, stamp: own.stamp() }, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    // Its key may be on its way still, sealed by the one who rotates it.
    if (!isPeerError(error, "seal-broken")) throw error;
  }
}

function nobodyElse(): never {
  throw new TypeError("it comes from nowhere but itself");
}
