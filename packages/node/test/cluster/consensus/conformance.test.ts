import { describe, it } from "vitest";
import { consensusSuite, MemoryConsensusWorld } from "../../../src/testing/index.ts";
import { RaftWorld } from "./raft-world.ts";

describe("consensus engines", () => {
  consensusSuite({ name: "in memory", it, createWorld: async (peers) => new MemoryConsensusWorld(peers) });
  consensusSuite({ name: "built in, over TCP", it, createWorld: async (peers) => new RaftWorld(peers) });
});
