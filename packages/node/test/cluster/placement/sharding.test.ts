import { createActorSystem, createRemoting, startSharding, systemClock, type Sharding } from "@parley/actors";
import { MemoryNetwork } from "@parley/actors/testing";
import { describe, expect, it } from "vitest";
import { SharedState } from "../../../src/cluster/consensus/shared-state.ts";
import { entityMemoryOf } from "../../../src/cluster/placement/entity-memory.ts";
import { membersOf } from "../../../src/cluster/placement/members.ts";
import { placementTableOf } from "../../../src/cluster/placement/placement-table.ts";
import { ClusterMachine } from "../../../src/cluster/state/machine.ts";
import { RaftWorld } from "../consensus/raft-world.ts";
import { admit, FOUND } from "../state/support.ts";

interface Message {
  readonly text: string;
}

const PEERS = ["a", "b", "c"];

describe("entities over the replicated state", () => {
  it("live on one host at a time, and come to life elsewhere when that host dies", async () => {
    const world = new RaftWorld(PEERS);
    const network = new MemoryNetwork({ clock: systemClock(), random: () => 0.5 });
    const stops = new Map<string, () => Promise<void>>();
    const lives: string[] = [];
    const shardings = new Map<string, Sharding<Message>>();
    const open = async (peer: string): Promise<SharedState> => {
      const machine = new ClusterMachine();
      return new SharedState(await world.start(peer, machine), machine);
    };
    try {
      const shared = await Promise.all(PEERS.map((peer) => open(peer)));
      for (const command of [FOUND, admit("b"), admit("c")]) {
        expect(await shared[0]?.submit(command, { timeoutMs: 10_000 })).toMatchObject({ outcome: "done" });
      }
      for (const [i, peer] of PEERS.entries()) {
        const own = shared[i];
        if (own === undefined) throw new Error(peer);
        const remoting = createRemoting({ transport: network.transport(peer) });
        const system = createActorSystem({ peer, remoting: remoting.remoting });
        await remoting.start();
        stops.set(peer, async () => {
          await remoting.close();
          await system.stop();
        });
        shardings.set(
          peer,
          startSharding<Message>(system, {
            name: "rooms",
            table: placementTableOf(own, { kind: "rooms", shards: 6 }),
            leadership: own.consensus.leadership,
            members: membersOf(own),
            memory: entityMemoryOf(own),
            accepts: (message) => message as Message,
            behavior:
              ({ id, epoch }) =>
              () => {
                lives.push(`${peer} ${id} ${epoch}`);
                return () => undefined;
              },
          }),
        );
      }
      const send = async (from: string, id: string): Promise<void> =>
        shardings.get(from)?.entity(id).offer({ text: "hello" }, { timeoutMs: 20_000 });
      await Promise.all(["kitchen", "attic", "cellar"].map((id) => send("a", id)));
      const home = lives.find((life) => life.includes(" kitchen "))?.split(" ")[0] ?? "";
      expect(lives.filter((life) => life.includes(" kitchen "))).toHaveLength(1);
      const left = PEERS.find((peer) => peer !== home);
      await Promise.all([world.kill(home), stops.get(home)?.()]);
      await send(left ?? "", "kitchen");
      const kitchens = lives.filter((life) => life.includes(" kitchen ")).map((life) => life.split(" "));
      expect(kitchens.at(-1)?.[0]).not.toBe(home);
      expect(Number(kitchens.at(-1)?.[2])).toBeGreaterThan(Number(kitchens[0]?.[2]));
    } finally {
      for (const stop of stops.values()) await stop();
      await world.dispose();
    }
  });
});
