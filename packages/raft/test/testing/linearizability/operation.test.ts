import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRaftError } from "../../../src/errors.ts";
import { formatOperation, parseOperation, readHistory } from "../../../src/testing/linearizability/operation.ts";
import { draws, goodHistory } from "./histories.ts";

const histories = draws({ keys: 3, maxLength: 20 }).map(goodHistory);
const FIELDS = ["client", "op", "key", "value", "expected", "output", "call", "return", "unknown", "fail"];

describe("history lines", () => {
  it("are read as they were written, with every field in its place", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const lines = history.map(formatOperation);
        for (const line of lines) expect(Object.keys(JSON.parse(line))).toEqual(FIELDS);
        expect(await readHistory(lines)).toEqual(history);
      }),
    );
  });

  it("may leave out what an operation does not use", () => {
    expect(parseOperation('{"client":1,"op":"get","key":"k","output":"v","call":1,"return":2}')).toEqual({
      client: 1,
      op: "get",
      key: "k",
      value: "",
      expected: null,
      output: "v",
      call: 1,
      return: 2,
      unknown: false,
      fail: false,
    });
    expect(parseOperation('{"client":1,"op":"put","key":"k","value":"v","call":1}')).toMatchObject({
      unknown: true,
      return: null,
    });
    expect(
      parseOperation('{"client":1,"op":"cas","key":"k","value":"v","output":true,"call":1,"return":2}'),
    ).toMatchObject({ expected: null, output: true });
  });

  it.each([
    ['{"client":1,"op":"add","key":"k","call":1}', /op is none/],
    ['{"client":1,"op":"put","key":"k","call":1,"return":2}', /value of a put/],
    ['{"client":1,"op":"cas","key":"k","value":"v","call":1,"return":2}', /output of a cas/],
    ['{"client":1,"op":"get","key":"k","output":true,"call":1,"return":2}', /output of a get/],
    ['{"client":1,"op":"put","key":"k","value":"v","call":3,"return":2}', /returned before/],
    ['{"client":1,"op":"put","key":"k","value":"v","call":3,"unknown":true,"fail":true}', /both/],
    ["[]", /not an object/],
    ["{", /not JSON/],
  ])("that make no sense are refused: %s", (line, message) => {
    expect(() => parseOperation(line, "line 7")).toThrow(message);
    expect(() => parseOperation(line, "line 7")).toThrow(/^line 7: /);
  });

  it("of any content are read, or refused as corrupt", () => {
    const value = fc.oneof(fc.constantFrom("put", "get", "cas", true, false, null, 1, 2), fc.jsonValue());
    const object = fc.record(Object.fromEntries(FIELDS.map((name) => [name, value])), { requiredKeys: [] });
    let refused = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          object.map((one) => JSON.stringify(one)),
          fc.string(),
        ),
        (line) => {
          try {
            const operation = parseOperation(line);
            expect(parseOperation(formatOperation(operation))).toEqual(operation);
          } catch (error) {
            refused += 1;
            expect(isRaftError(error, "corrupt")).toBe(true);
          }
        },
      ),
      { numRuns: 1_000 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});
