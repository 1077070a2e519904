import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ActorRef, isActorError, type StreamRef, type Terminated } from "../../../src/index.ts";
import { Child, type Near, startNear } from "./children.ts";
import type { Echo, Sounds } from "./host-process.ts";
import { Relay } from "./relay.ts";

async function meet(): Promise<{ readonly near: Near; readonly far: Child }> {
  const near = await startNear();
  const far = await Child.start({ peer: "far", port: 0, ports: { near: near.port } });
  near.ports.set("far", far.port);
  return { near, far };
}

function ask(near: Near, question: string, timeoutMs = 30_000): Promise<string> {
  const echo = near.system.resolve<Echo>("parley://far/echo");
  return echo.ask<string>((replyTo) => ({ question, replyTo }), { timeoutMs });
}

/** Asks until the host is there again. */
async function askAgain(near: Near): Promise<string> {
  for (;;) {
    try {
      return await ask(near, "again");
    } catch (error) {
      if (!isActorError(error, "peer-gone")) throw error;
      await new Promise(setImmediate);
    }
  }
}

function ended(near: Near): Promise<Terminated> {
  return new Promise((resolve) => {
    near.system.watch(near.system.resolve("parley://far/echo"), resolve);
  });
}

function stream(near: Near, count: number, bytes: number): AsyncIterable<Uint8Array> {
  const sounds = near.system.resolve<Sounds>("parley://far/sounds");
  return sounds.stream<Uint8Array>((replyTo: ActorRef<StreamRef<Uint8Array>>) => ({ count, bytes, replyTo }));
}

const peerGone = expect.objectContaining({ code: "peer-gone" });

describe("a host in a process of its own", () => {
  it("answers, and streams sound as it is", async () => {
    const { near } = await meet();
    expect(await ask(near, "there?")).toBe("re: there?");
    let index = 0;
    for await (const sound of stream(near, 100, 50_000)) {
      expect(sound.length).toBe(50_000);
      expect(sound.every((byte) => byte === (index & 0xff))).toBe(true);
      index += 1;
    }
    expect(index).toBe(100);
  });

  it("that is killed fails its questions, watches and streams at once: its closed connection tells", async () => {
    const { near, far } = await meet();
    const end = ended(near);
    const sounds = stream(near, 1_000_000, 1_000)[Symbol.asyncIterator]();
    await sounds.next();
    const unanswered = ask(near, "");
    await ask(near, "there?");
    void far.kill();
    await expect(unanswered).rejects.toThrow(peerGone);
    const { reason, error } = await end;
    expect(reason).toBe("peer-gone");
    expect(error?.message).not.toContain("silent");
    await expect(readAll(sounds)).rejects.toThrow(expect.objectContaining({ code: "stream-broken" }));
    await expect(ask(near, "anybody?")).rejects.toThrow(peerGone);
  });

  it("that stands still is found out by its silence, and is back when it goes on", async () => {
    const { near, far } = await meet();
    const end = ended(near);
    await ask(near, "there?");
    far.signal("SIGSTOP");
    const unanswered = ask(near, "well?");
    await expect(unanswered).rejects.toThrow(peerGone);
    expect((await end).error?.message).toContain("has been silent for");
    far.signal("SIGCONT");
    expect(await askAgain(near)).toBe("re: again");
  });

  it("whose wire is cut is found out by its silence, and is back when the wire is whole", async () => {
    const { near, far } = await meet();
    const relay = await Relay.to(far.port);
    onTestFinished(() => relay.close());
    near.ports.set("far", relay.port);
    const end = ended(near);
    await ask(near, "there?");
    relay.cut();
    await expect(ask(near, "well?")).rejects.toThrow(peerGone);
    expect((await end).error?.message).toContain("has been silent for");
    relay.mend();
    expect(await askAgain(near)).toBe("re: again");
  });

  it("is given every acknowledged message, though it is killed again and again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "parley-actors-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const ledger = join(folder, "ledger");
    const near = await startNear();
    let far = await Child.start({ peer: "far", port: 0, ports: { near: near.port }, ledger });
    const { port } = far;
    near.ports.set("far", port);
    const to = near.system.resolve<number>("parley://far/ledger");
    const acknowledged: number[] = [];
    const sending = send(to, 3_000, acknowledged);
    for (let kills = 1; kills <= 3; kills += 1) {
      while (acknowledged.length < kills * 500) await new Promise(setImmediate);
      await far.kill();
      far = await Child.start({ peer: "far", port, ports: { near: near.port }, ledger });
    }
    await sending;
    const kept = (await readFile(ledger, "utf8")).trim().split("\n").map(Number);
    expect(acknowledged).toStrictEqual(Array.from({ length: 3_000 }, (_, i) => i));
    expect([...new Set(kept)].toSorted((a, b) => a - b)).toStrictEqual(acknowledged);
    // Within one life each comes once and in order; only what was under way at a kill comes again.
    const steps = kept.slice(1).map((number, i) => number - (kept[i] ?? 0));
    expect(steps.filter((step) => step !== 1).every((step) => step <= 0)).toBe(true);
    expect(steps.filter((step) => step !== 1).length).toBeLessThanOrEqual(3);
  });
});

/** Keeps up to 100 under way. */
async function send(to: ActorRef<number>, count: number, acknowledged: number[]): Promise<void> {
  const underWay: Promise<void>[] = [];
  for (let number = 0; number < count; number += 1) {
    const offered = to.offer(number, { acknowledged: true, timeoutMs: 60_000 });
    underWay.push(note(offered, number, acknowledged));
    if (underWay.length >= 100) await underWay.shift();
  }
  await Promise.all(underWay);
}

async function note(offered: Promise<void>, number: number, acknowledged: number[]): Promise<void> {
  await offered;
  acknowledged.push(number);
}

async function readAll(items: AsyncIterator<unknown>): Promise<void> {
  for (;;) if ((await items.next()).done === true) return;
}
