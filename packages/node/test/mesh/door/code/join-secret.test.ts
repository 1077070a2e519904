import { describe, expect, it } from "vitest";
import { readJoinSecret } from "../../../../src/mesh/door/code/join-secret.ts";
import { sourceOf, TryLimiter } from "../../../../src/mesh/door/code/limiter.ts";

describe("a join secret", () => {
  it("is the same whatever blanks surround it and whatever keyboard wrote it", () => {
    expect(readJoinSecret(" correct horse battery\n")).toBe("correct horse battery");
    expect(readJoinSecret("cafe\u0301 au lait, 16+")).toBe(readJoinSecret("caf\u00e9 au lait, 16+"));
  });

  it.each(["", "fifteen letters", "aaaaaaaaaaaaaaaaaaaaaaaa"])(
    "is refused when weak, and not repeated: %j",
    (secret) => {
      const reading = () => readJoinSecret(secret);
      expect(reading).toThrowError(expect.objectContaining({ code: "config-invalid" }));
      if (secret !== "") expect(reading).not.toThrowError(new RegExp(secret));
    },
  );
});

describe("tries of a join secret", () => {
  const failAll = (limiter: TryLimiter, source: string, nowMs: number): number => {
    let tries = 0;
    while (limiter.claim(source, nowMs) === 0) tries += 1;
    return tries;
  };

  it("are free for a while, then pause longer after each failure, up to a bound", () => {
    const limiter = new TryLimiter();
    let nowMs = 0;
    expect(failAll(limiter, "a", nowMs)).toBe(8);
    const pauses: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      const waitMs = limiter.claim("a", nowMs);
      pauses.push(waitMs);
      expect(limiter.claim("a", nowMs + waitMs - 1)).toBe(1);
      nowMs += waitMs;
      expect(limiter.claim("a", nowMs)).toBe(0);
    }
    expect(pauses.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(pauses.at(-1)).toBe(300_000);
  });

  it("allow one host less than 400 guesses a day", () => {
    const limiter = new TryLimiter();
    let guesses = 0;
    for (let nowMs = 0; nowMs < 24 * 3_600_000; nowMs += 500) if (limiter.claim("a", nowMs) === 0) guesses += 1;
    expect(guesses).toBeLessThan(400);
  });

  it("of one source do not hold another back, and a success forgets the failures", () => {
    const limiter = new TryLimiter();
    failAll(limiter, "a", 0);
    expect(limiter.claim("b", 0)).toBe(0);
    limiter.succeeded("a");
    expect(limiter.claim("a", 0)).toBe(0);
  });

  it("from more sources than can be remembered wait, until some have waited long enough", () => {
    const limiter = new TryLimiter();
    for (let n = 0; n < 1024; n += 1) expect(limiter.claim(`source ${n}`, 0)).toBe(0);
    expect(limiter.claim("one more", 0)).toBeGreaterThan(0);
    expect(limiter.claim("one more", 1000)).toBe(0);
  });

  it("count for a whole IPv6 network, and for an IPv4 address however it is written", () => {
    expect(sourceOf("192.168.1.7")).toBe("192.168.1.7");
    expect(sourceOf("::ffff:192.168.1.7")).toBe("192.168.1.7");
    expect(sourceOf("2001:db8:1:2:aaaa::1")).toBe(sourceOf("2001:DB8:0001:2::9"));
    expect(sourceOf("2001:db8:1:2::1")).not.toBe(sourceOf("2001:db8:1:3::1"));
    expect(sourceOf("fe80::1%eth0")).toBe("fe80:0:0:0");
    expect(sourceOf("::1")).toBe("0:0:0:0");
    expect(sourceOf(undefined)).toBe("unknown");
  });
});
