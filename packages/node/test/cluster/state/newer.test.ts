import { describe, expect, it } from "vitest";
import { ClusterMachine } from "../../../src/cluster/state/machine.ts";
import { encodeCommand } from "../../../src/cluster/state/codec.ts";
import { KNOWN_VERSION } from "../../../src/cluster/state/versions.ts";
import { FOUND, RECORD, snapshotBytes } from "./support.ts";

describe("a peer whose software is older than what is in force", () => {
  const apply = (machine: ClusterMachine, to: number): unknown =>
    machine.apply(
      [
        FOUND,
        { type: "describe", peer: "a", knows: to, record: RECORD } as const,
        { type: "raise-version", to } as const,
      ].map((command, n) => ({ index: n + 1, term: 1, data: encodeCommand(command) })),
    );

  it("stops where the others go on with commands that it does not know, and keeps the state from before", () => {
    const machine = new ClusterMachine();
    const newer = expect.objectContaining({
      code: "unknown-format",
      message: `newer software is in use in this cluster: commands of version ${KNOWN_VERSION + 1} are in force, and this peer's software knows ${KNOWN_VERSION}`,
    });
    expect(() => apply(machine, KNOWN_VERSION + 1)).toThrow(newer);
    expect(machine.state.version).toBe(1);
    expect(machine.state.members.get("a")?.knows).toBe(KNOWN_VERSION + 1);
    expect(snapshotBytes(machine.state).length).toBeGreaterThan(0);
  });

  it("goes on where it knows them", () => {
    const machine = new ClusterMachine();
    apply(machine, KNOWN_VERSION);
    expect(machine.state.version).toBe(KNOWN_VERSION);
  });
});
