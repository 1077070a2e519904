/** Which region owns which shard. Pure: the same changes in the same order give the same table everywhere. */
import { ActorError } from "../errors.ts";

/** A shard's place. */
export interface ShardRow {
  /** 0: it has never had an owner. Grows with every change of owner. */
  readonly epoch: number;
  /** Address of the region, one life of it. */
  readonly owner: string | undefined;
}

export interface PlacementTableState {
  /** Of the latest coordinator that changed anything. */
  readonly term: number;
  /** By shard; as many as there are shards. */
  readonly rows: readonly ShardRow[];
}

/** One shard gets a new owner. */
export interface PlacementChange {
  /** Of the coordinator. */
  readonly term: number;
  readonly shard: number;
  /** The change holds only if this is still so. */
  readonly expectedEpoch: number;
  readonly owner: string;
}

/** @throws ActorError `bad-option` */
export function emptyPlacement(shards: number): PlacementTableState {
  if (!Number.isSafeInteger(shards) || shards < 1 || shards > 65_536) {
    throw new ActorError("bad-option", `there cannot be ${shards} shards`);
  }
  return { term: 0, rows: Array.from({ length: shards }, () => ({ epoch: 0, owner: undefined })) };
}

/** The table after `change`, or why it is refused: `stale-term`, `stale-epoch`, `bad-message`. */
export function applyPlacement(table: PlacementTableState, change: PlacementChange): PlacementTableState | ActorError {
  const { term, shard, expectedEpoch, owner } = change;
  const row = table.rows[shard];
  if (row === undefined) return new ActorError("bad-message", `there is no shard ${shard}`);
  if (term < table.term) return new ActorError("stale-term", `a coordinator of term ${table.term} was here already`);
  if (row.epoch !== expectedEpoch) {
    return new ActorError("stale-epoch", `shard ${shard} has epoch ${row.epoch}, and not ${expectedEpoch}`);
  }
  return { term, rows: table.rows.with(shard, { epoch: expectedEpoch + 1, owner }) };
}
