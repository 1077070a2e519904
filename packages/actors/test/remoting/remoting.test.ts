import { describe, expect, it } from "vitest";
import { type ActorRef, DEFAULT_PHI_ACCRUAL, isActorError, type Terminated } from "../../src/index.ts";
import { anything, Hosts, type Note, notebook, outcome } from "./hosts.ts";

describe("messages between hosts", () => {
  it("arrive in order, also while the connection is only being made", async () => {
    const hosts = new Hosts();
    const [left, right] = [await hosts.start("left"), await hosts.start("right")];
    const kept: string[] = [];
    notebook(right, "notes", kept);
    const notes = left.system.resolve<Note>("parley://right/notes");
    for (let i = 0; i < 50; i += 1) expect(notes.tell({ text: String(i) })).toBeUndefined();
    await hosts.clock.pass(5);
    for (let i = 50; i < 100; i += 1) expect(notes.tell({ text: String(i) })).toBeUndefined();
    await hosts.clock.pass(100);
    expect(kept).toStrictEqual(Array.from({ length: 100 }, (_, i) => String(i)));
    expect(left.changes).toMatchObject([{ peer: "right", state: "up", incarnation: right.remoting.incarnation }]);
    expect(right.changes).toMatchObject([{ peer: "left", state: "up", incarnation: left.remoting.incarnation }]);
  });

  it("are answered, and references in them lead back and on to a third host", async () => {
    const hosts = new Hosts();
    const [left, right, third] = [await hosts.start("left"), await hosts.start("right"), await hosts.start("third")];
    const kept: string[] = [];
    notebook(right, "notes", kept);
    notebook(third, "notes", kept);
    const notes = left.system.resolve<Note>("parley://right/notes");
    const asked = notes.ask<string>((replyTo) => ({ question: "where?", replyTo }));
    expect(await hosts.clock.until(asked)).toBe("re: where?");
    // The right host is told to introduce the third, whose reference it has never seen.
    right.system.spawn<{ readonly who: ActorRef<Note> }>(
      () =>
        ({ who }) => {
          who.tell({ text: `hello ${who.address}` });
        },
      { name: "greeter", accepts: anything() },
    );
    const who = left.system.resolve<Note>("parley://third/notes");
    left.system.resolve<{ who: ActorRef<Note> }>("parley://right/greeter").tell({ who });
    await hosts.clock.pass(50);
    expect(kept).toStrictEqual(["hello parley://third/notes"]);
  });

  it("that both hosts begin with at once lead to one connection", async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const hosts = new Hosts(seed);
      const [left, right] = [await hosts.start("left"), await hosts.start("right")];
      const [keptLeft, keptRight]: [string[], string[]] = [[], []];
      notebook(left, "notes", keptLeft);
      notebook(right, "notes", keptRight);
      left.system.resolve<Note>("parley://right/notes").tell({ text: "to the right" });
      if (seed % 2 === 0) await hosts.clock.pass((seed % 7) / 3);
      right.system.resolve<Note>("parley://left/notes").tell({ text: "to the left" });
      await hosts.clock.pass(200);
      expect([keptLeft, keptRight]).toStrictEqual([["to the left"], ["to the right"]]);
      expect([left.changes.length, right.changes.length]).toStrictEqual([1, 1]);
      await hosts.stop();
    }
  });

  it("come with the host that sent them, whether it waits for an answer or not", async () => {
    const hosts = new Hosts();
    const [left, right, third] = [await hosts.start("left"), await hosts.start("right"), await hosts.start("third")];
    const senders: string[] = [];
    right.system.spawn<string>(() => () => undefined, {
      name: "porter",
      accepts: (message, from) => {
        senders.push(`${String(message)} ${from}`);
        return String(message);
      },
    });
    const porterFrom = ({ system }: typeof left): ActorRef<string> => system.resolve("parley://right/porter");
    porterFrom(left).tell("told");
    await hosts.clock.pass(50);
    await hosts.clock.until(porterFrom(third).offer("offered", { timeoutMs: 1_000 }));
    expect(senders).toStrictEqual(["told left", "offered third"]);
  });

  it("are refused with the reason when nobody takes them", async () => {
    const hosts = new Hosts();
    const [left, right] = [await hosts.start("left"), await hosts.start("right")];
    right.system.spawn(() => () => undefined, { name: "closed" });
    right.system.spawn<string>(() => () => undefined, {
      name: "picky",
      accepts: (message) => {
        if (typeof message === "string") return message;
        throw new TypeError("only texts");
      },
    });
    const ask = (name: string): Promise<string> =>
      outcome(hosts.clock.until(left.system.resolve(`parley://right/${name}`).ask((replyTo) => ({ replyTo }))));
    expect(await ask("nobody")).toBe("no-such-actor");
    expect(await ask("closed")).toBe("bad-message");
    expect(await ask("picky")).toBe("bad-message");
    left.system.resolve("parley://right/nobody").tell({ text: "told" });
    await hosts.clock.pass(50);
    expect(left.refusals).toMatchObject([{ address: "parley://right/nobody", error: { code: "no-such-actor" } }]);
  });

  it("are refused at once when they cannot travel", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left");
    await hosts.start("right", { limits: { maxFrameBytes: 1_000 } });
    const notes = left.system.resolve<unknown>("parley://right/notes");
    expect(notes.tell(() => 1)).toMatchObject({ code: "bad-message" });
    expect(notes.tell(new Uint8Array(20 * 1024 * 1024))).toMatchObject({ code: "too-large" });
    expect(await outcome(notes.offer(Symbol("s")))).toBe("bad-message");
    // What the other host takes is known once there is a connection.
    notes.tell("hello");
    await hosts.clock.pass(50);
    expect(notes.tell(new Uint8Array(1_000))).toMatchObject({ code: "too-large" });
    expect(await outcome(hosts.clock.until(notes.offer(new Uint8Array(1_000))))).toBe("too-large");
    expect(await outcome(hosts.clock.until(notes.ask(() => new Uint8Array(1_000))))).toBe("too-large");
  });

  it("wait in bounded queues, and are refused beyond", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left", { limits: { maxQueuedFrames: 10 } });
    const right = await hosts.start("right");
    const kept: string[] = [];
    notebook(right, "notes", kept);
    const notes = left.system.resolve<Note>("parley://right/notes");
    const refusals = (): readonly unknown[] => {
      const all = Array.from({ length: 200 }, () => notes.tell({ text: "x".repeat(20_000) }));
      return all.filter((refused) => refused !== undefined);
    };
    expect(refusals()).toHaveLength(190);
    await hosts.clock.pass(500);
    expect(kept).toHaveLength(10);
    const refused = refusals();
    expect(refused.length).toBeGreaterThan(100);
    expect(refused[0]).toMatchObject({ code: "mailbox-full" });
    await hosts.clock.pass(500);
    expect(kept).toHaveLength(10 + 200 - refused.length);
  });
});

