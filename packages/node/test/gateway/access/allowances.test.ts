import { describe, expect, it } from "vitest";
import { Allowances } from "../../../src/gateway/access/allowances.ts";

describe("what clients may send", () => {
  it("is counted for each by itself, and messages and sound apart", () => {
    let nowMs = 0;
    const allowances = new Allowances({ messagesPerMinute: 2, audioBytesPerMinute: 1_000 }, () => nowMs);
    expect(allowances.charge("a", { messages: 1 })).toBeUndefined();
    expect(allowances.charge("a", { messages: 1 })).toBeUndefined();
    expect(allowances.charge("a", { messages: 1 })).toBe(30_000);
    expect(allowances.charge("b", { messages: 1 })).toBeUndefined();
    expect(allowances.charge("a", { audioBytes: 1_000 })).toBeUndefined();
    expect(allowances.charge("a", { audioBytes: 100 })).toBe(6_000);
    nowMs = 30_000;
    expect(allowances.charge("a", { messages: 1 })).toBeUndefined();
  });

  it("is anything where there is no limit", () => {
    const allowances = new Allowances({ messagesPerMinute: 0, audioBytesPerMinute: 0 }, () => 0);
    for (let sent = 0; sent < 10_000; sent += 1) expect(allowances.charge("a", { messages: 1 })).toBeUndefined();
    expect(allowances.charge("a", { audioBytes: 1e12 })).toBeUndefined();
  });

  it("is remembered of so many that clients cannot fill the memory", () => {
    const allowances = new Allowances({ messagesPerMinute: 1, audioBytesPerMinute: 1 }, () => 0);
    expect(allowances.charge("first", { messages: 1 })).toBeUndefined();
    for (let client = 0; client < 4_095; client += 1) allowances.charge(String(client), { messages: 1 });
    expect(allowances.charge("first", { messages: 1 })).toBeDefined();
    for (let client = 0; client < 5_000; client += 1) allowances.charge(`other ${client}`, { messages: 1 });
    expect(allowances.charge("first", { messages: 1 })).toBeUndefined();
  });
});
