import { describe, expect, test } from "vitest";
import type {
  ActorAddress,
  ActorRef,
  RemoteDelivery,
  RemoteHost,
  SinkMessage,
  SourceMessage,
  StreamRef,
} from "../../src/index.ts";
import { ActorError, createActorSystem, formatAddress, isActorRef } from "../../src/index.ts";
import { expectCode } from "./support.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

/**
 * Two systems side by side: what remoting does, without a wire. References are carried as their addresses, everything
 * else as it is; a host can be cut off.
 */
function twoHosts() {
  const clock = new VirtualClock();
  const doors = new Map<string, RemoteHost>();
  const cut = new Set<string>();
  const refused: string[] = [];
  const unwatched: string[] = [];
  const remoting = (host: RemoteHost): RemoteDelivery => {
    doors.set(host.peer, host);
    const other = ({ peer }: ActorAddress): RemoteHost | undefined => (cut.has(peer) ? undefined : doors.get(peer));
    const gone = ({ peer }: ActorAddress) => new ActorError("peer-gone", `${peer} is gone`);
    return {
      tell: (to, message, replyTo) => {
        const door = other(to);
        if (door === undefined) return gone(to);
        const carried = carry(message, door);
        clock.soon(() => {
          door.deliver(to, carried, host.peer, { failed: (error) => host.refused(formatAddress(to), replyTo, error) });
        });
        return undefined;
      },
      offer: async (to, message, options) => {
        const door = other(to);
        if (door === undefined) throw gone(to);
        await door.offer(to, carry(message, door), host.peer, options);
      },
      watch: (to) => {
        const door = other(to);
        if (door === undefined) host.terminated(formatAddress(to), "peer-gone", gone(to));
        else door.watch(to, (reason, error) => clock.soon(() => host.terminated(formatAddress(to), reason, error)));
      },
      unwatch: (to) => void unwatched.push(formatAddress(to)),
      close: () => Promise.resolve(),
    };
  };
  const make = (peer: string) =>
    createActorSystem({ peer, clock, remoting, onRefused: ({ error }) => void refused.push(error.code) });
  return {
    a: make("a"),
    b: make("b"),
    clock,
    refused,
    unwatched,
    cutOff: (peer: string) => {
      cut.add(peer);
      for (const [name, door] of doors) {
        if (name !== peer) door.peerGone(peer, new ActorError("peer-gone", `${peer} is gone`));
      }
    },
  };
}

/** A message as another host sees it. */
function carry(value: unknown, door: RemoteHost): unknown {
  if (isActorRef(value)) return door.resolve(value.address);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, carry(each, door)]));
}

interface Question {
  readonly n: number;
  readonly replyTo: ActorRef<number>;
}

const accepts = (message: unknown): Question => {
  if (typeof message !== "object" || message === null || !("n" in message && "replyTo" in message)) {
    throw new TypeError("not a question");
  }
  return message as Question;
};

