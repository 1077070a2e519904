import { describe, expect, it } from "vitest";
import { serviceText } from "../../src/cli/commands/status.ts";

const elsewhere = [{ name: "attic", model: "moonshine" }];

describe("a service in parley status", () => {
  it("says what is here", () => {
    expect(serviceText({ state: "ready", model: "moonshine" })).toBe("ready moonshine");
    expect(serviceText({ state: "waiting" })).toBe("waiting");
  });

  it("says who else does it, and that it is not here", () => {
    expect(serviceText({ state: "ready", model: "moonshine", elsewhere })).toBe(
      "ready moonshine; also at attic (moonshine)",
    );
    expect(serviceText({ state: "waiting", elsewhere })).toBe("at attic (moonshine); here waiting");
    const failure = { message: "there is no model", nextStep: "Pull one." };
    expect(serviceText({ state: "failed", failure, elsewhere })).toBe(
      "at attic (moonshine); here not available: there is no model. Pull one.",
    );
  });

  it("names some of many, on one line whatever they call themselves", () => {
    const many = ["a\u001B[2Jb", "c", "d", "e", "f"].map((name) => ({ name, model: "m" }));
    expect(serviceText({ state: "waiting", elsewhere: many })).toBe(
      "at a [2Jb (m), c (m), d (m), and 2 more; here waiting",
    );
  });
});
