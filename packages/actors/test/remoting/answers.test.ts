import { describe, expect, it } from "vitest";
import type { ActorRef } from "../../src/index.ts";
import { anything, type Host, Hosts, outcome } from "./hosts.ts";

interface Wanted {
  readonly what: "much" | "function" | "stream" | "text";
  readonly replyTo: ActorRef<unknown>;
}

const MUCH = new Uint8Array(10_000);
const LIMITS = { maxFrameBytes: 5_000 };
const FAR_OFF = { timeoutMs: 60_000 };

/** Answers with what is wanted, which may not be able to travel; `refused` is what it is told then. */
function giver(host: Host, refused: (string | undefined)[]): void {
  host.system.spawn<Wanted>(
    (context) =>
      ({ what, replyTo }) => {
        const answer = { much: MUCH, function: () => 1, stream: context.offerStream([1, MUCH]), text: "here" }[what];
        refused.push(replyTo.tell(answer)?.code);
      },
    { name: "giver", accepts: anything<Wanted>() },
  );
}

describe("an answer that cannot travel", () => {
  it.each([
    ["much", "too-large"],
    ["function", "bad-message"],
  ] as const)("(%s) fails the question at once, and not at its deadline", async (what, code) => {
    const hosts = new Hosts();
    const left = await hosts.start("left");
    const right = await hosts.start("right", { limits: LIMITS });
    const refused: (string | undefined)[] = [];
    giver(right, refused);
    const to = left.system.resolve<Wanted>("parley://right/giver");
    await hosts.clock.until(to.ask((replyTo) => ({ what: "text", replyTo })));
    const beganMs = hosts.clock.nowMs();
    const asked = outcome(to.ask((replyTo) => ({ what, replyTo }), FAR_OFF));
    expect(await hosts.clock.until(asked)).toBe(code);
    expect(hosts.clock.nowMs() - beganMs).toBeLessThan(50);
    expect(refused).toStrictEqual([undefined, code]);
  });

  it("fails the question also when it comes from a third host, which is not connected yet", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left");
    const right = await hosts.start("right");
    const third = await hosts.start("third", { limits: LIMITS });
    giver(third, []);
    const beyond = right.system.resolve<Wanted>("parley://third/giver");
    right.system.spawn<Wanted>(() => (wanted) => void beyond.tell(wanted), { name: "middle", accepts: anything() });
    const to = left.system.resolve<Wanted>("parley://right/middle");
    const beganMs = hosts.clock.nowMs();
    const asked = outcome(to.ask((replyTo) => ({ what: "much", replyTo }), FAR_OFF));
    expect(await hosts.clock.until(asked)).toBe("too-large");
    expect(hosts.clock.nowMs() - beganMs).toBeLessThan(100);
  });

  it("disturbs nobody when the question is over, or when it is an item of a stream", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left");
    const right = await hosts.start("right", { limits: LIMITS });
    const refused: (string | undefined)[] = [];
    giver(right, refused);
    const to = left.system.resolve<Wanted>("parley://right/giver");
    const abort = new AbortController();
    const asked = outcome(to.ask((replyTo) => ({ what: "much", replyTo }), { signal: abort.signal }));
    abort.abort();
    expect(await asked).toBe("cancelled");
    const stream = to.stream<unknown>((replyTo) => ({ what: "stream", replyTo: replyTo as ActorRef<unknown> }));
    const items: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const item of stream) items.push(item);
    };
    expect(await hosts.clock.until(outcome(read()))).toBe("stream-broken");
    expect(items).toStrictEqual([1]);
    await hosts.clock.pass(100);
    expect(refused).toContain("too-large");
    expect([left.refusals, right.refusals]).toStrictEqual([[], []]);
  });
});
