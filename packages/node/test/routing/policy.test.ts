import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPolicy, parsePolicy, policyFor, readPolicy, type Policy } from "../../src/routing/index.ts";

const problems = (value: unknown): readonly string[] => {
  const reading = readPolicy(value);
  return reading.ok ? [] : reading.problems;
};

describe("the owner's policy as a setting", () => {
  it("is none when there is no setting", () => {
    expect(parsePolicy(undefined)).toEqual({ ok: true, policy: {} });
  });

  const target = fc.constantFrom("GPU box", "Pi", "here", "elsewhere", "tag:gpu", "model:llama3", "12D3KooWabc");
  const part = fc.record(
    {
      localOnly: fc.boolean(),
      prefer: fc.array(target, { minLength: 1, maxLength: 4 }),
      preferredOnly: fc.constant(false),
      weights: fc.dictionary(target, fc.double({ min: 0.01, max: 100, noNaN: true }), {
        maxKeys: 3,
        noNullPrototype: true,
      }),
      patienceMs: fc.integer({ min: 0, max: 60_000 }),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  const policy: fc.Arbitrary<Policy> = fc.record(
    { stt: part, tts: part, llm: part, "*": part },
    { requiredKeys: [], noNullPrototype: true },
  );

  it("is the same after it was written down and read again", () => {
    fc.assert(
      fc.property(policy, (written) => {
        expect(parsePolicy(formatPolicy(written))).toEqual({ ok: true, policy: written });
      }),
    );
  });

  it.each<[unknown, string]>([
    [[], "a policy is an object with a capability for each key"],
    [{ sst: {} }, '"sst" is no capability: stt, tts, llm, vad, wake or *'],
    [{ stt: true }, '"stt" takes an object'],
    [{ stt: { localOnly: "yes" } }, '"stt.localOnly" takes true or false'],
    [
      { stt: { local_only: true } },
      '"stt.local_only" is unknown: localOnly, prefer, preferredOnly, weights, patienceMs',
    ],
    [
      { "*": { prefer: "Pi" } },
      '"*.prefer" takes a list of at most 64 names of peers, here, elsewhere, tag:… or model:…',
    ],
    [
      { llm: { weights: { pi: 0 } } },
      '"llm.weights" takes numbers from 0.01 to 100 by name of a peer, here, elsewhere, tag:…, model:…',
    ],
    [{ llm: { patienceMs: -1 } }, '"llm.patienceMs" takes milliseconds from 0 to 3600000'],
    [{ llm: { preferredOnly: true } }, '"llm.preferredOnly" without anybody in "llm.prefer" leaves nobody'],
  ])("%j is refused in words", (value, problem) => {
    expect(problems(value)).toEqual([problem]);
  });

  it("says all that is wrong with it at once", () => {
    expect(problems({ sst: {}, tts: { localOnly: 1, prefer: [""] } })).toHaveLength(3);
    expect(parsePolicy("{")).toEqual({ ok: false, problems: ["the policy is no JSON"] });
    expect(parsePolicy(`{"stt":{}}${" ".repeat(5_000)}`)).toMatchObject({ ok: false });
  });

  it("of a capability counts before what holds for all, item by item", () => {
    const both: Policy = { "*": { localOnly: true, patienceMs: 5 }, llm: { localOnly: false } };
    expect(policyFor(both, "llm")).toEqual({ localOnly: false, patienceMs: 5 });
    expect(policyFor(both, "stt")).toEqual({ localOnly: true, patienceMs: 5 });
  });

  it("is never more than read or refused, whatever is in the setting", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const reading = parsePolicy(text);
        if (!reading.ok) expect(reading.problems.length).toBeGreaterThan(0);
      }),
    );
  });
});
