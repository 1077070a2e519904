import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ActorRef, RemotingLimits } from "../../src/index.ts";
import { anything, type Host, Hosts } from "./hosts.ts";

const ACKNOWLEDGED = { acknowledged: true, timeoutMs: 60_000 };

interface Numbered {
  readonly number: number;
  readonly ballast?: Uint8Array;
  readonly replyTo?: ActorRef<number> | undefined;
}

type Kind = "tell" | "offer" | "ask" | "acknowledged";

const isPlain = (kind: Kind | undefined): boolean => kind !== "acknowledged";

interface Log {
  readonly to: ActorRef<Numbered>;
  /** The same, with its incarnation. */
  readonly exact: ActorRef<Numbered>;
  /** What was handled, in that order. */
  readonly handled: number[];
}

/** An actor that takes `pauseMs` for each message and crashes once on each of `crashOn`. */
function log(left: Host, right: Host, hosts: Hosts, crashOn: readonly number[] = [], pauseMs = 0): Log {
  const handled: number[] = [];
  const crashes = new Set(crashOn);
  const { address } = right.system.spawn<Numbered>(
    () =>
      async ({ number, replyTo }) => {
        if (pauseMs > 0) {
          await new Promise<void>((resolve) => {
            hosts.clock.after(pauseMs, resolve);
          });
        }
        if (crashes.delete(number)) throw new Error("crashed on it");
        handled.push(number);
        replyTo?.tell(number);
      },
    {
      name: "log",
      accepts: anything<Numbered>(),
      mailbox: { capacity: 10_000 },
    },
  );
  const [to, exact] = ["parley://right/log", address].map((each) => left.system.resolve<Numbered>(each));
  if (to === undefined || exact === undefined) throw new Error("two addresses, and so two references");
  return { to, exact, handled };
}

async function pair(limits: Partial<RemotingLimits> = {}): Promise<{ hosts: Hosts; left: Host; right: Host }> {
  const hosts = new Hosts();
  return { hosts, left: await hosts.start("left", { limits }), right: await hosts.start("right") };
}

/** Sends number after number; fulfilled once all that can be waited for is there. */
async function send(to: ActorRef<Numbered>, kinds: readonly Kind[], ballast?: Uint8Array): Promise<void> {
  const waits = kinds.map(async (kind, number): Promise<void> => {
    const message: Numbered = ballast === undefined ? { number } : { number, ballast };
    if (kind === "tell") expect(to.tell(message)).toBeUndefined();
    if (kind === "offer") await to.offer(message);
    if (kind === "acknowledged") await to.offer(message, ACKNOWLEDGED);
    if (kind === "ask") await to.ask<number>((replyTo) => ({ ...message, replyTo }));
  });
  await Promise.all(waits);
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

describe("messages of one sender to one actor on another host", () => {
  const kind = fc.constantFrom<Kind>("tell", "offer", "ask", "acknowledged");
  const plain = fc.constantFrom<Kind>("tell", "offer", "ask");

  it("are handled in the order of sending while the connection comes about, as over an open one", async () => {
    const { hosts, left, right } = await pair();
    const { to, handled } = log(left, right, hosts);
    const kinds: readonly Kind[] = ["tell", "offer", "tell", "ask", "acknowledged", "tell", "offer", "tell"];
    for (const _ of ["no connection yet", "an open one"]) {
      await hosts.clock.until(send(to, kinds));
      await hosts.clock.pass(10);
      expect(handled.splice(0)).toStrictEqual(upTo(kinds.length));
    }
  });

  it("are handled in that order when the lane is full, and when the other host is the one that dials", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plain, { minLength: 2, maxLength: 40 }),
        fc.constantFrom("nobody", "left", "right"),
        fc.nat(40),
        async (kinds, dials, kilobytes) => {
          const { hosts, left, right } = await pair();
          const { to, handled } = log(left, right, hosts);
          if (dials === "left") await hosts.clock.until(to.ask<number>((replyTo) => ({ number: -1, replyTo })));
          if (dials === "right") right.system.watch(right.system.resolve("parley://left/nobody"), () => undefined);
          await hosts.clock.until(send(to, kinds, new Uint8Array(kilobytes * 1024)));
          await hosts.clock.pass(100);
          expect(handled.filter((number) => number >= 0)).toStrictEqual(upTo(kinds.length));
          await hosts.stop();
        },
      ),
      { numRuns: 60 },
    );
  });

  it("are refused rather than let past when there is no room for an offer before them", async () => {
    const { hosts, left, right } = await pair({ maxQueuedFrames: 2 });
    const { to, handled } = log(left, right, hosts);
    await hosts.clock.until(to.offer({ number: 0 }));
    const ballast = new Uint8Array(100_000);
    const taken: number[] = [];
    const offers: Promise<void>[] = [];
    for (const number of upTo(30).slice(1)) {
      if (number % 3 !== 0) offers.push(to.offer({ number, ballast }));
      else if (to.tell({ number, ballast }) !== undefined) continue;
      taken.push(number);
    }
    await hosts.clock.until(Promise.all(offers));
    await hosts.clock.pass(100);
    expect(taken.length).toBeLessThan(29);
    expect(handled).toStrictEqual([0, ...taken]);
  });

  it("go out before what is sent by who hears that the peer is there", async () => {
    const hosts = new Hosts();
    let told: (() => void) | undefined;
    const left = await hosts.start("left", { onPeerChange: () => told?.() });
    const right = await hosts.start("right");
    const { to, handled } = log(left, right, hosts);
    told = () => to.tell({ number: 3 });
    const sent = send(to, ["tell", "offer", "tell"]);
    await hosts.clock.until(sent);
    await hosts.clock.pass(10);
    expect(handled).toStrictEqual([0, 1, 2, 3]);
    told = undefined;
  });

  it("keep order among plain ones and among acknowledged ones whatever crashes; no acknowledged one overtakes a plain one", async () => {
    let hasFallenBehind = false;
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { minLength: 2, maxLength: 20 }),
        fc.array(fc.nat(20), { maxLength: 2 }),
        fc.constantFrom(0, 3),
        async (kinds, crashes, pauseMs) => {
          const { hosts, left, right } = await pair();
          const crashOn = crashes.filter((number) => !isPlain(kinds[number]));
          const { to, handled } = log(left, right, hosts, crashOn, pauseMs);
          await hosts.clock.until(send(to, kinds));
          await hosts.clock.pass(1_000);
          const numbers = upTo(kinds.length);
          for (const belongs of [isPlain, (each: Kind | undefined) => !isPlain(each)]) {
            const ofKind = (number: number): boolean => belongs(kinds[number]);
            expect(handled.filter((number) => ofKind(number))).toStrictEqual(
              numbers.filter((number) => ofKind(number)),
            );
          }
          for (const [at, number] of handled.entries()) {
            if (isPlain(kinds[number])) continue;
            const later = handled.slice(at).filter((other) => isPlain(kinds[other]) && other < number);
            expect(later).toStrictEqual([]);
          }
          hasFallenBehind ||= handled.some((number, at) => number !== at);
          await hosts.stop();
        },
      ),
      { numRuns: 60 },
    );
    expect(hasFallenBehind).toBe(true);
  });

  it("acknowledged, keep their order under whatever form of its address they were sent", async () => {
    const { hosts, left, right } = await pair();
    const { to, exact, handled } = log(left, right, hosts, [0, 3]);
    const offers = upTo(8).map((number) => (number % 2 === 0 ? to : exact).offer({ number }, ACKNOWLEDGED));
    await hosts.clock.until(Promise.all(offers));
    expect(handled).toStrictEqual(upTo(8));
  });
});