describe("a reference to another host", () => {
  test("is told and asked as one to this host is, and references travel inside messages", async () => {
    const { a, b } = twoHosts();
    b.spawn<Question>(
      () =>
        ({ n, replyTo }) =>
          void replyTo.tell(n * 2),
      { name: "double", accepts },
    );
    const forward = a.spawn<{ readonly to: ActorRef<Question>; readonly replyTo: ActorRef<number> }>(
      () => (message) => void message.to.tell({ n: 21, replyTo: message.replyTo }),
    );
    const double = a.resolve<Question>("parley://b/double");
    expect(await double.ask((replyTo) => ({ n: 4, replyTo }))).toBe(8);
    expect(await forward.ask((replyTo) => ({ to: double, replyTo }))).toBe(42);
    expect(double.equals(b.resolve<Question>("parley://b/double"))).toBe(true);
    await Promise.all([a.stop(), b.stop()]);
  });

  test.each([
    ["nobody lives there", "parley://b/nobody", { n: 1 }, "no-such-actor"],
    ["the message is unknown", "parley://b/picky", { x: 1 }, "bad-message"],
    ["the actor takes nothing from outside", "parley://b/private", { n: 1 }, "bad-message"],
    ["the actor crashes", "parley://b/crashes", { n: 1 }, "actor-failed"],
    ["no remoting knows the host", "parley://c/x", { n: 1 }, "peer-gone"],
  ])("an ask fails at once when %s", async (_, address, body, code) => {
    const { a, b, clock, refused } = twoHosts();
    b.spawn<Question>(() => () => undefined, { name: "picky", accepts });
    b.spawn<Question>(() => () => undefined, { name: "private" });
    b.spawn<Question>(
      () => () => {
        throw new Error("no");
      },
      { name: "crashes", accepts },
    );
    const ref = a.resolve<unknown>(address);
    await expect(ref.ask((replyTo) => ({ ...body, replyTo }))).rejects.toMatchObject({ code });
    const told = ref.tell({ ...body, replyTo: ref });
    await clock.pass(200);
    expect([told?.code ?? refused[0]]).toEqual([code]);
    await Promise.all([a.stop(), b.stop()]);
  });

  test("asks, watches and streams end when its host is gone", async () => {
    const { a, b, clock, cutOff } = twoHosts();
    const silent = b.spawn<Question>(() => () => undefined, { name: "silent", accepts });
    b.spawn<{ readonly replyTo: ActorRef<StreamRef<number>> }>(
      (context) => (message) => {
        const never = async function* (): AsyncGenerator<number> {
          yield 1;
          yield await new Promise<number>(() => undefined);
        };
        message.replyTo.tell(context.offerStream(never()));
      },
      { name: "numbers", accepts: (message) => message as { readonly replyTo: ActorRef<StreamRef<number>> } },
    );
    const ref = a.resolve<Question>(silent.address);
    const ended: string[] = [];
    a.watch(ref, ({ reason }) => ended.push(reason));
    const numbers = a.resolve<{ readonly replyTo: ActorRef<StreamRef<number>> }>("parley://b/numbers");
    const reader = numbers.stream<number>((replyTo) => ({ replyTo }))[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    const asked = expectCode(
      ref.ask((replyTo) => ({ n: 1, replyTo })),
      "peer-gone",
    );
    const read = expectCode(reader.next(), "stream-broken");
    await clock.settle();
    cutOff("b");
    await Promise.all([asked, read, clock.settle()]);
    expect(ended).toEqual(["peer-gone"]);
    await Promise.all([a.stop(), b.stop()]);
    expect(clock.timers).toBe(0);
  });

  test("a stream whose reader's host is gone is closed at its source", async () => {
    const { a, b, clock, cutOff } = twoHosts();
    let isClosed = false;
    async function* items(): AsyncGenerator<number> {
      try {
        for (let n = 0; ; n += 1) yield n;
      } finally {
        isClosed = true;
      }
    }
    const offered = b.offerStream(items());
    const reader = a.readStream(a.resolve<never>(offered.address) as unknown as StreamRef<number>);
    await reader[Symbol.asyncIterator]().next();
    // Its credit is used up: only the watch on its reader can tell it.
    await clock.settle();
    cutOff("a");
    await clock.settle();
    expect(isClosed).toBe(true);
    await Promise.all([a.stop(), b.stop()]);
  });

  test("a stream that has ended watches its reader no longer, though that lives on", async () => {
    const { a, b, clock, unwatched } = twoHosts();
    const got: string[] = [];
    const sink = a.spawn<SinkMessage<number>>(() => (message) => void got.push(message.type), {
      accepts: (message) => message as SinkMessage<number>,
    });
    const source = a.resolve<SourceMessage<number>>(b.offerStream([1, 2]).address);
    source.tell({ type: "open", sink, credit: 10 });
    await clock.settle();
    expect(got).toEqual(["item", "item", "end"]);
    expect(unwatched).toEqual([sink.address]);
    await Promise.all([a.stop(), b.stop()]);
  });

  test("a stream crosses hosts with its credit, and leaving it closes the source there", async () => {
    const { a, b, clock } = twoHosts();
    let taken = 0;
    let isClosed = false;
    async function* items(): AsyncGenerator<number> {
      try {
        while (taken < 1000) {
          taken += 1;
          yield taken;
        }
      } finally {
        isClosed = true;
      }
    }
    const offered = b.offerStream(items());
    const stream = a.readStream(a.resolve<never>(offered.address) as unknown as StreamRef<number>, { window: 4 });
    const got: number[] = [];
    for await (const item of stream) {
      got.push(item);
      await clock.settle();
      expect(taken).toBeLessThanOrEqual(item + 4);
      if (item === 50) break;
    }
    await clock.settle();
    expect(got).toHaveLength(50);
    expect(isClosed).toBe(true);
    await Promise.all([a.stop(), b.stop()]);
  });

  test("an actor there that ends is told of, and offers wait for its handler", async () => {
    const { a, b, clock } = twoHosts();
    const got: number[] = [];
    const there = b.spawn<Question>(
      () =>
        ({ n }) =>
          void got.push(n),
      { name: "x", accepts },
    );
    const ref = a.resolve<Question>("parley://b/x");
    await ref.offer({ n: 5, replyTo: a.resolve("parley://a/y") }, { acknowledged: true });
    expect(got).toEqual([5]);
    const ended: string[] = [];
    a.watch(ref, ({ reason }) => ended.push(reason));
    await b.stopActor(there);
    await clock.settle();
    a.watch(ref, ({ reason }) => ended.push(reason));
    await clock.settle();
    expect(ended).toEqual(["stopped", "no-such-actor"]);
    await Promise.all([a.stop(), b.stop()]);
  });

  test("a system without remoting reaches nobody, and says so", async () => {
    const system = createActorSystem({ peer: "alone" });
    const ref = system.resolve<string>("parley://b/x");
    expect(ref.tell("x")).toMatchObject({ code: "peer-gone" });
    await expect(ref.ask(() => "x")).rejects.toMatchObject({ code: "peer-gone" });
    await expect(ref.offer("x")).rejects.toMatchObject({ code: "peer-gone" });
    const reason = await new Promise((resolve) => {
      system.watch(ref, (terminated) => resolve(terminated.reason));
    });
    expect(reason).toBe("peer-gone");
    await system.stop();
  });
});