describe("a host that cannot be reached", () => {
  it("fails questions at once, and later ones too, until it is there", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left");
    const notes = left.system.resolve<Note>("parley://right/notes");
    const ask = (): Promise<string> => outcome(notes.ask<string>((replyTo) => ({ question: "?", replyTo })));
    expect(await hosts.clock.until(ask())).toBe("peer-gone");
    expect(hosts.clock.nowMs()).toBeLessThan(10);
    // It is not dialled again at once: the answer comes without waiting.
    const before = hosts.clock.timers;
    expect(await ask()).toBe("peer-gone");
    expect(hosts.clock.timers).toBe(before);
    notebook(await hosts.start("right"), "notes", []);
    await hosts.clock.pass(100);
    expect(await hosts.clock.until(ask())).toBe("ok re: ?");
  });

  it("and does not answer a dial fails questions within a second", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left");
    await hosts.start("right");
    hosts.network.partition(["left"], ["right"]);
    const notes = left.system.resolve<Note>("parley://right/notes");
    notes.tell({ text: "lost" });
    const asked = outcome(notes.ask<string>((replyTo) => ({ question: "?", replyTo })));
    expect(await hosts.clock.until(asked)).toBe("peer-gone");
    expect(hosts.clock.nowMs()).toBeLessThan(1_000);
    expect(left.refusals).toMatchObject([{ address: "parley://right/notes", error: { code: "peer-gone" } }]);
    hosts.network.heal();
  });

  it("has certainly not got what waited for it; of what was sent before the connection broke nobody knows", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left");
    const notes = left.system.resolve<Note>("parley://right/notes");
    const isUnsent = (sent: Promise<unknown>): Promise<unknown> =>
      hosts.clock.until(
        sent.then(
          () => "answered",
          (error: unknown) => (isActorError(error, "peer-gone") ? error.isUnsent : error),
        ),
      );
    const ask = (): Promise<unknown> => isUnsent(notes.ask((replyTo) => ({ question: "?", replyTo })));
    const inFirstDial = [ask(), isUnsent(notes.offer({ text: "1" }))];
    expect(await Promise.all(inFirstDial)).toStrictEqual([true, true]);
    const beforeTheNext = [ask(), isUnsent(notes.offer({ text: "2" }))];
    expect(await Promise.all(beforeTheNext)).toStrictEqual([true, true]);
    expect(notes.tell({ text: "3" })).toMatchObject({ code: "peer-gone", isUnsent: true });
    const right = await hosts.start("right");
    right.system.spawn(() => () => undefined, { name: "notes", accepts: anything() });
    await hosts.clock.pass(100);
    const onItsWay = [ask(), ask()];
    await hosts.clock.pass(20);
    hosts.kill("right");
    expect(await Promise.all(onItsWay)).toStrictEqual([false, false]);
  });

  it("and was not allowed is not dialled, and not let in", async () => {
    const hosts = new Hosts();
    const left = await hosts.start("left", { allows: (peer) => peer !== "right" });
    const right = await hosts.start("right");
    notebook(left, "notes", []);
    notebook(right, "notes", []);
    expect(left.system.resolve<Note>("parley://right/notes").tell({ text: "x" })).toMatchObject({ code: "peer-gone" });
    const asked = right.system
      .resolve<Note>("parley://left/notes")
      .ask<string>((replyTo) => ({ question: "?", replyTo }));
    expect(await outcome(hosts.clock.until(asked))).toBe("peer-gone");
    expect(left.changes).toStrictEqual([]);
  });
});

