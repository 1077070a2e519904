/** Commands for tests of the replicated state. */
import fc from "fast-check";
import { applyCommand } from "../../../src/cluster/state/apply.ts";
import { encodeCommand, type CommandResult } from "../../../src/cluster/state/codec.ts";
import { EMPTY_STATE, type ClusterState } from "../../../src/cluster/state/model.ts";
import type { ClusterCommand, CommandOf, NodeRecord } from "../../../src/cluster/state/schemas.ts";
import { snapshotOf } from "../../../src/cluster/state/snapshot.ts";

export const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

export const RECORD: NodeRecord = {
  host: "kitchen",
  platform: "linux x64",
  version: "0.1.0",
  roles: ["all"],
  hardware: ["high_mem"],
  models: ["whisper-tiny"],
  languages: ["de", "en"],
  voices: [],
  addresses: ["/ip4/192.168.1.7/tcp/8766"],
};

export function newcomer(peer: string, knows = 1): CommandOf<"admit">["member"] {
  return { peer, name: `host of ${peer}`, sealingKey: bytes(1, 2), roles: ["all"], admittedMs: 1_000, knows };
}

export const FOUND: ClusterCommand = {
  type: "found",
  cluster: "home-1",
  member: newcomer("a"),
  meshKey: { publicKey: bytes(9), signature: bytes(8), box: bytes(1) },
};

export function admit(peer: string, generation = 1): ClusterCommand {
  return { type: "admit", member: newcomer(peer), generation, box: bytes(7) };
}

/** A cluster as commands make it, one log entry each. */
export class Agreed {
  state: ClusterState = EMPTY_STATE;
  term = 1;

  /** Founded by `a`; the others are admitted. */
  static of(...others: readonly string[]): Agreed {
    const agreed = new Agreed();
    agreed.run(FOUND, ...others.map((peer) => admit(peer)));
    return agreed;
  }

  /** The same, where all know the commands of `version` and these are in force. */
  static at(version: number, ...others: readonly string[]): Agreed {
    const agreed = Agreed.of(...others);
    for (const each of ["a", ...others]) {
      agreed.run({ type: "describe", peer: each, knows: version, record: RECORD });
    }
    agreed.run({ type: "raise-version", to: version });
    return agreed;
  }

  /** The last one's result. */
  run(...commands: readonly ClusterCommand[]): CommandResult {
    const results = commands.map((command) => this.runBytes(encodeCommand(command)));
    return results.at(-1) ?? { outcome: "done", value: 0 };
  }

  runBytes(command: Uint8Array): CommandResult {
    const { state, result } = applyCommand(this.state, command, { index: this.state.index + 1, term: this.term });
    this.state = state;
    return result;
  }
}

export function snapshotBytes(state: ClusterState): Buffer {
  return Buffer.concat([...snapshotOf(state)]);
}

/** Yields `all` in chunks of these sizes, again and again. */
export async function* inChunks(all: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < all.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    yield all.subarray(at, at + size);
    at += size;
  }
}

const peer = fc.constantFrom("a", "b", "c", "__proto__");
const key = fc.oneof(
  fc.constantFrom("k", "k/1", "__proto__", "constructor"),
  fc.string({ minLength: 1, unit: "grapheme" }),
);
const value = fc.uint8Array({ maxLength: 20 });
const term = fc.integer({ min: 1, max: 3 });
const stamp = fc.record({
  scope: fc.constantFrom("rooms/1", "rooms/2"),
  kind: fc.constantFrom("epoch" as const, "term" as const),
  token: fc.nat(3),
});
const when = fc.option(fc.oneof(fc.record({ revision: fc.nat(20) }), fc.record({ value })), { nil: undefined });

function present<Fields extends object>(fields: Fields): Fields {
  const kept = Object.entries(fields).filter(([, each]) => each !== undefined);
  return Object.assign(Object.create(null), Object.fromEntries(kept));
}

const session = fc.constantFrom("s1", "s2", "__proto__");
const turn = fc.integer({ min: 1, max: 3 });

/** Of journals, for sessions of two shards; they need version 2. */
export const anyJournalCommand = fc.oneof(
  fc.record({
    type: fc.constant("journal-append" as const),
    stamp,
    session,
    turn,
    from: fc.nat(2),
    records: fc.array(fc.uint8Array({ max: 2, maxLength: 1 }), { minLength: 1, maxLength: 3 }),
    atMs: fc.nat(),
  }),
  fc.record({
    type: fc.constant("journal-settle" as const),
    stamp,
    session,
    turn,
    kept: fc.option(value),
    atMs: fc.nat(),
  }),
  fc.record({ type: fc.constant("journal-end" as const), stamp, session }),
);

/** Commands that often make sense together. */
export const anyCommand: fc.Arbitrary<ClusterCommand> = fc.oneof(
  peer.map((each) => admit(each)),
  fc.record({ type: fc.constant("leave" as const), peer }),
  fc.record({ type: fc.constant("revoke" as const), peer, by: peer, atMs: fc.nat() }),
  fc.record({ type: fc.constant("acknowledge" as const), peer, by: peer }),
  fc.record({
    type: fc.constant("rotate" as const),
    term,
    generation: fc.integer({ min: 1, max: 3 }),
    publicKey: value,
    signature: value,
    boxes: fc.uniqueArray(fc.tuple(peer, value), { selector: ([each]) => each }),
  }),
  fc.record({
    type: fc.constant("describe" as const),
    peer,
    knows: fc.constantFrom(1, 2, 3),
    record: fc.constant(RECORD),
  }),
  fc.record({ type: fc.constant("raise-version" as const), to: fc.constantFrom(1, 2, 3) }),
  fc.record({
    type: fc.constant("set" as const),
    key: fc.constantFrom("voice", "__proto__"),
    value: fc.option(fc.string({ unit: "grapheme" })),
  }),
  fc
    .record({ type: fc.constant("put" as const), key, value, when, stamp: fc.option(stamp, { nil: undefined }) })
    .map(present),
  fc
    .record({ type: fc.constant("delete" as const), key, when, stamp: fc.option(stamp, { nil: undefined }) })
    .map(present),
  fc.record({
    type: fc.constant("deliver" as const),
    peer,
    box: fc.constantFrom("box-1", "box-2"),
    replaces: fc.constantFrom(null, "box-1", "box-2"),
    commands: fc.array(
      fc.record({
        sequence: fc.integer({ min: 1, max: 5 }),
        command: fc
          .record({ type: fc.constant("put" as const), key, value, when, stamp: fc.option(stamp, { nil: undefined }) })
          .map(present),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  fc.record({
    type: fc.constant("open-table" as const),
    kind: fc.constantFrom("rooms", "__proto__"),
    shards: fc.constantFrom(2, 4),
  }),
  fc.record({
    type: fc.constant("place" as const),
    kind: fc.constantFrom("rooms", "__proto__"),
    term,
    shard: fc.nat(4),
    expectedEpoch: fc.nat(2),
    owner: fc.constantFrom("parley://a/rooms", "parley://b/rooms"),
  }),
  fc.record({ type: fc.constant("fence" as const), stamp }),
  fc.record({ type: fc.constant("remember" as const), stamp, entity: key }),
  fc.record({ type: fc.constant("forget" as const), stamp, entity: key }),
  anyJournalCommand,
);
