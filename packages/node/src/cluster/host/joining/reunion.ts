/**
 * How a member that was away while all the members it knew were replaced knows those who belong now. Anybody can show the id of
 * its cluster; so it asks for a welcome that the mesh's present key has signed, together with the generations of that key from
 * the one that it knows itself on, each signed by the one before. What it asks for holds for it, for the one that it asks, and
 * for this once.
 *
 * That proves no more than that somebody speaks who was a member when this peer left, or has become one since: whoever was
 * revoked meanwhile could speak like that too. But for this peer, which has yet to hear of it, that one is still a member; what
 * it hears first of all from those who are is who was revoked (DECISIONS 11).
 */
import { verify } from "node:crypto";
import * as z from "zod";
import { PeerError } from "../../../errors.ts";
import { isChain } from "../../../mesh/keys/mesh-key.ts";
import { prefixed } from "../../../mesh/keys/prefixed.ts";
import { publicKeyFrom } from "../../../mesh/keys/raw-keys.ts";
import { linksOf, type MeshKey } from "../../state/model.ts";
import { read, write } from "../bytes.ts";
import { decodeWelcome, type Welcome } from "./welcome.ts";

const LABEL = "parley-reunion-1";
export const NONCE_BYTES = 32;
/** Beside a welcome in one frame of the door. */
const MAX_LINKS = 48;
/** What is left of that frame for the welcome. */
export const MAX_VOUCHED_BYTES = 9 * 1024;

const bytes = (count: number) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === count, `${count} bytes`);

const vouchSchema = z.strictObject({
  format: z.literal(1),
  welcome: z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= MAX_VOUCHED_BYTES),
  /** From the asker's generation on. */
  links: z
    .array(z.strictObject({ publicKey: bytes(32), signature: bytes(64) }))
    .min(1)
    .max(MAX_LINKS),
  /** By the last of them. */
  signature: bytes(64),
});

/** What is asked, and by whom. */
export interface Question {
  readonly cluster: string;
  /** Peer ids, as the connection has proven them. */
  readonly asker: string;
  readonly answerer: string;
  /** The asker's own, drawn for this once. */
  readonly nonce: Uint8Array;
  /** Of the mesh's key, that the asker knows. */
  readonly generation: number;
}

/** @throws PeerError `admission-refused` when the asker's generation is forgotten here, or not known yet; what `sign` throws */
export function vouch(
  question: Question,
  welcome: Uint8Array,
  { meshKey, sign }: { readonly meshKey: MeshKey | undefined; readonly sign: (statement: Uint8Array) => Uint8Array },
): Uint8Array {
  const links = linksOf(meshKey);
  const behind = (meshKey?.generation ?? 0) - question.generation;
  if (behind < 0 || behind >= Math.min(links.length, MAX_LINKS)) {
    throw new PeerError("admission-refused", "the generation of the mesh's key that the peer knows is not known here", {
      nextStep: "Let it leave (parley leave --force) and pair it anew.",
    });
  }
  const signature = sign(statementOf(question, welcome));
  return write({ format: 1, welcome, links: links.slice(-1 - behind), signature });
}

/**
 * What members say of who belongs now.
 * @param known the public key of the asker's generation
 * @throws PeerError `seal-broken` when it does not follow from `known`, `bad-frame` when it is no such thing
 */
export function checkVouch(answer: Uint8Array, question: Question, known: Uint8Array): Welcome {
  const said = read(vouchSchema, answer);
  if (said === undefined) throw unproven("bad-frame", "it cannot be understood");
  const { welcome, links, signature } = said;
  const [first] = links;
  const last = links.at(-1);
  const isOurs = first !== undefined && Buffer.compare(first.publicKey, known) === 0;
  if (!isOurs || last === undefined || !isChain(question.cluster, question.generation, links)) {
    throw unproven("seal-broken", "its key does not follow from the one that this peer knows");
  }
  if (!verify(null, statementOf(question, welcome), publicKeyFrom("Ed25519", last.publicKey), signature)) {
    throw unproven("seal-broken", "it is not signed by the mesh's key");
  }
  const decoded = decodeWelcome(welcome);
  if (decoded.cluster === question.cluster) return decoded;
  throw unproven("seal-broken", "it is of another cluster");
}

function statementOf({ cluster, asker, answerer, nonce, generation }: Question, welcome: Uint8Array): Uint8Array {
  return prefixed(LABEL, cluster, asker, answerer, nonce, String(generation), welcome);
}

function unproven(code: "bad-frame" | "seal-broken", why: string): PeerError {
  return new PeerError(code, `what that peer says of this peer's cluster is not proven: ${why}`, {
    nextStep: "If it does belong to it: parley leave --force here, then pair this peer anew.",
  });
}
