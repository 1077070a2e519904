/** Clients: each writes a key that nobody else writes, through any peer that belongs, and remembers what it was told. */
import type { Life } from "../host.ts";
import type { World } from "../world.ts";
import { again } from "./pace.ts";

const TIMEOUT_MS = 5_000;

export function writeOwnKeys(world: World, client: number): void {
  again(world, `client/${client}`, (random, count) => {
    const life = random.pick(world.up());
    if (life !== undefined) write(world, life, `client/${client}/${count}`);
  });
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
