/** A program's own actors, in each membership of its peer. */
import { createActorSystem, messageKinds, type ActorRef, type ActorSystem } from "@parley/actors";
import { describe, expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import { defineActor, growActors } from "../../src/extend/index.ts";
import { FakeCluster, fakePeerId } from "../fake-cluster.ts";
import { eventually } from "../support.ts";

interface Say {
  readonly type: "say";
  readonly text: string;
  readonly replyTo: ActorRef<string>;
}

const SELF = fakePeerId("B");

/** It counts what it was told in this life, and falls over a stone. */
const counter = defineActor<Say>(() => {
  let told = 0;
  return ({ text, replyTo }) => {
    if (text === "stone") throw new Error("fell");
    told += 1;
    replyTo.tell(`${text} ${told}`);
  };
});

function membership(): { readonly cluster: FakeCluster; join(): ActorSystem; leave(): Promise<void> } {
  const cluster = new FakeCluster();
  let system: ActorSystem | undefined;
  const listeners = new Set<() => void>();
  const change = (): void => {
    for (const listener of listeners) listener();
  };
  Object.defineProperty(cluster, "actors", { get: () => system });
  cluster.onChange = (changed: () => void) => {
    listeners.add(changed);
    return () => listeners.delete(changed);
  };
  return {
    cluster,
    join: () => {
      const joined = createActorSystem({ peer: SELF });
      onTestFinished(() => joined.stop());
      system = joined;
      change();
      return joined;
    },
    leave: async () => {
      const left = system;
      system = undefined;
      change();
      await left?.stop();
    },
  };
}

const say = (system: ActorSystem, name: string, text: string): Promise<string> =>
  system.resolve<Say>(`parley://${SELF}/app/${name}`).ask((replyTo) => ({ type: "say", text, replyTo }));

/** It is there, and was told nothing before. */
async function untilNew(system: ActorSystem, name: string): Promise<void> {
  await eventually(() => say(system, name, "hello").catch(() => "nobody")).toBe("hello 1");
}

describe("a program's own actors", () => {
  it("are there in each membership, anew, and not between two", async () => {
    const { cluster, join, leave } = membership();
    const stop = growActors({ one: counter, other: counter }, cluster);
    const first = join();
    await untilNew(first, "one");
    await untilNew(first, "other");
    expect(await say(first, "one", "b")).toBe("b 2");
    await leave();
    const second = join();
    await untilNew(second, "one");
    stop();
    await eventually(() => say(second, "one", "a").catch((error: unknown) => Object(error).code)).toBe("no-such-actor");
  });

  it("are started anew when they fail, as often as that is, and take no other along", async () => {
    const { cluster, join } = membership();
    growActors({ one: counter, other: counter }, cluster);
    const system = join();
    await untilNew(system, "other");
    await untilNew(system, "one");
    for (let n = 0; n < 4; n += 1) {
      await expect(say(system, "one", "stone")).rejects.toMatchObject({ code: "actor-failed" });
      await untilNew(system, "one");
    }
    expect(await say(system, "other", "b")).toBe("b 2");
  });

  it("see of what comes from other peers only what they accept", () => {
    const spawned: { accepts?: (message: unknown, from: string) => unknown }[] = [];
    const accepts = messageKinds<{ readonly type: "say"; readonly text: string }>("the counter", {
      say: z.object({ type: z.literal("say"), text: z.string() }),
    });
    defineActor(() => () => undefined, { accepts }).spawn((_, options) => void spawned.push(options), "one");
    counter.spawn((_, options) => void spawned.push(options), "two");
    expect(spawned).toMatchObject([
      { name: "one", restart: "permanent" },
      { name: "two", restart: "permanent" },
    ]);
    expect(spawned[0]?.accepts?.({ type: "say", text: "a" }, SELF)).toEqual({ type: "say", text: "a" });
    expect(() => spawned[0]?.accepts?.({ type: "say", text: 7 }, SELF)).toThrow("the counter");
    expect(spawned[1]?.accepts).toBeUndefined();
  });
});
