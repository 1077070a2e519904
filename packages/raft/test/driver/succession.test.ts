import { describe, expect, it } from "vitest";
import { Succession } from "../../src/driver/succession.ts";
import { VirtualEnvironment } from "./virtual-environment.ts";

const voters = [1, 2, 3, 4];
const CONF_STATE = { voters, votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };

function successionOf(id: number) {
  const environment = new VirtualEnvironment();
  const state = { lead: 1, campaigns: [] as number[], forgotten: 0 };
  const succession = new Succession(id, environment, {
    lead: () => state.lead,
    confState: () => CONF_STATE,
    forgetLeader: () => {
      state.lead = 0;
      state.forgotten += 1;
    },
    campaign: () => state.campaigns.push(environment.nowMs()),
  });
  return { environment, state, succession };
}

describe("succession", () => {
  it("lets one voter stand after the other", () => {
    const times = [2, 3, 4].map((id) => {
      const { environment, state, succession } = successionOf(id);
      succession.gone(1);
      environment.pass(60);
      return state.campaigns[0] ?? Infinity;
    });
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(3);
    expect(times.at(-1)).toBeLessThan(60);
  });

  it("does nothing about someone who does not lead, nor as someone who does not vote", () => {
    const { environment, state, succession } = successionOf(2);
    succession.gone(3);
    environment.pass(1_000);
    expect(state).toMatchObject({ campaigns: [], forgotten: 0 });
    const learner = successionOf(9);
    learner.succession.gone(1);
    learner.environment.pass(1_000);
    expect(learner.state.campaigns).toEqual([]);
  });

  it("does not stand once somebody leads, and gives up after some attempts", () => {
    const { environment, state, succession } = successionOf(4);
    succession.gone(1);
    state.lead = 2;
    environment.pass(1_000);
    expect(state.campaigns).toEqual([]);
    state.lead = 1;
    succession.gone(1);
    environment.pass(10_000);
    expect(state.campaigns.length).toBeGreaterThan(1);
    expect(state.campaigns.length).toBeLessThan(10);
  });
});
