/** What a simulated peer stands on: files and logs on its machine's disk, its place on the simulated network. */
import { openMemoryLog } from "@parley/raft";
import type { simulated } from "@parley/node/testing";
import { MS, type Micros } from "../kit/timeline.ts";
import { never } from "../kit/turn.ts";
import { faultsOf, type DiskWorld } from "../raft/storage.ts";
import type { Life, Machine } from "./host.ts";
import type { Library } from "./library.ts";
import { OutboxBytes, outboxFileOn } from "./outbox-file.ts";
import type { Lan } from "./mesh/lan.ts";
import { SimulatedHost } from "./mesh/mesh-host.ts";

/** What the ground needs of the world. */
export interface GroundWorld extends DiskWorld<Machine, Life> {
  readonly library: Library;
  readonly lan: Lan;
  accepted(life: Life, peer: string, what: string): void;
  /** `cluster.json` says something else from now on. */
  recorded(life: Life, text: string): void;
  fail(error: unknown, where: string): void;
}

/** Small: most runs look at no more than one log folder. */
const LOG = { trailingEntries: 20 };
const FILE: Micros = 2 * MS;

export function groundOf(world: GroundWorld, life: Life): simulated.Ground {
  const { host } = life;
  return {
    listen: async (options) => {
      await takesTime(world, life, MS);
      const mesh = new SimulatedHost(
        world.library,
        world.lan,
        {
          machine: host.number,
          get isOver() {
            return life.isOver;
          },
          run: life.hear,
          accepted: (peer, what) => world.accepted(life, peer, what),
          failed: (error) => world.fail(error, life.name),
        },
        options,
      );
      life.mesh = mesh;
      return mesh;
    },
    files: filesOf(world, life),
    openLog: async (folder, options) => {
      const disk = host.logAt(folder);
      disk.faults = faultsOf<Machine, Life>(world, life);
      return openMemoryLog(disk, { ...LOG, ...options });
    },
    sealingKey: async () => host.sealingKey,
    outboxFile: (path) => {
      const bytes = host.outboxes.get(path) ?? new OutboxBytes();
      host.outboxes.set(path, bytes);
      return outboxFileOn(bytes, {
        takesTime: () => takesTime(world, life, FILE),
        random: () => life.random(),
        isFull: () => {
          life.mayFail ||= host.isDiskFull;
          return host.isDiskFull;
        },
      });
    },
  };
}

function filesOf(world: GroundWorld, life: Life): simulated.HomeFiles {
  const { host } = life;
  return {
    read: async (path) => {
      await takesTime(world, life, FILE);
      return host.files.get(path);
    },
    write: async (path, text) => {
      await takesTime(world, life, FILE);
      if (host.isDiskFull) {
        life.mayFail = true;
        throw new world.library.PeerError("home-unusable", "no space left on the simulated disk", {
          nextStep: "Wait.",
        });
      }
      if (life.isOver) return never();
      host.files.set(path, text);
      if (path.endsWith("/cluster.json")) world.recorded(life, text);
      await takesTime(world, life, FILE);
      return undefined;
    },
    makeFolder: () => takesTime(world, life, FILE),
    list: async (folder) => {
      await takesTime(world, life, FILE);
      const inside = [...host.logs.keys()].filter((path) => path.startsWith(`${folder}/`));
      return inside.map((path) => path.slice(folder.length + 1));
    },
    remove: async (path) => {
      await takesTime(world, life, FILE);
      if (life.isOver) return never();
      host.files.delete(path);
      for (const folder of host.logs.keys()) {
        if (folder === path || folder.startsWith(`${path}/`)) host.logs.delete(folder);
      }
      return undefined;
    },
  };
}

/** The process may end meanwhile. */
async function takesTime(world: GroundWorld, life: Life, time: Micros): Promise<void> {
  if (life.isOver) return never();
  await new Promise<void>((resolve) => {
    world.after(time * life.host.diskSlowness * life.random(), () => world.run(life, resolve));
  });
  if (world.strikes(life)) await never();
  return undefined;
}
