/** The end of a run: no more faults, everyone in, all replicas alike. */
import { setTimeout as delay } from "node:timers/promises";
import { PeerFailure, portrait, untilUnited } from "@parley/node/testing";
import type { World } from "./world.ts";

const WHOLE_MS = 90_000;
const ALIKE_MS = 30_000;
const POLL_MS = 100;

/** Ends all faults and brings everybody back. @throws Error when they do not become one cluster again */
export async function healAll(world: World): Promise<void> {
  const { lan } = world.household;
  await lan?.heal();
  await lan?.lose(0);
  await Promise.all(
    world.peers.map(async (peer) => {
      if (peer.isPaused) peer.resume();
      await peer.start();
    }),
  );
  const deadlineMs = performance.now() + WHOLE_MS;
  for (;;) {
    try {
      await world.tidy();
      break;
    } catch (error) {
      if (!(error instanceof PeerFailure)) throw error;
      if (performance.now() > deadlineMs) {
        throw new Error(`the cluster cannot be put in order: ${error.message}${await portrait(world.peers)}`, {
          cause: error,
        });
      }
      await delay(POLL_MS);
    }
  }
  await untilUnited(world.peers, { timeoutMs: WHOLE_MS });
}

/** Waits until all hold equal state. @throws Error */
export async function replicasAlike(world: World): Promise<void> {
  const deadlineMs = performance.now() + ALIKE_MS;
  for (;;) {
    const states = await Promise.all(world.peers.map((peer) => peer.tell("digest")));
    if (new Set(states.map(({ digest }) => digest)).size === 1) return;
    if (performance.now() > deadlineMs) {
      throw new Error(`replicas differ after ${ALIKE_MS} ms: ${JSON.stringify(states)}${await portrait(world.peers)}`);
    }
    await delay(POLL_MS);
  }
}