/** Watches from `left`, and collects what comes of it. */
async function watching(hosts: Hosts): Promise<{
  readonly left: Awaited<ReturnType<Hosts["start"]>>;
  readonly right: Awaited<ReturnType<Hosts["start"]>>;
  readonly target: ActorRef<Note>;
  readonly ends: Terminated[];
}> {
  const [left, right] = [await hosts.start("left"), await hosts.start("right")];
  const target = left.system.resolve<Note>(notebook(right, "notes", []).address);
  const ends: Terminated[] = [];
  left.system.watch(target, (terminated) => ends.push(terminated));
  await hosts.clock.pass(20);
  expect(right.remoting.peers()).toMatchObject([{ peer: "left", watchedHere: 1 }]);
  return { left, right, target, ends };
}

describe("death watch between hosts", () => {
  it("tells of the end of an actor, and of none that never was", async () => {
    const hosts = new Hosts();
    const { left, right, ends } = await watching(hosts);
    left.system.watch(left.system.resolve("parley://right/nobody"), (terminated) => ends.push(terminated));
    await hosts.clock.pass(20);
    expect(ends).toMatchObject([{ reason: "no-such-actor" }]);
    const here = right.system.resolve<Note>("parley://right/notes");
    await hosts.clock.until(right.system.stop());
    await hosts.clock.pass(20);
    expect(ends).toMatchObject([{ reason: "no-such-actor" }, { reason: "stopped" }]);
    expect(here.tell({ text: "late" })).toMatchObject({ code: "no-such-actor" });
  });

  it("comes after all that the actor had sent, whatever its lane", async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const hosts = new Hosts(seed);
      const [left, right] = [await hosts.start("left"), await hosts.start("right")];
      hosts.network.setWeather("right", "left", { jitterMs: 30, stall: 0.2, stallMs: 60 });
      const events: string[] = [];
      const notes = left.system.spawn<{ readonly text: string }>(
        () =>
          ({ text }) => {
            events.push(text);
          },
        { accepts: anything() },
      );
      right.system.spawn<ActorRef<{ readonly text: string }>>(
        (context) => (to) => {
          for (let i = 0; i < 20; i += 1) to.tell({ text: String(i) });
          context.stop();
        },
        { name: "talker", accepts: anything(), restart: "temporary" },
      );
      const talker = left.system.resolve<ActorRef<{ readonly text: string }>>("parley://right/talker");
      left.system.watch(talker, ({ reason }) => events.push(reason));
      await hosts.clock.pass(100);
      talker.tell(notes);
      await hosts.clock.pass(2_000);
      expect(events).toStrictEqual([...Array.from({ length: 20 }, (_, i) => String(i)), "stopped"]);
      await hosts.stop();
    }
  });

  it("tells at once when the host dies, and questions fail", async () => {
    const hosts = new Hosts();
    const { left, target, ends } = await watching(hosts);
    left.system.spawn(() => () => undefined);
    const silent = outcome(target.ask(() => ({ text: "no answer" }), { timeoutMs: 60_000 }));
    hosts.kill("right");
    await hosts.clock.pass(5);
    expect(ends).toMatchObject([{ reason: "peer-gone", error: { code: "peer-gone" } }]);
    expect(await silent).toBe("peer-gone");
    expect(left.changes.map(({ state }) => state)).toStrictEqual(["up", "down"]);
  });

  it("tells within a second when the host falls silent, on both sides", async () => {
    const hosts = new Hosts();
    const { left, right, ends } = await watching(hosts);
    await hosts.clock.pass(10_000);
    expect(ends).toStrictEqual([]);
    hosts.network.partition(["left"], ["right"]);
    const cutMs = hosts.clock.nowMs();
    await hosts.clock.pass(DEFAULT_PHI_ACCRUAL.minSilenceMs - DEFAULT_PHI_ACCRUAL.heartbeatIntervalMs - 5);
    expect(ends).toStrictEqual([]);
    // Not only with the next beat after that.
    await hosts.clock.pass(DEFAULT_PHI_ACCRUAL.heartbeatIntervalMs + 10);
    expect(ends).toMatchObject([{ reason: "peer-gone" }]);
    expect(hosts.clock.nowMs() - cutMs).toBeLessThan(1_000);
    expect([left, right].map(({ changes }) => changes.at(-1)?.state)).toStrictEqual(["down", "down"]);
  });

  it("does not blame the peer for what this host itself was late to read", async () => {
    const hosts = new Hosts();
    let lateMs = 0;
    const { clock } = hosts;
    const left = await hosts.start("left", {
      clock: {
        nowMs: () => clock.nowMs(),
        after: (delayMs, run) => clock.after(delayMs + lateMs, run),
        soon: (run) => clock.soon(run),
        later: (run) => clock.later(run),
      },
    });
    const patient = { minSilenceMs: 60_000, maxSilenceMs: 60_000 };
    notebook(await hosts.start("right", { failureDetector: patient }), "notes", []);
    const ends: Terminated[] = [];
    left.system.watch(left.system.resolve("parley://right/notes"), (end) => ends.push(end));
    await clock.pass(1_000);
    // As if the process had been stopped: no timer runs and nothing is read, until some moments after the timers.
    lateMs = 3_000;
    await clock.pass(60);
    hosts.network.cut("right", "left");
    lateMs = 0;
    await clock.pass(3_010);
    hosts.network.mend("right", "left");
    await clock.pass(2_000);
    expect(ends).toStrictEqual([]);
    expect(left.changes).toMatchObject([{ state: "up" }]);
  });

  it("tells when the peer is declared down, and it stays out until it is started anew", async () => {
    const hosts = new Hosts();
    const { left, right, target, ends } = await watching(hosts);
    left.remoting.declareDown("right", "the members say so");
    await hosts.clock.pass(20);
    expect(ends).toMatchObject([{ reason: "peer-gone" }]);
    const back = right.system.resolve<Note>("parley://left/anybody");
    expect(await outcome(hosts.clock.until(back.ask(() => ({ text: "?" }))))).toBe("peer-gone");
    await hosts.clock.until(right.system.stop());
    await hosts.clock.until(right.remoting.close());
    const again = await hosts.start("right");
    notebook(again, "notes", []);
    const asked = left.system
      .resolve<Note>("parley://right/notes")
      .ask<string>((replyTo) => ({ question: "?", replyTo }));
    expect(await outcome(hosts.clock.until(asked))).toBe("ok re: ?");
    // What led to the old life does not lead to the new one.
    expect(await outcome(hosts.clock.until(target.ask(() => ({ text: "?" }))))).toBe("no-such-actor");
  });

  it("can be given up, and the other host forgets it", async () => {
    const hosts = new Hosts();
    const [left, right] = [await hosts.start("left"), await hosts.start("right")];
    notebook(right, "notes", []);
    const ends: Terminated[] = [];
    const unwatch = left.system.watch(left.system.resolve("parley://right/notes"), (end) => ends.push(end));
    await hosts.clock.pass(20);
    unwatch();
    await hosts.clock.pass(20);
    expect(right.remoting.peers()).toMatchObject([{ watchedHere: 0 }]);
    hosts.kill("right");
    await hosts.clock.pass(20);
    expect(ends).toStrictEqual([]);
  });

  it("is answered for a host that was started anew, which nobody had noticed", async () => {
    const hosts = new Hosts();
    const { left, ends } = await watching(hosts);
    hosts.network.partition(["left"], ["right"]);
    hosts.kill("right");
    hosts.network.heal();
    const again = await hosts.start("right");
    // The new life speaks first.
    again.system.resolve<Note>("parley://left/nobody").tell({ text: "I am new" });
    await hosts.clock.pass(100);
    expect(ends).toMatchObject([{ reason: "peer-gone" }]);
    expect(left.changes.map(({ state }) => state)).toStrictEqual(["up", "down", "up"]);
    expect(left.changes.at(-1)?.incarnation).toBe(again.remoting.incarnation);
  });
});

