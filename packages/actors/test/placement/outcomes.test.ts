import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Outcomes } from "../../src/placement/outcomes.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test("what is remembered of a message is its id, and not the text that the id was cut from", () => {
  const outcomes = new Outcomes<string>(10_000);
  const before = heapBytes();
  for (let n = 0; n < 5_000; n += 1) {
    // As it comes out of the decoder, which reads the short texts of a message as one and cuts them.
    const id = `${String(n).padStart(30, "-")}${Buffer.alloc(2_000, "x").toString()}`.slice(0, 30);
    outcomes.settle(id, { type: "done" });
  }
  expect((heapBytes() - before) / 5_000).toBeLessThan(500);
  expect(outcomes.take("4999".padStart(30, "-"), "somebody")).toEqual({ type: "done" });
});
