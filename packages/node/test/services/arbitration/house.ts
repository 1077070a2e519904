/** Peers whose conversations hear wake words: real actors and receptionists over a network in memory, in simulated time. */
import { createActorSystem, createRemoting, startReceptionist, type ActorSystem } from "@parley/actors";
import { MemoryNetwork, VirtualClock } from "@parley/actors/testing";
import type { Verdict } from "@parley/audio/converse";
import { Arbitration, type Seat, type Settled } from "../../../src/services/arbitration/arbitration.ts";
import { joinMesh } from "../../../src/services/arbitration/mesh.ts";

export interface House {
  readonly arbitration: Arbitration;
  readonly system: ActorSystem;
  /** Everything that was settled here. */
  readonly settled: Settled[];
}

/** The verdicts of one bid, as they come. */
export interface Heard {
  readonly verdicts: Verdict[];
}

export class Street {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly houses = new Map<string, House>();
  readonly #stops: (() => void)[] = [];

  constructor(seed = 1) {
    let state = seed;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    this.network = new MemoryNetwork({ clock: this.clock, random });
  }

  /** These peers, all members of one cluster. */
  async build(...peers: readonly string[]): Promise<readonly House[]> {
    const members = { current: () => peers, watch: () => () => undefined };
    for (const peer of peers) {
      const remoting = createRemoting({ transport: this.network.transport(peer), clock: this.clock });
      const system = createActorSystem({ peer, clock: this.clock, remoting: remoting.remoting });
      await remoting.start();
      startReceptionist(system, { members });
      const settled: Settled[] = [];
      const arbitration = new Arbitration({ peer, clock: this.clock, onSettled: (one) => settled.push(one) });
      this.#stops.push(joinMesh(arbitration, { actors: system, onChange: () => () => undefined }));
      this.houses.set(peer, { arbitration, system, settled });
    }
    await this.clock.pass(100);
    return [...this.houses.values()];
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    const stopping = [...this.houses.values()].map(({ system }) => system.stop());
    await this.clock.pass(10_000);
    await Promise.all(stopping);
  }
}

/** A bid in the background. */
export function hear(seat: Seat, score: number, agoMs = 100): Heard {
  const verdicts: Verdict[] = [];
  void (async () => {
    for await (const verdict of seat.bid({ score, agoMs }, new AbortController().signal)) verdicts.push(verdict);
  })();
  return { verdicts };
}
