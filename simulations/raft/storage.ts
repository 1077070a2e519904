/** What a simulated disk does to the node on it: time, failures, wrong reads, and what is lost while it is down. */
import type { DiskFaults, DiskOperation } from "@parley/raft";
import type { Random } from "../kit/random.ts";
import { MS, type Micros } from "../kit/timeline.ts";
import { never } from "../kit/turn.ts";
import type { Host } from "./host.ts";

/** What writing to a full disk comes to. */
export class DiskFull extends Error {}

/** The machine that a disk is part of. */
export interface DiskHost {
  readonly diskSlowness: number;
  readonly isDiskFull: boolean;
  readonly misreads: boolean;
}

/** The process that uses it. */
export interface DiskUser<Machine extends DiskHost> {
  readonly host: Machine;
  /** What is drawn for this life. */
  readonly chance: Random;
  /** Whether it has opened its log. */
  readonly isOpen: boolean;
  mayFail: boolean;
}

/** What a disk needs of the world. */
export interface DiskWorld<Machine extends DiskHost, User extends DiskUser<Machine>> {
  after(delay: Micros, run: () => void): void;
  /** Runs `action` as an event of `life`: after its pause, or never when it is over. */
  run(life: User, action: () => void): void;
  /** True: the life has just ended here. */
  strikes(life: User, operation?: DiskOperation): boolean;
  /** Whether this host may come to doubt its log without the others being unable to go on. */
  mayDoubt(host: Machine): boolean;
  readonly hasFixedLatency: boolean;
}

const SYNCED: ReadonlySet<DiskOperation> = new Set<DiskOperation>(["records-sync", "high-water", "snapshot-publish"]);

/** The faults of `life`'s disk, drawn as they are asked for. */
export function faultsOf<Machine extends DiskHost, User extends DiskUser<Machine>>(
  world: DiskWorld<Machine, User>,
  life: User,
): DiskFaults {
  const { host } = life;
  const random = life.chance.fork("disk");
  const latency = (operation: DiskOperation): Micros => {
    if (world.hasFixedLatency) return SYNCED.has(operation) ? 0.4 * MS : 0;
    return (SYNCED.has(operation) ? 0.2 + 0.8 * random.next() : 0.02) * MS * host.diskSlowness;
  };
  return {
    async delay(operation) {
      await new Promise<void>((resolve) => {
        world.after(latency(operation), () => world.run(life, resolve));
      });
      if (world.strikes(life, operation)) await never();
    },
    fail() {
      if (!host.isDiskFull) return undefined;
      life.mayFail = true;
      return new DiskFull("no space left on the simulated disk");
    },
    read(_, bytes) {
      if (!host.misreads || !random.chance(0.02)) return bytes;
      // While the log is opened a wrong read is taken for damage, and the log for doubtful.
      if (!life.isOpen && !world.mayDoubt(host)) return bytes;
      life.mayFail = true;
      return flipped(bytes, random);
    },
  };
}

function flipped(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = new Uint8Array(bytes);
  const at = random.between(0, copy.length - 1);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.between(0, 7));
  return copy;
}

/**
 * The newest writes that were synced are gone, as LevelDB loses a damaged tail. Not only those of the last milliseconds
 * before a power cut: that loss is the one that nothing can tell (`storage/high-water.ts`).
 */
export function loseTail({ disk, durable }: Host, random: Random): void {
  const lost = durable.unclaimed + random.between(1, 6);
  if (lost <= disk.losable) disk.loseSynced(lost);
}

/** One bit of what lies on the disk has flipped, or a piece of it is gone. */
export function rot({ disk, durable }: Host, random: Random): void {
  const damage = (bytes: Uint8Array): Uint8Array | undefined =>
    random.chance(0.2) ? undefined : flipped(bytes, random);
  const { lastIndex } = durable;
  const index = lastIndex - random.between(0, 8);
  switch (random.oneOf("record", "record", "state", "high-water", "snapshot")) {
    case "record":
      if (disk.syncedRecord(index) !== undefined) disk.damageRecord(index, damage);
      return;
    case "state":
      disk.damageState(damage);
      return;
    case "high-water":
      disk.damageHighWater(damage);
      return;
    case "snapshot":
      disk.damageSnapshots(damage);
  }
}
