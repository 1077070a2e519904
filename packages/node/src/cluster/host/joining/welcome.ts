/** What a newcomer is told when it is let in: its cluster, its number, and where the others are. */
import * as z from "zod";
import { PeerError } from "../../../errors.ts";
import { MAX_WELCOME_BYTES } from "../../../mesh/door/protocol/messages.ts";
import { read, write } from "../bytes.ts";
import type { ClusterRecord, KnownMember } from "../home/cluster-home.ts";

const MAX_ADDRESSES = 8;

const welcomeSchema = z.strictObject({
  format: z.literal(1),
  cluster: z.string().min(1).max(64),
  node: z.int().min(1),
  /** Of the command that let it in. */
  index: z.int().min(0),
  /** It belonged before it was let in: without the log of that time it does not know what it has voted. */
  isBack: z.boolean().optional(),
  /** Not all where they are too many: the others are heard of later. */
  members: z
    .array(
      z.strictObject({
        peer: z.string().min(1).max(128),
        node: z.int().min(1),
        name: z.string().max(64),
        addresses: z.array(z.string().max(256)).max(MAX_ADDRESSES),
      }),
    )
    .max(256),
});

export interface Welcome {
  readonly cluster: string;
  readonly node: number;
  readonly index: number;
  readonly isBack?: boolean | undefined;
  /** Those that matter most first. */
  readonly members: readonly KnownMember[];
}

/** At most `maxBytes`: the last members are left out where it would be more. */
export function encodeWelcome({ members, ...rest }: Welcome, maxBytes = MAX_WELCOME_BYTES): Uint8Array {
  const all = members.map((member) => ({ ...member, addresses: member.addresses.slice(0, MAX_ADDRESSES) }));
  for (let count = all.length; ; count = Math.floor(count * 0.75)) {
    const bytes = write({ format: 1, ...rest, members: all.slice(0, count) });
    if (bytes.length <= maxBytes || count === 0) return bytes;
  }
}

/** @throws PeerError `bad-frame` for what is no welcome */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  const said = read(welcomeSchema, bytes);
  if (said === undefined) {
    throw new PeerError("bad-frame", "the cluster's welcome cannot be understood", {
      nextStep: "Check that all peers run the same version of Parley (parley --version).",
    });
  }
  const { format: _, ...welcome } = said;
  return welcome;
}

/** What to write down of it. */
export function recordOf({ cluster, node, index, members }: Welcome): ClusterRecord {
  return { format: 1, standing: "member", cluster, node, index, members, revoked: [] };
}
