import { describe, expect, it } from "vitest";
import type { Cut } from "../../../src/testing/tcp/link.ts";
import { connected, eventually, introduce, named, Nodes } from "./support.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("a link that is cut", () => {
  it.each<[Cut, string[], string[]]>([
    ["out", ["after"], ["during", "after"]],
    ["in", ["during", "after"], ["after"]],
    ["both", ["after"], ["after"]],
  ])("%s loses what goes that way without a word, and works when it is healed", async (cut, toTwo, toOne) => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    one.transport.setLink(2, { cut });
    one.transport.send([named("during", 1, 2)]);
    two.transport.send([named("during", 2, 1)]);
    await pause(50);
    one.transport.setLink(2, {});
    one.transport.send([named("after", 1, 2)]);
    two.transport.send([named("after", 2, 1)]);
    await two.heard.until(() => two.heard.names.includes("after"));
    await one.heard.until(() => one.heard.names.includes("after"));
    expect(two.heard.names).toStrictEqual(toTwo);
    expect(one.heard.names).toStrictEqual(toOne);
    expect([...one.heard.events, ...two.heard.events]).toStrictEqual([]);
  });

  it("hides that the peer has ended until it is healed", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    one.transport.setLink(2, { cut: "in" });
    await two.transport.close();
    await eventually(() => one.transport.roundTripMs(2) === undefined);
    one.transport.send([named("lost", 1, 2)]);
    await pause(50);
    expect(one.heard.events).toStrictEqual([]);
    one.transport.setLink(2, {});
    await one.heard.until(() => one.heard.events.includes("gone 2"));
    await one.heard.until(() => one.heard.events.includes("unreachable 2"));
  });

  it("keeps connections from being made, also to a peer that is not known yet", async () => {
    await using nodes = new Nodes();
    const one = await nodes.start(1);
    const two = await nodes.start(2);
    one.transport.setLink(2, { cut: "both" });
    introduce(one, two);
    one.transport.send([named("lost", 1, 2)]);
    await pause(50);
    expect(one.transport.roundTripMs(2)).toBeUndefined();
    one.transport.setLink(2, {});
    await connected(one, 2);
    one.transport.send([named("found", 1, 2)]);
    await two.heard.until(() => two.heard.names.includes("found"));
    expect(two.heard.names).toStrictEqual(["found"]);
  });

  it("lets a peer in again that dialled meanwhile", async () => {
    await using nodes = new Nodes();
    const one = await nodes.start(1);
    const two = await nodes.start(2);
    one.transport.setLink(2, { cut: "both" });
    introduce(two, one);
    two.transport.send([named("lost", 2, 1)]);
    await pause(50);
    expect(two.transport.roundTripMs(1)).toBeUndefined();
    one.transport.setLink(2, {});
    await eventually(() => {
      two.transport.send([named("found", 2, 1)]);
      return one.heard.names.includes("found");
    });
    expect(one.heard.names).not.toContain("lost");
  });
});

describe("a link that is delayed", () => {
  it("brings everything later and in order, whatever the delay becomes", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair();
    const sent: string[] = [];
    for (const delayMs of [30, 5, 20, 0, 0]) {
      one.transport.setLink(2, { delayMs });
      for (let i = 0; i < 20; i += 1) {
        sent.push(`${sent.length}`);
        one.transport.send([named(`${sent.length - 1}`, 1, 2)]);
      }
      await pause(3);
    }
    await two.heard.until(() => two.heard.messages.length === sent.length);
    expect(two.heard.names).toStrictEqual(sent);
  });

  it("shows in the round trip", async () => {
    await using nodes = new Nodes();
    const [one] = await nodes.pair({ pingEveryMs: 5 });
    one.transport.setLink(2, { delayMs: 40 });
    await eventually(() => (one.transport.roundTripMs(2) ?? 0) > 30);
    one.transport.setLink(2, {});
    await eventually(() => (one.transport.roundTripMs(2) ?? Infinity) < 10);
    expect(one.heard.events).toStrictEqual([]);
  });

  it("holds no more than may wait, and loses what is on its way when it is cut", async () => {
    await using nodes = new Nodes();
    const [one, two] = await nodes.pair({ maxQueuedMessages: 10 });
    one.transport.setLink(2, { delayMs: 60 });
    for (let i = 0; i < 11; i += 1) one.transport.send([named(`${i}`, 1, 2)]);
    await one.heard.until(() => one.heard.events.includes("unreachable 2"));
    one.transport.setLink(2, { cut: "out" });
    await pause(100);
    one.transport.setLink(2, {});
    // What was lost no longer counts as waiting.
    for (let i = 0; i < 10; i += 1) one.transport.send([named("after", 1, 2)]);
    await two.heard.until(() => two.heard.messages.length === 10);
    expect(new Set(two.heard.names)).toStrictEqual(new Set(["after"]));
  });
});
