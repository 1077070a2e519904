/** Clients: each writes a key that nobody else writes, through any peer that belongs, and remembers what it was told. */
import { Random } from "../kit/random.ts";
import { MS } from "../kit/timeline.ts";
import type { Life } from "./host.ts";
import type { World } from "./world.ts";

const TIMEOUT_MS = 5_000;

/** They go on until the world is healed. */
export function employ(world: World): void {
  const { plan, timeline } = world;
  for (let client = 1; client <= plan.clients; client += 1) {
    const random = new Random(plan.seed, `client/${client}`);
    let count = 0;
    const next = (): void => {
      timeline.after(2 * plan.thinkTime * random.next() + MS, () => {
        if (world.isHealed) return;
        count += 1;
        const life = random.pick(world.up());
        if (life !== undefined) write(world, life, `client/${client}/${count}`);
        next();
      });
    };
    next();
  }
}

/** Through that peer; nothing when it belongs to none. @param done hears of the index */
export function write(world: World, life: Life, key: string, done: (index: number) => void = () => undefined): void {
  life.run(() => {
    const member = life.cluster?.member;
    if (member === undefined) return;
    const { cluster } = member.roster;
    const value = `by ${life.name}`;
    world.note("write", life.name, key);
    const command = { type: "put", key, value: new TextEncoder().encode(value) } as const;
    const submit = async (): Promise<void> => {
      const submitted = await member.shared.submit(command, { timeoutMs: TIMEOUT_MS });
      if (life.isOver) return;
      world.note("written", life.name, key, submitted.outcome);
      if (submitted.outcome !== "done") return;
      const acknowledged = { cluster, key, value, index: submitted.index };
      world.see({ type: "acknowledged", write: acknowledged, replicas: world.replicas() });
      done(submitted.index);
    };
    submit().catch((error: unknown) => world.fail(error, life.name));
  });
}
