/** Who should own which shard. Pure and the same for the same input, so that two coordinators plan alike. */
import { hashOf } from "./shards.ts";
import type { ShardRow } from "./table.ts";

export interface AllocationInput {
  readonly rows: readonly ShardRow[];
  /** Those that live and can be reached. */
  readonly regions: readonly string[];
  /** Those of them that are about to leave: what they have goes to the others, and they get nothing. */
  readonly leaving: ReadonlySet<string>;
  /** Shards about which something is under way, and who is to have them. */
  readonly underWay: ReadonlyMap<number, string>;
  /** Shards that their owner serves no more. */
  readonly givenUp: ReadonlySet<number>;
  /** Shards that their owner has asked to leave where they are, unless it leaves itself. */
  readonly busy: ReadonlySet<number>;
  /** Moves that may be under way at once. */
  readonly maxMoves: number;
}

export interface Allocation {
  /** Shards that nobody serves. */
  readonly assign: readonly { readonly shard: number; readonly owner: string }[];
  /** Shards that go from one who leaves, or has too many, to one who has too few. */
  readonly move: readonly { readonly shard: number; readonly from: string; readonly owner: string }[];
}

/**
 * Shards without an owner go to whoever has the fewest, and so do those of who leaves, as many at once as may be. While two
 * of those who stay differ by more than one, a shard is moved from the fullest that has one to spare to the emptiest. So nothing moves that
 * need not.
 */
export function allocate({ rows, regions, leaving, underWay, givenUp, busy, maxMoves }: AllocationInput): Allocation {
  const staying = regions.filter((region) => !leaving.has(region));
  const leavers = regions.filter((region) => leaving.has(region));
  const owned = new Map<string, number[]>(regions.map((region) => [region, []]));
  const promised = new Map<string, number>(regions.map((region) => [region, 0]));
  const orphans: number[] = [];
  for (const [shard, { owner }] of rows.entries()) {
    const to = underWay.get(shard);
    if (to !== undefined) promised.set(to, (promised.get(to) ?? 0) + 1);
    else if (owner === undefined || givenUp.has(shard) || !owned.has(owner)) orphans.push(shard);
    else owned.get(owner)?.push(shard);
  }
  const load = (region: string): number => (owned.get(region)?.length ?? 0) + (promised.get(region) ?? 0);
  const give = (shard: number): string | undefined => {
    const owner = emptiest(staying, load, shard);
    if (owner !== undefined) promised.set(owner, (promised.get(owner) ?? 0) + 1);
    return owner;
  };
  const assign = orphans.flatMap((shard) => {
    const owner = give(shard);
    return owner === undefined ? [] : [{ shard, owner }];
  });
  const move: { shard: number; from: string; owner: string }[] = [];
  const spare = new Map(
    [...owned].map(([region, shards]) => [
      region,
      leaving.has(region) ? shards : shards.filter((shard) => !busy.has(shard)),
    ]),
  );
  while (move.length + underWay.size < maxMoves) {
    const leaver = fullest(leavers, load, spare);
    const from = leaver ?? fullest(staying, load, spare);
    const shard = from === undefined ? undefined : spare.get(from)?.at(-1);
    if (from === undefined || shard === undefined) break;
    const owner = emptiest(staying, load, shard);
    if (owner === undefined || (leaver === undefined && load(from) - load(owner) < 2)) break;
    spare.get(from)?.pop();
    owned.set(from, owned.get(from)?.filter((each) => each !== shard) ?? []);
    promised.set(owner, (promised.get(owner) ?? 0) + 1);
    move.push({ shard, from, owner });
  }
  return { assign, move };
}

/** Of several, the one that the shard's own lot falls on: not always the same one. */
function emptiest(regions: readonly string[], load: (region: string) => number, shard: number): string | undefined {
  let best: { readonly region: string; readonly load: number; readonly lot: number } | undefined;
  for (const region of regions) {
    const candidate = { region, load: load(region), lot: hashOf(`${shard} ${region}`) };
    const isBetter =
      best === undefined ||
      candidate.load < best.load ||
      (candidate.load === best.load &&
        (candidate.lot > best.lot || (candidate.lot === best.lot && region < best.region)));
    if (isBetter) best = candidate;
  }
  return best?.region;
}

/** Among those that have a shard to give. */
function fullest(
  regions: readonly string[],
  load: (region: string) => number,
  owned: ReadonlyMap<string, readonly number[]>,
): string | undefined {
  const givers = regions.filter((region) => (owned.get(region)?.length ?? 0) > 0);
  return givers.toSorted((a, b) => load(b) - load(a) || (a < b ? -1 : 1))[0];
}
