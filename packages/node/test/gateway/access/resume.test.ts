import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ResumeTokens, type ResumeClaims } from "../../../src/gateway/access/resume.ts";

const CLAIMS: ResumeClaims = {
  account: "tablet",
  clientId: "tablet/kitchen",
  sessionId: "s-1",
  proof: "p",
  expiresMs: 10_000,
};
const key = randomBytes(32);
const tokens = (keys: readonly Uint8Array[], nowMs = 0): ResumeTokens =>
  new ResumeTokens(
    () => keys,
    () => nowMs,
  );

describe("a resume token", () => {
  it("says at every peer that knows the key what it said where it was made", () => {
    const token = tokens([key]).issue(CLAIMS) ?? "";
    expect(tokens([key]).read(token)).toEqual(CLAIMS);
    expect(tokens([randomBytes(32), key]).read(token)).toEqual(CLAIMS);
    expect(tokens([randomBytes(32)]).read(token)).toBeUndefined();
    expect(tokens([]).read(token)).toBeUndefined();
    expect(tokens([]).issue(CLAIMS)).toBeUndefined();
  });

  it("holds until it expires", () => {
    const token = tokens([key]).issue(CLAIMS) ?? "";
    expect(tokens([key], 9_999).read(token)).toEqual(CLAIMS);
    expect(tokens([key], 10_000).read(token)).toBeUndefined();
  });

  it("is none once a single character of it is another", () => {
    const token = tokens([key]).issue(CLAIMS) ?? "";
    const other = fc.constantFrom(...new Set(token));
    fc.assert(
      fc.property(fc.nat(token.length - 1), other, (at, sign) => {
        const changed = `${token.slice(0, at)}${sign}${token.slice(at + 1)}`;
        const read = tokens([key]).read(changed);
        // The last sign of base64url holds bits that nothing depends on.
        const means = (text: string): string =>
          text
            .split(".")
            .map((part, index) => (index === 0 ? part : Buffer.from(part, "base64url").toString("hex")))
            .join(".");
        expect(read).toEqual(means(changed) === means(token) ? CLAIMS : undefined);
      }),
    );
  });

  it("is made of nothing else, whatever comes", () => {
    const reader = tokens([key]);
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000, size: "max" }), (text) => {
        expect(reader.read(text)).toBeUndefined();
      }),
    );
    const body = Buffer.from("{").toString("base64url");
    expect(reader.read(`${body}.`)).toBeUndefined();
    expect(reader.read("..")).toBeUndefined();
  });
});
