import type { StateMachine } from "@parley/raft";
import { describe, expect, it } from "vitest";
import type { Consensus } from "../../../src/cluster/consensus/port.ts";
import { consensusSuite, MemoryConsensusWorld, type ConsensusWorld } from "../../../src/testing/index.ts";

type Spoil = (good: Consensus, peer: string) => Consensus;

/** A good engine with something wrong with what it shows. */
class SpoiltWorld extends MemoryConsensusWorld implements ConsensusWorld {
  readonly #spoil: Spoil;

  constructor(peers: readonly string[], spoil: Spoil) {
    super(peers);
    this.#spoil = spoil;
  }

  override async start(peer: string, machine: StateMachine): Promise<Consensus> {
    return this.#spoil(await super.start(peer, machine), peer);
  }
}

/** Names of the cases that an engine fails. */
async function failuresOf(spoil: Spoil, isAmong: (title: string) => boolean): Promise<readonly string[]> {
  const cases: { readonly title: string; readonly run: () => Promise<void> }[] = [];
  consensusSuite({
    name: "spoilt",
    it: (title, run) => void (isAmong(title) && cases.push({ title, run })),
    createWorld: async (peers) => new SpoiltWorld(peers, spoil),
    patienceMs: 1_000,
  });
  const failed: string[] = [];
  for (const { title, run } of cases) {
    await run().catch((error: unknown) => failed.push(`${title}: ${String(error)}`));
  }
  return failed;
}

const SPOILT: readonly (readonly [name: string, title: string, spoil: Spoil])[] = [
  [
    "carries commands out twice",
    "each carried out once",
    (good) => ({
      ...good,
      propose: async (command, options) => {
        await good.propose(command, options);
        return good.propose(command, options);
      },
    }),
  ],
  [
    "refuses what it has done",
    "done after it was refused",
    (good) => ({
      ...good,
      propose: async (command, options) => {
        const outcome = await good.propose(command, options);
        const isUnlucky = Buffer.from(command).toString().endsWith("7");
        return isUnlucky ? { outcome: "refused", reason: "no-quorum", detail: "" } : outcome;
      },
    }),
  ],
  [
    "reads without asking anybody",
    "whoever is cut off",
    (good) => ({ ...good, read: async () => ({ outcome: "readable" }) }),
  ],
  [
    "lets every peer lead",
    "one prime",
    (good, peer) => {
      const { leadership } = good;
      const current = () => ({ leader: peer, term: leadership.current().term });
      return { ...good, leadership: { ...leadership, current } };
    },
  ],
  [
    "forgets terms",
    "prime is killed",
    (good) => {
      const { leadership } = good;
      const current = () => ({ leader: leadership.current().leader, term: 1 });
      return { ...good, leadership: { ...leadership, current } };
    },
  ],
  [
    "does not stop telling who watches",
    "hears of what others did",
    (good) => ({
      ...good,
      watch: (applied) => {
        good.watch(applied);
        return () => undefined;
      },
    }),
  ],
];

describe("the conformance suite of consensus engines", () => {
  it.each(SPOILT)("catches an engine that %s", async (_, title, spoil) => {
    expect(await failuresOf(spoil, (each) => each.includes(title))).toHaveLength(1);
  });
});
