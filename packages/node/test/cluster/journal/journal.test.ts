import { isActorError } from "@parley/actors";
import { describe, expect, it } from "vitest";
import type { Journal } from "../../../src/cluster/journal/port.ts";
import type { TurnRecord } from "../../../src/cluster/journal/records.ts";
import { keyOf, nameOf, open } from "../../../src/cluster/journal/sealing.ts";
import { decodeCommand } from "../../../src/cluster/state/codec.ts";
import { until } from "../../mesh/host/hosts.ts";
import { snapshotBytes } from "../state/support.ts";
import { JournalWorld, SCOPE, SESSION, stampOf, TIMEOUT } from "./world.ts";

const PEERS = ["a", "b", "c"];
const ACCEPTED = { workId: "work-1", kind: "ask", question: "how long do eggs take?", atMs: 1_000 } as const;

function sentence(index: number, text = `sentence ${index}`): TurnRecord {
  return { type: "sentence", index, text };
}

async function spoken(journal: Journal, ...sentences: readonly number[]): Promise<void> {
  journal.begin(ACCEPTED);
  for (const index of sentences) journal.append(sentence(index));
  await journal.flush();
}

describe("a session's journal", () => {
  it("lets another host go on where the one that died was", async () => {
    const world = await JournalWorld.of(PEERS);
    await spoken(world.open("a", 1), 0, 1);
    await world.kill("a");
    const next = world.open("b", 2);
    expect(await next.found()).toEqual({
      kept: undefined,
      turn: { accepted: { type: "accepted", ...ACCEPTED }, records: [sentence(0), sentence(1)] },
      lost: { kept: undefined, turn: undefined },
    });
    next.append(sentence(2));
    await next.flush();
    await world.kill("b").catch(() => undefined);
  });

  it("is known by itself to a host that nobody can reach, as far as it had come there: nobody is asked, or kept from going on", async () => {
    const world = await JournalWorld.of(PEERS);
    const owner = world.open("b", 1);
    await spoken(owner, 0);
    owner.settle({ history: ["eggs"] });
    await spoken(owner, 1);
    const at = world.host("a");
    await until(() => at.shared.now.journals.get(SESSION)?.records?.length === 1, "what was written last");
    world.isolate("a");
    const known = {
      kept: { value: { history: ["eggs"] } },
      turn: { accepted: { type: "accepted", ...ACCEPTED }, records: [sentence(1)] },
      lost: { kept: undefined, turn: undefined },
    };
    expect(await at.journals.known(SESSION)).toEqual(known);
    // As often as it is asked: its keys are copies.
    expect(await at.journals.known(SESSION)).toEqual(known);
    expect(await at.journals.known("another")).toMatchObject({ kept: undefined, turn: undefined });
    owner.append(sentence(2));
    await owner.flush();
    expect(owner.position).toMatchObject({ state: "written", why: undefined });
    world.heal("a");
  });

  it("is not known to a host that keeps no keys", async () => {
    const world = await JournalWorld.of(PEERS);
    world.electorate = [["b", "c"]];
    await spoken(world.open("b", 1), 0);
    const at = world.host("a");
    await until(() => at.shared.now.journals.get(SESSION)?.records?.length === 1, "what was written");
    expect(await at.journals.known(SESSION)).toMatchObject({ turn: undefined, lost: { turn: "keys-lost" } });
  });

  it("is gone on with by one host after the other, and then keeps what the turn has left", async () => {
    const world = await JournalWorld.of(["a", "b", "c", "d", "e"]);
    await spoken(world.open("a", 1), 0);
    await world.kill("a");
    const second = world.open("b", 2);
    await second.found();
    second.append(sentence(1));
    await second.flush();
    await world.kill("b");
    const third = world.open("c", 3);
    expect((await third.found()).turn?.records).toEqual([sentence(0), sentence(1)]);
    third.settle({ history: ["eggs", "four minutes"] });
    await third.flush();
    const found = await world.open("d", 4).found();
    expect(found).toMatchObject({ kept: { value: { history: ["eggs", "four minutes"] } }, turn: undefined });
  });

  it("writes nothing, and lets nobody wait, until all members' software knows journals", async () => {
    const world = await JournalWorld.of(PEERS, 1);
    const before = world.log.length;
    const journal = world.open("a", 1);
    expect(await journal.found()).toMatchObject({ kept: undefined, turn: undefined });
    await spoken(journal, 0);
    journal.settle({});
    await journal.flush();
    expect(journal.position).toMatchObject({ state: "off", why: "version", commits: 0 });
    expect(await world.host("a").journals.memory.load(stampOf(1)(), { signal: new AbortController().signal })).toEqual(
      [],
    );
    journal.end();
    await journal.flush();
    expect(world.log.length).toBe(before);
  });

  it("begins with the first turn after they all know it", async () => {
    const world = await JournalWorld.of(PEERS, 1);
    const journal = world.open("a", 1);
    await spoken(journal, 0);
    const { shared } = world.host("a");
    for (const peer of PEERS) {
      const record = shared.now.records.get(peer);
      if (record !== undefined) await shared.submit({ type: "describe", peer, knows: 2, record }, TIMEOUT);
    }
    await shared.submit({ type: "raise-version", to: 2 }, TIMEOUT);
    journal.append(sentence(1));
    await journal.flush();
    expect(shared.now.journals.size).toBe(0);
    journal.settle({ n: 1 });
    await spoken(journal, 0);
    expect(journal.position).toMatchObject({ state: "written", records: 2 });
    expect(await world.open("b", 2).found()).toMatchObject({
      kept: { value: { n: 1 } },
      turn: { records: [sentence(0)] },
    });
  });

  it("writes what comes in one breath, and while a write is under way, together", async () => {
    const world = await JournalWorld.of(PEERS);
    const journal = world.open("a", 1);
    journal.begin(ACCEPTED);
    for (let i = 0; i < 50; i += 1) journal.append(sentence(i));
    const first = journal.flush();
    await until(() => world.log.some((each) => each[0] === 2), "the first write");
    for (let i = 50; i < 100; i += 1) journal.append(sentence(i));
    await Promise.all([first, journal.flush()]);
    expect(journal.position).toMatchObject({ commits: 2, records: 101, state: "written" });
    await world.kill("a");
    const found = await world.open("b", 2).found();
    expect(found.turn?.records).toEqual(Array.from({ length: 100 }, (_, i) => sentence(i)));
  });

  it("tells a host that somebody else goes on, and takes nothing of it any more", async () => {
    const world = await JournalWorld.of(PEERS);
    const old = world.open("a", 1);
    await spoken(old, 0);
    const next = world.open("b", 2);
    await next.found();
    old.append(sentence(9));
    await expect(old.flush()).rejects.toMatchObject({ code: "stale-epoch" });
    expect(old.overtaken.aborted).toBe(true);
    expect(isActorError(old.overtaken.reason, "stale-epoch")).toBe(true);
    expect(old.position).toMatchObject({ state: "off", why: "overtaken" });
    old.settle({ mine: true });
    next.append(sentence(1));
    await next.flush();
    const found = await world.open("c", 3).found();
    expect(found).toMatchObject({ kept: undefined, turn: { records: [sentence(0), sentence(1)] } });
  });

  it("says that nobody agrees, keeps what waits, and writes all of it once they do again", async () => {
    const world = await JournalWorld.of(PEERS);
    const journal = world.open("a", 1);
    await spoken(journal, 0);
    expect(journal.isWaiting).toBe(false);
    world.isolate("a");
    journal.append(sentence(1));
    expect(journal.isWaiting).toBe(true);
    await expect(journal.flush()).rejects.toMatchObject({ code: "no-quorum" });
    expect(journal.position).toMatchObject({ state: "behind", why: "no-quorum" });
    journal.append(sentence(2));
    const given = new AbortController();
    const flushing = journal.flush(given.signal);
    given.abort(new Error("not wanted any more"));
    await expect(flushing).rejects.toThrow("not wanted any more");
    world.heal("a");
    await until(() => journal.position.state === "written");
    await world.kill("a");
    expect((await world.open("b", 2).found()).turn?.records).toEqual([sentence(0), sentence(1), sentence(2)]);
  });

  it("writes of turns that ended without a quorum only what the last one has left", async () => {
    const world = await JournalWorld.of(PEERS);
    const journal = world.open("a", 1);
    await spoken(journal, 0);
    world.isolate("a");
    for (let i = 1; i <= 3; i += 1) {
      journal.settle({ turns: i });
      journal.begin(ACCEPTED);
      journal.append(sentence(i));
    }
    world.heal("a");
    await until(() => journal.position.state === "written" && journal.position.records === 2);
    // Perhaps one that was under way, the last that was kept, and the turn at hand; with those before.
    expect(journal.position.commits).toBeLessThanOrEqual(4);
    expect(await world.open("b", 2).found()).toMatchObject({
      kept: { value: { turns: 3 } },
      turn: { records: [sentence(3)] },
    });
  });

  it("writes nothing of a turn that may not leave its host", async () => {
    const world = await JournalWorld.of(PEERS);
    const journal = world.open("a", 1);
    journal.begin({ ...ACCEPTED, privacy: "host" });
    journal.append(sentence(0));
    await journal.flush();
    expect(journal.position).toMatchObject({ state: "off", why: "private" });
    expect(world.host("a").shared.now.journals.size).toBe(0);
    expect(world.host("b").store.size).toBe(0);
    journal.settle({ n: 1 });
    await spoken(journal, 1);
    expect(await world.open("b", 2).found()).toMatchObject({
      kept: { value: { n: 1 } },
      turn: { records: [sentence(1)] },
    });
  });

  it("says that a turn is too long, and begins anew with the next", async () => {
    const world = await JournalWorld.of(PEERS);
    const journal = world.open("a", 1);
    await spoken(journal, 0);
    for (let i = 1; i <= 3; i += 1) {
      journal.append(sentence(i, "x".repeat(60_000)));
      await journal.flush().catch((error: unknown) => expect(error).toMatchObject({ code: "journal-full" }));
    }
    await expect(journal.flush()).rejects.toMatchObject({ code: "journal-full" });
    expect(journal.position).toMatchObject({ state: "off", why: "full", records: 4 });
    journal.settle("x".repeat(200_000));
    await journal.flush();
    expect(journal.position).toMatchObject({ state: "off", why: "full" });
    journal.settle({ n: 1 });
    await spoken(journal, 7);
    expect(journal.position).toMatchObject({ state: "written" });
    expect(await world.open("b", 2).found()).toMatchObject({
      kept: { value: { n: 1 } },
      turn: { records: [sentence(7)] },
    });
  });

  it("goes on in one life of a session after the other in the same stay, in their order", async () => {
    const world = await JournalWorld.of(PEERS);
    const first = world.open("a", 1);
    await spoken(first, 0);
    first.append(sentence(1));
    const second = world.open("a", 1);
    const found = await second.found();
    expect([1, 2]).toContain(found.turn?.records.length);
    second.append(sentence(2));
    await second.flush();
    await expect(first.flush()).rejects.toMatchObject({ code: "interrupted" });
    const records = (await world.open("b", 2).found()).turn?.records ?? [];
    expect(records).toEqual([...(found.turn?.records ?? []), sentence(2)]);
  });

  it("is no more once the session has ended, also when its host's stay is over by then", async () => {
    const world = await JournalWorld.of(PEERS);
    const { journals } = world.host("a");
    let isOver = false;
    const journal = journals.open(SESSION, () => {
      if (isOver) throw new Error("the stay is over");
      return stampOf(1)();
    });
    await spoken(journal, 0);
    journal.end();
    isOver = true;
    const again = world.open("a", 1);
    expect(await again.found()).toMatchObject({ kept: undefined, turn: undefined });
    await spoken(again, 4);
    expect(await world.open("b", 2).found()).toMatchObject({ turn: { records: [sentence(4)] } });
  });

  it("that cannot be ended yet lets the next life of its session wait, and not for ever", async () => {
    const world = await JournalWorld.of(PEERS);
    const journal = world.open("a", 1);
    await spoken(journal, 0);
    world.isolate("a");
    journal.end();
    const again = world.open("a", 1);
    await expect(again.found()).rejects.toMatchObject({ code: "no-quorum" });
    world.heal("a");
    expect(await again.found()).toMatchObject({ kept: undefined, turn: undefined });
    expect(world.host("a").shared.now.journals.size).toBe(0);
  });

  it("wakes sessions where their shard goes, and stops whoever had it", async () => {
    const world = await JournalWorld.of(PEERS);
    const journal = world.open("a", 1);
    await spoken(journal, 0);
    const { signal } = new AbortController();
    const { memory } = world.host("b").journals;
    expect(await memory.load({ scope: "sessions/9", kind: "epoch", token: 1 }, { signal })).toEqual([]);
    expect(await memory.load(stampOf(2)(), { signal })).toEqual([SESSION]);
    await expect(memory.load(stampOf(1)(), { signal })).rejects.toMatchObject({ code: "stale-epoch" });
    journal.append(sentence(1));
    await expect(journal.flush()).rejects.toMatchObject({ code: "stale-epoch" });
    expect(world.host("c").journals.all()).toMatchObject([
      { session: SESSION, scope: SCOPE, isInTurn: true, entries: 1 },
    ]);
  });
});

