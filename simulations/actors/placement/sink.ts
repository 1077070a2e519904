/** What entities and the singleton write to: it asks the fence in the same step. */
import type { Stamp } from "@parley/actors";
import type { Life } from "../host.ts";
import type { World } from "../world.ts";
import type { Guest, Running } from "./stays.ts";

/** @throws ActorError `stale-epoch`, `stale-term` */
export function write(world: World, life: Life, stamp: Stamp, isRightful: boolean): void {
  const refusal = world.sink.admit(stamp);
  const { scope, kind, token } = stamp;
  world.note("effect", life.name, scope, token, refusal?.code ?? "accepted");
  world.see({ type: "effect", scope, kind, token, by: life.name, isRightful, isAccepted: refusal === undefined });
  if (refusal !== undefined) throw refusal;
}

/** Somebody begins to run. */
export function begun(world: World, guest: Guest): Running {
  const { stays, isCalm } = world.placement;
  const { name, life, token } = guest;
  const { running, rivals } = stays.begin(guest);
  world.note("runs", life.name, name, token);
  const here = rivals.filter((each) => each.life === life).map((each) => each.token);
  const elsewhere = rivals.filter((each) => each.life !== life).map((each) => `${each.life.name}@${each.token}`);
  world.see({ type: "begun", name, by: life.name, token, here, elsewhere, isCalm });
  return running;
}

/** By the host's clock. */
export function lag(life: Life, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    life.clock.after(delayMs, resolve);
  });
}
