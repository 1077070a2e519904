import { expect, test } from "vitest";
import { askBeyond, type Leadership, type SingletonSend, startSingleton } from "../../src/index.ts";
import { Cluster } from "./cluster.ts";

const PEERS = ["a", "b", "c"];

/** Where each takes the next one for the leader, and nobody leads. */
function leadsNot(peer: string): Leadership {
  const leader = PEERS[(PEERS.indexOf(peer) + 1) % PEERS.length];
  return { current: () => ({ leader, term: 1 }), watch: () => () => undefined };
}

test("a message that every manager sends on to another one comes to an end, and its sender hears of it", async () => {
  const cluster = new Cluster(PEERS);
  await cluster.up();
  let passed = 0;
  const managers = PEERS.map((peer) =>
    startSingleton<string>(cluster.host(peer).system, {
      name: "wanted",
      leadership: leadsNot(peer),
      members: cluster.placement.members(),
      accepts: (message) => {
        passed += 1;
        return String(message);
      },
      behavior: () => () => expect.fail("nobody leads"),
    }),
  );
  for (const manager of managers) {
    passed = 0;
    const asked = askBeyond<SingletonSend<string>, string>(
      manager,
      (refusedTo) => ({ type: "send", message: "x", refusedTo }),
      { timeoutMs: 60_000 },
    );
    await expect(cluster.clock.until(asked, 1_000)).rejects.toMatchObject({ code: "no-such-actor" });
    expect(passed).toBe(4);
  }
});
