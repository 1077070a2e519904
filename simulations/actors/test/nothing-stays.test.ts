import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { endOfTurn } from "../../kit/turn.ts";
import { SHIPPED, type Library } from "../library.ts";
import { runSeed } from "../run.ts";

/** In the first three a proposal was under way when its host was killed or cut off for good. */
const SEEDS = [48, 53, 69, 1];

/** Runs a seed in a world whose library nobody else holds. */
async function worldOf(seed: number): Promise<WeakRef<Library>> {
  const library = { ...SHIPPED };
  await runSeed(seed, { library });
  return new WeakRef(library);
}

test(
  "a seed's world is gone when the next one begins, or a long hunt would fill the memory",
  { timeout: 60_000 },
  async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    for (const seed of SEEDS) {
      const world = await worldOf(seed);
      for (let turn = 0; turn < 5 && world.deref() !== undefined; turn += 1) {
        await endOfTurn();
        collect();
      }
      expect(world.deref() === undefined, `the world of seed ${seed} is gone`).toBe(true);
    }
  },
);
