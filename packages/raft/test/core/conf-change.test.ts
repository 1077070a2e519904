import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  confChangeEntry,
  LEAVE_JOINT,
  leavesJoint,
  readConfChange,
  singleChangeEntry,
  type ConfChange,
} from "../../src/index.ts";
import { isRaftError } from "../../src/errors.ts";

const operations = fc.constantFrom("add-voter", "remove", "update", "add-learner");
const step = fc.record({ operation: operations, node: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }) });
const change: fc.Arbitrary<ConfChange> = fc.record({
  transition: fc.constantFrom("auto", "implicit", "explicit"),
  steps: fc.array(step, { maxLength: 5 }),
  context: fc.uint8Array({ maxLength: 20 }),
});

describe("a membership change in the log", () => {
  it("comes back as it went in, in both forms", () => {
    fc.assert(
      fc.property(change, (given) => {
        expect(readConfChange(confChangeEntry(given))).toEqual(given);
      }),
    );
    fc.assert(
      fc.property(step, fc.uint8Array({ maxLength: 20 }), (given, context) => {
        expect(readConfChange(singleChangeEntry(given, context))).toEqual({
          transition: "auto",
          steps: [given],
          context,
        });
      }),
    );
  });

  it("that leaves a joint configuration is no bytes at all", () => {
    const entry = confChangeEntry(LEAVE_JOINT);
    expect(entry.data.length).toBe(0);
    const read = readConfChange(entry);
    expect(read !== undefined && leavesJoint(read)).toBe(true);
  });

  it("of any bytes is read or refused as corrupt, never anything else", () => {
    fc.assert(
      fc.property(fc.constantFrom("conf-change", "conf-change-v2"), fc.uint8Array({ maxLength: 60 }), (type, data) => {
        try {
          expect(readConfChange({ type, data })?.steps).toBeInstanceOf(Array);
        } catch (error) {
          expect(isRaftError(error, "corrupt")).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
