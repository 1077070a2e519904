import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { baseOf, type Watcher } from "../../src/core/base-ref.ts";
import {
  type ActorRef,
  isRefused,
  type Listing,
  type ReceptionistMessage,
  type Refused,
  type Service,
  startReceptionist,
} from "../../src/index.ts";
import type { Host } from "../remoting/hosts.ts";
import { Cluster } from "./cluster.ts";

async function setUp(
  peers = ["a", "b", "c"],
  options: { readonly maxServices?: number; readonly maxSubscribers?: number } = {},
) {
  const cluster = new Cluster(peers);
  await cluster.up();
  const receptionists = new Map<string, ActorRef<ReceptionistMessage>>();
  const open = (peer: string): void => {
    const { system } = cluster.host(peer);
    receptionists.set(peer, startReceptionist(system, { members: cluster.placement.members(), ...options }));
  };
  for (const peer of peers) open(peer);
  const at = (peer: string): ActorRef<ReceptionistMessage> => {
    const receptionist = receptionists.get(peer);
    if (receptionist === undefined) throw new Error(peer);
    return receptionist;
  };
  const worker = (peer: string, name: string): ActorRef<never> =>
    cluster.host(peer).system.spawn<never>(() => () => undefined, { name });
  const register = (peer: string, key: string, ref: ActorRef<never>, capabilities = {}) =>
    cluster.clock.until(
      at(peer).ask<Service | Refused>((replyTo) => ({ type: "register", key, capabilities, ref, replyTo })),
    );
  const find = async (peer: string, key: string): Promise<readonly string[]> => {
    const listing = await cluster.clock.until(
      at(peer).ask<Listing>((replyTo) => ({ type: "find", query: { key }, replyTo })),
    );
    return listing.services.map(({ ref }) => ref.address.replace(/#.*/, ""));
  };
  const subscribe = (host: Host, peer: string, key: string, capabilities = {}) => {
    const heard: string[][] = [];
    const ref = host.system.spawn<Listing | Refused>(
      () => (listing) => {
        heard.push(
          isRefused(listing) ? [listing.code] : listing.services.map(({ ref: r }) => r.address.replace(/#.*/, "")),
        );
      },
      { accepts: (message) => message as Listing },
    );
    at(peer).tell({ type: "subscribe", query: { key, capabilities }, to: ref });
    return { heard, ref };
  };
  return { cluster, at, open, worker, register, find, subscribe };
}

describe("a receptionist", () => {
  test("knows what was registered on any host, and its references work", async () => {
    const { cluster, register, worker, find, at } = await setUp();
    await register("a", "stt", worker("a", "stt"), { languages: ["de"] });
    await register("b", "stt", worker("b", "stt"), { languages: ["en"] });
    await cluster.clock.pass(50);
    for (const peer of ["a", "b", "c"]) expect(await find(peer, "stt")).toEqual(["parley://a/stt", "parley://b/stt"]);
    const query = { key: "stt", capabilities: { languages: "en" } };
    const german = await cluster.clock.until(at("c").ask<Listing>((replyTo) => ({ type: "find", query, replyTo })));
    expect(german.services.map(({ capabilities }) => capabilities)).toEqual([{ languages: ["en"] }]);
  });

  test("lists a service also when who registers it waits for no answer", async () => {
    const { cluster, worker, find, at } = await setUp();
    at("a").tell({ type: "register", key: "stt", capabilities: {}, ref: worker("a", "one") });
    await cluster.clock.pass(50);
    for (const peer of ["a", "b"]) expect(await find(peer, "stt")).toEqual(["parley://a/one"]);
  });

  test("tells subscribers what there is, and of each change, as long as they live", async () => {
    const { cluster, register, worker, subscribe, at } = await setUp();
    const { heard, ref } = subscribe(cluster.host("c"), "c", "stt");
    const one = worker("a", "one");
    await register("a", "stt", one);
    await register("a", "tts", worker("a", "other"));
    await cluster.clock.pass(50);
    at("a").tell({ type: "unregister", key: "stt", ref: one });
    await cluster.clock.pass(50);
    expect(heard).toEqual([[], ["parley://a/one"], []]);
    at("c").tell({ type: "unsubscribe", to: ref });
    await register("a", "stt", one);
    await cluster.clock.pass(50);
    expect(heard).toHaveLength(3);
  });

  test("takes a service that has ended off all lists at once", async () => {
    const { cluster, register, worker, find } = await setUp();
    const one = worker("a", "one");
    await register("a", "stt", one);
    await cluster.clock.pass(50);
    await cluster.clock.until(cluster.host("a").system.stopActor(one));
    await cluster.clock.pass(50);
    for (const peer of ["a", "b", "c"]) expect(await find(peer, "stt")).toEqual([]);
  });

  test("takes all of a host that is gone off its list as soon as that is known, and has it back when it is", async () => {
    const { cluster, register, worker, subscribe, find } = await setUp();
    await register("a", "stt", worker("a", "one"));
    await cluster.clock.pass(50);
    const { heard } = subscribe(cluster.host("b"), "b", "stt");
    await cluster.clock.pass(1_000);
    cluster.partitionOff("a");
    await cluster.clock.pass(2_000);
    expect(heard).toEqual([["parley://a/one"], []]);
    expect(await find("a", "stt")).toEqual(["parley://a/one"]);
    cluster.rejoin("a");
    await cluster.clock.pass(15_000);
    expect(heard).toEqual([["parley://a/one"], [], ["parley://a/one"]]);
  });

  test("knows a host anew that was started anew", async () => {
    const { cluster, open, register, worker, find } = await setUp();
    await register("a", "stt", worker("a", "old"));
    await cluster.clock.pass(50);
    await cluster.crash("a");
    await cluster.clock.pass(2_000);
    expect(await find("b", "stt")).toEqual([]);
    await cluster.up(["a"]);
    open("a");
    await register("a", "stt", worker("a", "new"));
    await cluster.clock.pass(15_000);
    expect(await find("b", "stt")).toEqual(["parley://a/new"]);
  });

  test("says how new its list is rarely once it has heard of all and nothing changes, else often", async () => {
    const cluster = new Cluster(["a", "b"]);
    await cluster.up();
    let told = 0;
    const other = cluster.host("b").system.spawn<{ readonly type: string }>(
      () =>
        ({ type }) =>
          void (told += type === "digest" ? 1 : 0),
      { name: "receptionist", accepts: (message) => message as { readonly type: string } },
    );
    const toldIn = async (ms: number): Promise<number> => {
      const before = told;
      await cluster.clock.pass(ms);
      return told - before;
    };
    const { system } = cluster.host("a");
    const one = startReceptionist(system, { members: cluster.placement.members() });
    // What is said at the end of a second arrives in the next.
    await cluster.clock.pass(500);
    expect(await toldIn(60_000)).toBe(60);
    one.tell({ type: "state", from: other, version: 1, services: [] });
    await cluster.clock.pass(1_000);
    expect(await toldIn(60_000)).toBe(15);
    one.tell({ type: "register", key: "stt", capabilities: {}, ref: system.spawn<never>(() => () => undefined) });
    expect(await toldIn(10_000)).toBe(10);
    await cluster.clock.pass(2_000);
    expect(await toldIn(60_000)).toBe(15);
  });

  test("remembers through a crash of its own what lives on its host", async () => {
    const { cluster, register, worker, find, at } = await setUp();
    const one = worker("a", "one");
    await register("a", "stt", one);
    // Nobody sends this; it stands for a bug.
    at("a").tell({ type: "find", query: undefined, replyTo: undefined } as unknown as ReceptionistMessage);
    await cluster.clock.pass(1_000);
    expect(
      cluster
        .host("a")
        .system.inspect()
        .find(({ path }) => path === "/receptionist")?.restarts,
    ).toBe(1);
    expect(await find("b", "stt")).toEqual(["parley://a/one"]);
    await cluster.clock.until(cluster.host("a").system.stopActor(one));
    await cluster.clock.pass(50);
    expect(await find("b", "stt")).toEqual([]);
  });

  test("still notices after a crash of its own when another host goes", async () => {
    const { cluster, register, worker, find, at } = await setUp();
    await register("a", "stt", worker("a", "one"));
    await cluster.clock.pass(50);
    at("b").tell({ type: "find", query: undefined, replyTo: undefined } as unknown as ReceptionistMessage);
    await cluster.clock.pass(1_000);
    await cluster.crash("a");
    await cluster.clock.pass(3_000);
    expect(await find("b", "stt")).toEqual([]);
  });

  test("asks for what it has missed, and believes nobody about the services of a third", async () => {
    const { cluster, worker, find, at } = await setUp(["a", "b", "c"]);
    const heard: unknown[] = [];
    const { system } = cluster.host("c");
    const from = system.spawn<ReceptionistMessage>(() => (message) => void heard.push(message.type), {
      accepts: (message) => message as ReceptionistMessage,
    });
    const services = [worker("c", "mine"), worker("b", "yours")].map((ref) => ({ key: "stt", capabilities: {}, ref }));
    at("a").tell({ type: "state", from, version: 3, services });
    at("a").tell({ type: "digest", from, version: 3 });
    await cluster.clock.pass(50);
    expect(heard).toEqual([]);
    expect(await find("a", "stt")).toEqual(["parley://c/mine"]);
    at("a").tell({ type: "digest", from, version: 4 });
    await cluster.clock.pass(50);
    expect(heard).toEqual(["pull"]);
  });

  test("has room again for another subscriber when one has ended", async () => {
    const { cluster, subscribe } = await setUp(["a"], { maxSubscribers: 1 });
    const host = cluster.host("a");
    const { ref } = subscribe(host, "a", "stt");
    await cluster.clock.until(host.system.stopActor(ref));
    await cluster.clock.settle();
    const { heard } = subscribe(host, "a", "stt");
    await cluster.clock.settle();
    expect(heard).toEqual([[]]);
  });

  test("forgets an actor that ends, in whatever order it had registered and subscribed", async () => {
    type Step = "register" | "unregister" | "subscribe" | "unsubscribe";
    const step = fc.constantFrom<Step>("register", "unregister", "subscribe", "unsubscribe");
    const { cluster, find, at } = await setUp(["a"], { maxSubscribers: 1, maxServices: 1 });
    const { system } = cluster.host("a");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), fc.boolean(), async (steps, isByPath) => {
        const heard: unknown[] = [];
        const spawned = system.spawn<never>(() => (message) => void heard.push(message), { name: "both" });
        const ref = isByPath ? system.resolve<never>("parley://a/both") : spawned;
        const query = { key: "stt" };
        for (const type of steps) {
          if (type === "register") at("a").tell({ type, key: "stt", capabilities: {}, ref });
          if (type === "unregister") at("a").tell({ type, key: "stt", ref });
          if (type === "subscribe") at("a").tell({ type, query, to: ref as ActorRef<Listing | Refused> });
          if (type === "unsubscribe") at("a").tell({ type, to: ref as ActorRef<Listing | Refused> });
        }
        const isListed = steps.lastIndexOf("register") > steps.lastIndexOf("unregister");
        expect(await find("a", "stt")).toEqual(isListed ? ["parley://a/both"] : []);
        expect(heard.every((message) => !isRefused(message))).toBe(true);
        await cluster.clock.until(system.stopActor(spawned));
        await cluster.clock.settle();
        expect(await find("a", "stt")).toEqual([]);
      }),
    );
  });

  test("watches nobody whom it no longer lists and who has not subscribed", async () => {
    const { cluster, register, worker, at } = await setUp(["a"]);
    const one = worker("a", "one");
    const base = baseOf(one);
    const watchers = new Set<Watcher>();
    vi.spyOn(base, "watch").mockImplementation((watcher) => void watchers.add(watcher));
    vi.spyOn(base, "unwatch").mockImplementation((watcher) => void watchers.delete(watcher));
    await register("a", "stt", one);
    await register("a", "stt", one, { load: 1 });
    await register("a", "tts", one);
    at("a").tell({ type: "subscribe", query: { key: "stt" }, to: one as ActorRef<Listing | Refused> });
    at("a").tell({ type: "subscribe", query: { key: "tts" }, to: one as ActorRef<Listing | Refused> });
    await cluster.clock.settle();
    expect(watchers.size).toBe(2);
    at("a").tell({ type: "unregister", key: "stt", ref: one });
    await cluster.clock.settle();
    expect(watchers.size).toBe(2);
    at("a").tell({ type: "unregister", key: "tts", ref: one });
    await cluster.clock.settle();
    expect(watchers.size).toBe(1);
    at("a").tell({ type: "unsubscribe", to: one as ActorRef<Listing | Refused> });
    await cluster.clock.settle();
    expect(watchers.size).toBe(0);
  });

  test("refuses what lives elsewhere, and what is too much", async () => {
    const { cluster, register, worker, subscribe } = await setUp(["a", "b"], { maxServices: 1, maxSubscribers: 1 });
    expect(await register("a", "stt", worker("b", "one"))).toMatchObject({ code: "unsupported" });
    const one = worker("a", "one");
    expect(await register("a", "stt", one)).toMatchObject({ key: "stt" });
    expect(await register("a", "stt", worker("a", "two"))).toMatchObject({ code: "mailbox-full" });
    expect(await register("a", "stt", one, { load: 1 })).toMatchObject({ capabilities: { load: 1 } });
    subscribe(cluster.host("a"), "a", "stt");
    const { heard } = subscribe(cluster.host("b"), "a", "stt");
    await cluster.clock.pass(50);
    expect(heard).toEqual([["mailbox-full"]]);
  });

  test("takes nothing from other hosts that is none of its messages, nor what only it tells itself", async () => {
    const { cluster } = await setUp(["a", "b"]);
    const { system, refusals } = cluster.host("b");
    const remote = system.resolve<unknown>("parley://a/receptionist");
    const self = system.spawn<unknown>(() => () => undefined);
    const good = { from: self, version: 1 };
    const bad: unknown[] = [
      7,
      { type: "own-gossip" },
      { type: "own-source-ended", address: "x" },
      { type: "state", ...good, services: [{ key: "stt", capabilities: {} }] },
      { type: "state", ...good, services: [{ key: "stt", capabilities: { x: { y: 1 } }, ref: self }] },
      { type: "digest", from: self, version: "new" },
      { type: "find", query: {}, replyTo: self },
      { type: "register", key: "x".repeat(1_000), capabilities: {}, ref: self },
    ];
    for (const message of bad) remote.tell(message);
    await cluster.clock.pass(100);
    expect(refusals.map(({ error }) => error.code)).toEqual(bad.map(() => "bad-message"));
  });

  test("agrees with all others in the end, whatever was registered, ended and cut off", async () => {
    const step = fc.tuple(fc.constantFrom("register", "stop", "cut", "heal", "pass"), fc.nat(20));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { cluster, register, worker, find } = await setUp();
        const alive: { readonly peer: string; readonly ref: ActorRef<never> }[] = [];
        let cut: string | undefined;
        for (const [index, [action, n]] of steps.entries()) {
          const peer = cluster.peers[n % 3] ?? "a";
          if (action === "register") {
            const ref = worker(peer, `w${index}`);
            alive.push({ peer, ref });
            await register(peer, "stt", ref);
          }
          if (action === "stop") {
            const [one] = alive.splice(n % Math.max(1, alive.length), 1);
            if (one !== undefined) await cluster.clock.until(cluster.host(one.peer).system.stopActor(one.ref));
          }
          if (action === "cut" && cut === undefined) cluster.partitionOff((cut = peer));
          if (action === "heal" && cut !== undefined) {
            cluster.rejoin(cut);
            cut = undefined;
          }
          if (action === "pass") await cluster.clock.pass(100 * n);
        }
        if (cut !== undefined) cluster.rejoin(cut);
        await cluster.clock.pass(30_000);
        const expected = alive.map(({ ref }) => ref.address.replace(/#.*/, "")).toSorted();
        for (const peer of cluster.peers) expect(await find(peer, "stt")).toEqual(expected);
        await cluster.stop();
      }),
      { numRuns: 15 },
    );
  });
});