describe("a host that leaves", () => {
  it("says so, after what it had sent", async () => {
    const hosts = new Hosts();
    const { left, right, ends } = await watching(hosts);
    const kept: string[] = [];
    notebook(left, "notes", kept);
    const notes = right.system.resolve<Note>("parley://left/notes");
    for (let i = 0; i < 30; i += 1) notes.tell({ text: String(i) });
    await hosts.clock.until(right.remoting.close());
    await hosts.clock.pass(20);
    expect(kept).toHaveLength(30);
    expect(ends).toMatchObject([{ reason: "peer-gone" }]);
    expect(left.changes.at(-1)?.error?.message).toContain("has left");
    expect(notes.tell({ text: "late" })).toMatchObject({ code: "peer-gone" });
    expect(await outcome(notes.offer({ text: "late" }, { acknowledged: true }))).toBe("peer-gone");
    expect(await outcome(notes.ask(() => ({ text: "late" })))).toBe("peer-gone");
    await hosts.clock.pass(60_000);
    expect(left.remoting.peers()).toMatchObject([{ state: "idle", outbox: 0 }]);
  });

  it("has left when its system has stopped, also when that gave up by itself", async () => {
    const hosts = new Hosts();
    const { left, right, ends } = await watching(hosts);
    const silent = left.system.resolve<Note>("parley://right/silent");
    const waiting = outcome(silent.ask<string>(() => ({ text: "?" })));
    right.system.spawn<Note>(() => () => undefined, { name: "silent", accepts: anything<Note>() });
    const crashing = right.system.spawn<Note>(
      () => () => {
        throw new Error("no");
      },
      { restart: "permanent" },
    );
    await hosts.clock.pass(20);
    for (let crashes = 0; crashes < 50; crashes += 1) crashing.tell({ text: "crash" });
    expect((await hosts.clock.until(right.system.stopped))?.code).toBe("restart-limit");
    expect(await hosts.clock.until(waiting)).toBe("peer-gone");
    expect(ends).toHaveLength(1);
    expect(left.changes.at(-1)?.error?.message).toContain("has left");
    // Whoever closes it all the same waits for the same end.
    const [first, second] = [right.remoting.close(), right.remoting.close()];
    expect(first).toBe(second);
    await first;
  });

  it("leaves no timers behind", async () => {
    const hosts = new Hosts();
    const { left, right } = await watching(hosts);
    for (const { system } of [left, right]) await hosts.clock.until(system.stop());
    await hosts.clock.pass(1_000);
    expect(hosts.clock.timers).toBe(0);
  });
});
