/**
 * Whoever was prime, or owned something, and has yet to hear that this is over: it shows the stamp, or the term, that it had. Only
 * once the peer that it goes through has applied that there is a newer one: nothing may come of it then.
 */
import type { Random } from "../../kit/random.ts";
import type { Life } from "../host.ts";
import type { World } from "../world.ts";
import { again } from "./pace.ts";
import { DEEDS, deedOf, keyOf, STEWARD } from "./deeds.ts";

const TIMEOUT_MS = 3_000;
/** Of an owner of something, as shards have them: its epoch grows with every call here. */
const OWNED = "owned";

type Member = NonNullable<NonNullable<Life["cluster"]>["member"]>;
type Command = Parameters<Member["shared"]["submit"]>[0];
type Stamp = Extract<Command, { readonly type: "fence" }>["stamp"];

export function comeLate(world: World): void {
  again(world, "late", (random, count) => {
    const { faults } = world.plan;
    if (!faults.has("late-owners") && !faults.has("revoke")) return;
    const life = random.pick(world.up());
    life?.run(() => {
      const member = life.cluster?.member;
      if (member === undefined) return;
      if (faults.has("late-owners") && random.chance(0.3)) own(world, life, member, count);
      const command =
        !faults.has("late-owners") || (member.shared.now.revoked.size > 0 && random.chance(0.3))
          ? admissionOfRevoked(world, member, random)
          : lateCommand(world, life, member, random, count);
      if (command === undefined) return;
      world.note("late", life.name, command.type);
      member.shared.submit(command, { timeoutMs: TIMEOUT_MS }).then(
        ({ outcome }) => {
          if (!life.isOver) world.see({ type: "late", late: { life: life.name, what: nameOf(command), outcome } });
        },
        (error: unknown) => world.fail(error, life.name),
      );
    });
  });
}

function nameOf(command: Command): string {
  const stamp = "stamp" in command ? command.stamp : undefined;
  const term = "term" in command ? command.term : undefined;
  return `${command.type} under ${stamp?.scope ?? "term"} ${stamp?.token ?? term}`;
}

/** A new owner shows itself. */
function own(world: World, life: Life, { shared }: Member, epoch: number): void {
  const stamp = { scope: OWNED, kind: "epoch", token: epoch } as const;
  shared
    .submit({ type: "remember", stamp, entity: entityOf(epoch) }, { timeoutMs: TIMEOUT_MS })
    .catch((error: unknown) => world.fail(error, life.name));
}

function lateCommand(world: World, life: Life, member: Member, random: Random, count: number): Command | undefined {
  const { now } = member.shared;
  const kind = random.oneOf("put", "delete", "fence", "remember", "forget", "place", "rotate", "admit");
  if (kind === "place") return latePlacement(member, random);
  if (kind === "rotate") return lateKey(world, member);
  if (kind === "admit") return admissionOfRevoked(world, member, random);
  const stamp = lateStamp(member, random);
  if (stamp === undefined) return undefined;
  const isSteward = stamp.scope === `singleton/${STEWARD}`;
  const name = `late.${count}`;
  const key = isSteward ? keyOf({ term: stamp.token, peer: life.host.peerId }, name) : name;
  const entity = [...now.entities.keys()][0]?.split("\0")[1] ?? name;
  switch (kind) {
    case "put":
      return { type: "put", key, value: new Uint8Array(), stamp };
    case "delete":
      return { type: "delete", key: [...now.pairs.keys()][0] ?? key, stamp };
    case "fence":
      return { type: "fence", stamp };
    case "remember":
    case "forget":
      return { type: kind, stamp, entity };
  }
}

/** One that was there before the newest, as what the newest has done shows; what the fences themselves say is not asked. */
function lateStamp({ shared }: Member, random: Random): Stamp | undefined {
  const { pairs, entities } = shared.now;
  const terms = [...pairs.range(DEEDS)].map(([key]) => deedOf(key)?.term ?? 0);
  const epochs = [...entities.range({ from: `${OWNED}\u0000`, to: `${OWNED}\u0001` })].map(([key]) => epochOf(key));
  const isSteward = random.chance(0.5);
  const newest = Math.max(0, ...(isSteward ? terms : epochs));
  if (newest === 0) return undefined;
  const token = newest - random.oneOf(1, 1, newest);
  return isSteward ? { scope: `singleton/${STEWARD}`, kind: "term", token } : { scope: OWNED, kind: "epoch", token };
}

function entityOf(epoch: number): string {
  return `of ${epoch}`;
}

function epochOf(key: string): number {
  return Number(key.slice(key.lastIndexOf(" ")));
}

/** As a coordinator that leads no more would move a shard. */
function latePlacement({ shared }: Member, random: Random): Command | undefined {
  const { tables, term } = shared.now;
  const [kind, table] = random.pick([...tables.range()]) ?? [];
  const rows = (table?.rows ?? []).map((row, shard) => ({ ...row, shard }));
  const row = random.pick(rows.filter(({ owner }) => owner !== undefined));
  if (kind === undefined || row?.owner === undefined) return undefined;
  const { shard, epoch, owner } = row;
  return { type: "place", kind, term: term - 1, shard, expectedEpoch: epoch, owner };
}

/** As a prime that leads no more would renew the mesh's key. */
function lateKey(world: World, { shared, roster, identity }: Member): Command | undefined {
  const { members, term } = shared.now;
  const holders = [...members.values()].map(({ peer, sealingKey }) => ({ peerId: peer, sealingKey }));
  try {
    const { record } = world.library.makeMeshKey(roster.cluster, holders, identity.open());
    const { generation, publicKey, signature, sealed } = record;
    return { type: "rotate", term: term - 1, generation, publicKey, signature, boxes: Object.entries(sealed) };
  } catch (error) {
    if (world.library.isPeerError(error, "seal-broken")) return undefined;
    throw error;
  }
}

/** As a member that has yet to hear of it would let in who was revoked. */
function admissionOfRevoked(world: World, { shared, identity }: Member, random: Random): Command | undefined {
  const { revoked, members } = shared.now;
  const [like] = members.values();
  const peer = random.pick([...revoked.keys()]);
  if (like === undefined || peer === undefined) return undefined;
  const { sealingKey, name, roles, knows } = like;
  try {
    const { generation, box } = identity.boxFor({ peerId: peer, sealingKey });
    return { type: "admit", member: { peer, name, sealingKey, roles, admittedMs: 0, knows }, generation, box };
  } catch (error) {
    if (world.library.isPeerError(error, "seal-broken")) return undefined;
    throw error;
  }
}