describe("what a turn has written", () => {
  it("can be read by nobody once it has ended, with all that was ever agreed on and all that anybody remembers", async () => {
    const world = await JournalWorld.of(PEERS);
    const journal = world.open("a", 1);
    await spoken(journal, 0, 1);
    const during = await readable(world);
    expect(during.records).toBe(1);
    journal.settle({ history: ["eggs"] });
    await journal.flush();
    await until(() => PEERS.every((peer) => world.host(peer).shared.now.journals.get(SESSION)?.records === undefined));
    const after = await readable(world);
    expect(after).toEqual({ records: 0, kept: 1 });
    journal.begin(ACCEPTED);
    journal.settle({ history: ["milk"] });
    await journal.flush();
    await until(async () => (await readable(world)).kept === 1);
    journal.end();
    await journal.flush();
    await until(() => PEERS.every((peer) => world.host(peer).store.size === 0));
    expect(await readable(world)).toEqual({ records: 0, kept: 0 });
  });

  it("stands nowhere as it was said", async () => {
    const world = await JournalWorld.of(PEERS);
    const journal = world.open("a", 1);
    await spoken(journal, 0);
    journal.settle({ history: ["how long do eggs take?"] });
    await journal.flush();
    const all = Buffer.concat([...world.log, snapshotBytes(world.host("b").shared.now)]).toString("latin1");
    expect(all.includes("eggs")).toBe(false);
    expect(all.includes("sentence")).toBe(false);
    expect(all.includes("work-1")).toBe(false);
  });
});

/** How many different entries of all that was ever written any key opens that anybody has. */
async function readable(world: JournalWorld): Promise<{ readonly records: number; readonly kept: number }> {
  const keys = [...world.hosts.values()].flatMap(({ store }) =>
    [...store.all()].flatMap(([, turns]) => turns.flatMap(({ records, kept }) => [records, kept])),
  );
  const opened = { record: new Set<string>(), kept: new Set<string>() };
  const tryAll = (kind: "record" | "kept", sealed: Uint8Array, turn: number): void => {
    for (const key of keys) {
      if (key === undefined || keyOf(sealed) !== nameOf(key)) continue;
      for (let number = 0; number < 4; number += 1) {
        const plain = open(key, { session: SESSION, turn, kind, number }, sealed);
        if (plain !== undefined) opened[kind].add(Buffer.from(sealed).toString("hex"));
      }
    }
  };
  for (const bytes of world.log) {
    const command = decodeCommand(bytes, 2);
    if ("outcome" in command) continue;
    if (command.type === "journal-append") for (const each of command.records) tryAll("record", each, command.turn);
    if (command.type === "journal-settle" && command.kept !== null) tryAll("kept", command.kept, command.turn);
  }
  return { records: opened.record.size, kept: opened.kept.size };
}
