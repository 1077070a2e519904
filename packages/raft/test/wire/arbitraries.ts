/** Messages of every kind, for properties. */
import fc from "fast-check";
import { message } from "../../src/core/types.ts";
import type { Entry, EntryType, Message, PeerMessageType, ProposedEntry, Snapshot } from "../../src/core/types.ts";

/** A record, so that a type that is added and not tested does not compile. */
const ALL_TYPES: Readonly<Record<PeerMessageType, true>> = {
  append: true,
  "append-response": true,
  vote: true,
  "vote-response": true,
  "pre-vote": true,
  "pre-vote-response": true,
  heartbeat: true,
  "heartbeat-response": true,
  snapshot: true,
  "timeout-now": true,
  propose: true,
  "transfer-leader": true,
  "read-index": true,
  "read-index-response": true,
  "log-lost": true,
};
export const PEER_TYPES = Object.keys(ALL_TYPES) as PeerMessageType[];

const PLAIN = { noNullPrototype: true };
const count = fc.oneof(fc.constant(0), fc.nat(300), fc.maxSafeNat(), fc.constant(2 ** 32), fc.constant(2 ** 53 - 1));
const id = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(2 ** 53 - 1));
const ids = fc.array(id, { maxLength: 5 });
const data = fc.uint8Array({ maxLength: 300 });
const type = fc.constantFrom<EntryType>("normal", "conf-change", "conf-change-v2");

const placed: fc.Arbitrary<readonly Entry[]> = fc.array(fc.record({ term: count, index: count, type, data }, PLAIN));
/** As an append has them: one after the other, now and then in a new term. */
const consecutive: fc.Arbitrary<readonly Entry[]> = fc
  .tuple(fc.nat(1000), fc.nat(9), fc.array(fc.record({ rises: fc.boolean(), type, data }), { maxLength: 40 }))
  .map(([before, firstTerm, rest]) => {
    let term = firstTerm;
    return rest.map((entry, i) => {
      if (entry.rises) term += 1;
      return { term, index: before + 1 + i, type: entry.type, data: entry.data };
    });
  });
const proposed: fc.Arbitrary<readonly ProposedEntry[]> = fc.array(fc.record({ type, data }, PLAIN), { maxLength: 10 });

const confState = fc.record(
  { voters: ids, votersOutgoing: ids, learners: ids, learnersNext: ids, autoLeave: fc.boolean() },
  PLAIN,
);
const snapshot: fc.Arbitrary<Snapshot> = fc.record({ index: count, term: count, confState, data }, PLAIN);

/** A record for the same reason: a field that is added and not tested does not compile. */
const fields: { readonly [Field in keyof Omit<Message, "responses">]: fc.Arbitrary<Message[Field]> } = {
  type: fc.constantFrom(...PEER_TYPES),
  to: id,
  from: id,
  term: count,
  logTerm: count,
  index: count,
  entries: fc.oneof(fc.constant([]), placed, consecutive, proposed),
  commit: count,
  vote: count,
  reject: fc.boolean(),
  rejectHint: count,
  snapshot: fc.option(snapshot, { nil: undefined }),
  context: fc.option(data, { nil: undefined }),
};
export const anyMessage: fc.Arbitrary<Message> = fc.record(fields).map((given) => message(given));

/** Cuts bytes into the chunks that a stream may bring them in. */
export function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    if (at + length >= bytes.length) break;
    chunks.push(bytes.slice(at, at + length));
    at += length;
  }
  chunks.push(bytes.slice(at));
  return chunks;
}
