/** What a host runs beside its ledgers and entities: streams, services, a tree of supervisors, and a desk. */
import type { ActorSystem } from "@parley/actors";
import { MS } from "../kit/timeline.ts";
import { openDesk } from "./desk/desk.ts";
import type { Life } from "./host.ts";
import { Services } from "./services/services.ts";
import { askForStream, openWaterworks } from "./streaming/waterworks.ts";
import type { Tree } from "./trees/grow.ts";
import type { World } from "./world.ts";

/** Until what was changed after healing must be known everywhere. */
const NEWS_MS = 4_000;

export function openMore(world: World, life: Life, system: ActorSystem, tree: Tree): void {
  tree.plant(system);
  openWaterworks(world, life, system);
  openDesk(world, life, system);
  life.more = { system, tree, services: new Services(world, life, system) };
}

/** Begins what must succeed once faults have ended; what it gives back is called at the end, and looks whether it has. */
export function stirMore(world: World): () => void {
  const lives = world.up().flatMap((life) => (life.more === undefined ? [] : [{ life, ...life.more }]));
  const stuck = new Set<string>();
  for (const { life, system, services } of lives) {
    life.run(() => {
      const random = world.random.fork(`flow/${life.name}`);
      for (const { name: host } of world.hosts) {
        const what = `${life.name} reads a stream of ${host}`;
        stuck.add(what);
        askForStream({ world, life, system, random }, host).then(
          (outcome) => outcome === "complete" && stuck.delete(what),
          (error: unknown) => world.fail(error, life.name),
        );
      }
      // The others have nothing to tell: what they said before must have come through by itself.
      if (random.chance(0.5)) return;
      services.open();
      services.end();
    });
    world.timeline.after(NEWS_MS * MS, () => {
      life.run(() => {
        const check = services.check((query) => lives.flatMap((each) => each.services.live(query)));
        check.catch((error: unknown) => world.fail(error, life.name));
      });
    });
  }
  return () => {
    world.see({ type: "streams-settled", untold: world.streams.untold(), stuck: [...stuck] });
    world.see({ type: "trees-settled", down: lives.flatMap(({ tree, system }) => tree.down(system)) });
  };
}
