import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Allowances, type Sender } from "../../../src/gateway/access/allowances.ts";

const account = (name: string): Sender => ({ account: name });

/** How many messages of `ids` clients of one account go through, if each of them sends `each` at once. */
function throughOf(allowances: Allowances, ids: number, each: number): number {
  let through = 0;
  for (let id = 0; id < ids; id += 1) {
    for (let sent = 0; sent < each; sent += 1) {
      if (allowances.charge({ account: "tablet", clientId: `id-${id}` }, { messages: 1 }) === undefined) through += 1;
    }
  }
  return through;
}

describe("what an account may send", () => {
  it("is counted for each by itself, and messages and sound apart", () => {
    let nowMs = 0;
    const allowances = new Allowances({ messagesPerMinute: 2, audioBytesPerMinute: 10_000 }, () => nowMs);
    const [a, b] = [account("a"), account("b")];
    expect(allowances.charge(a, { messages: 1 })).toBeUndefined();
    expect(allowances.charge(a, { messages: 1 })).toBeUndefined();
    expect(allowances.charge(a, { messages: 1 })).toBe(30_000);
    expect(allowances.charge(b, { messages: 1 })).toBeUndefined();
    expect(allowances.charge(a, { audioBytes: 10_000 })).toBeUndefined();
    expect(allowances.charge(b, { audioBytes: 10_000 })).toBeUndefined();
    nowMs = 30_000;
    expect(allowances.charge(a, { messages: 1 })).toBeUndefined();
  });

  it("is not more for a client that goes by many ids, but for the little that is each client's own", () => {
    const allowances = new Allowances({ messagesPerMinute: 100, audioBytesPerMinute: 0 }, () => 0);
    expect(throughOf(allowances, 1, 200)).toBe(100);
    expect(throughOf(new Allowances({ messagesPerMinute: 100, audioBytesPerMinute: 0 }, () => 0), 10, 100)).toBe(145);
  });

  it("leaves each of many clients of one account something, also when one of them sends all day", () => {
    const allowances = new Allowances({ messagesPerMinute: 100, audioBytesPerMinute: 0 }, () => 0);
    for (let sent = 0; sent < 1_000; sent += 1)
      allowances.charge({ account: "tablet", clientId: "loud" }, { messages: 1 });
    expect(throughOf(allowances, 500, 5)).toBe(2_500);
    expect(throughOf(allowances, 500, 1)).toBe(0);
  });

  it("lets five hundred clients of one account in at once and live, and no more than a thousand in a minute", () => {
    let nowMs = 0;
    const allowances = new Allowances({ messagesPerMinute: 100, audioBytesPerMinute: 0 }, () => nowMs);
    const sender = (number: number): Sender => ({ account: "tablet", clientId: `id-${number}` });
    for (let client = 0; client < 1_000; client += 1) expect(allowances.enter(sender(client))).toBeUndefined();
    expect(allowances.enter(sender(1_000))).toBe(60);
    // Each gives a sign of life every two seconds, for five minutes.
    for (; nowMs < 300_000; nowMs += 2_000) {
      for (let client = 0; client < 500; client += 1) {
        expect(allowances.charge(sender(client), { reports: 1 })).toBeUndefined();
      }
    }
  });

  it("counts frames of sound however short they are, takes what has come, and lets nothing more come until it was due", () => {
    let nowMs = 0;
    const allowances = new Allowances({ messagesPerMinute: 0, audioBytesPerMinute: 1_000_000 }, () => nowMs);
    const empty = (): number | undefined => allowances.charge(account("a"), { audioBytes: 0 });
    for (let frame = 0; frame < 100; frame += 1) expect(empty()).toBeUndefined();
    expect(empty()).toBe(60);
    expect(empty()).toBe(120);
    nowMs = 180;
    expect(empty()).toBeUndefined();
    expect(allowances.charge(account("b"), { audioBytes: 2_000_000 })).toBe(60_000);
  });

  it("is anything where there is no limit", () => {
    const allowances = new Allowances({ messagesPerMinute: 0, audioBytesPerMinute: 0 }, () => 0);
    const a = { account: "a", clientId: "a" };
    for (let sent = 0; sent < 10_000; sent += 1) {
      expect(allowances.charge(a, { messages: 1 })).toBeUndefined();
      expect(allowances.enter(a)).toBeUndefined();
    }
    expect(allowances.charge(a, { audioBytes: 1e12 })).toBeUndefined();
  });

  it("never is more than the limit and a twentieth of it for each client that was let in, in whatever order they send", () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 2_000 })), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 60 }), (list, messagesPerMinute) => {
        let [nowMs, through] = [0, 0];
        const allowances = new Allowances({ messagesPerMinute, audioBytesPerMinute: 0 }, () => nowMs);
        const ids = new Set<number>();
        for (const [id, laterMs] of list) {
          nowMs += laterMs;
          ids.add(id);
          const waitMs = allowances.charge({ account: "a", clientId: String(id) }, { messages: 1 });
          if (waitMs === undefined) through += 1;
          else expect(waitMs).toBeGreaterThan(0);
        }
        const most = messagesPerMinute + ids.size * Math.floor(messagesPerMinute / 20);
        expect(through).toBeLessThanOrEqual(most * (1 + nowMs / 60_000) + 1e-6);
      }),
    );
  });
});
