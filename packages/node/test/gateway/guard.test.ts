import { describe, expect, it } from "vitest";
import { bearerToken, hostAllowed, isLoopback, originAllowed, sameToken } from "../../src/gateway/guard.ts";

describe("the guard", () => {
  it.each(["127.0.0.1", "127.9.9.9", "::1", "localhost"])("counts %s as this machine only", (address) => {
    expect(isLoopback(address)).toBe(true);
  });
  it.each(["0.0.0.0", "::", "192.168.1.4", "127.0.0.1.evil.example", "localhost.evil.example", ""])(
    "does not count %j as this machine only",
    (address) => {
      expect(isLoopback(address)).toBe(false);
    },
  );

  it.each(["localhost:8765", "127.0.0.1:8765", "[::1]:8765", "LOCALHOST", "127.0.0.5:1"])(
    "lets the Host %s in",
    (host) => {
      expect(hostAllowed(host, "127.0.0.5")).toBe(true);
    },
  );
  it.each([undefined, "", "evil.example", "evil.example:8765", "127.0.0.1.evil.example", "localhost.", "10.0.0.1"])(
    "keeps the Host %j out, as a rebound name would send",
    (host) => {
      expect(hostAllowed(host, "127.0.0.1")).toBe(false);
    },
  );

  it("lets programs in, which send no Origin, and its own page, and no other", () => {
    expect(originAllowed(undefined, "127.0.0.1:8765")).toBe(true);
    expect(originAllowed("http://127.0.0.1:8765", "127.0.0.1:8765")).toBe(true);
    for (const origin of ["http://evil.example", "null", "https://127.0.0.1:8765", "http://127.0.0.1:80"]) {
      expect(originAllowed(origin, "127.0.0.1:8765")).toBe(false);
    }
  });

  it("compares tokens of any length and takes only the right one", () => {
    expect(sameToken("abc", "abc")).toBe(true);
    for (const wrong of ["", "ab", "abcd", "abC"]) expect(sameToken(wrong, "abc")).toBe(false);
  });

  it("reads a bearer token and nothing else", () => {
    expect(bearerToken("Bearer a-b_C9")).toBe("a-b_C9");
    for (const header of [undefined, "", "Basic abc", "Bearer", "Bearer a b"]) expect(bearerToken(header)).toBe("");
  });
});
