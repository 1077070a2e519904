/** Asks through any peer where clients are at home: their entities answer, from wherever their shards have come to be. */
import type { World } from "../world.ts";
import { again } from "./pace.ts";

interface Answer {
  readonly client: string;
  readonly peer: string;
  readonly epoch: number;
}

const ASK_MS = 2_000;
const CLIENTS = ["ann", "ben", "cy"];

export function askForHomes(world: World): void {
  again(world, "homes", (random) => {
    const life = random.pick(world.up());
    const client = random.pick(CLIENTS) ?? "";
    life?.run(() => {
      const member = life.cluster?.member;
      if (member === undefined) return;
      const { cluster } = member.roster;
      member.company.homes
        .entity(client)
        .ask<Answer>((replyTo) => ({ type: "where", replyTo }), { timeoutMs: ASK_MS })
        .then(
          ({ peer, epoch }) => {
            if (life.isOver) return;
            world.note("home", client, peer, epoch);
            world.see({ type: "home", cluster, client, peer, epoch });
          },
          (error: unknown) => {
            // Homes move, and hosts are gone: then nobody answers in time.
            if (!life.isOver && !world.library.isActorError(error)) world.fail(error, life.name);
          },
        );
    });
  });
}
