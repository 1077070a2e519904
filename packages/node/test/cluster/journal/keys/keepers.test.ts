import { createActorSystem, createRemoting } from "@parley/actors";
import { describe, expect, it } from "vitest";
import { KeyRing } from "../../../../src/cluster/journal/keys/ring.ts";
import { isMajority } from "../../../../src/cluster/journal/keys/electorate.ts";
import { acceptsKeeperMessage, foundAnswer, pulledAnswer } from "../../../../src/cluster/journal/keys/protocol.ts";
import { drawKey, nameOf } from "../../../../src/cluster/journal/sealing.ts";
import fc from "fast-check";
import { until } from "../../../mesh/host/hosts.ts";
import { JournalWorld, SESSION } from "../world.ts";

const ACCEPTED = { workId: "work-1", kind: "ask", question: "how long do eggs take?", atMs: 1_000 } as const;

async function spoken(world: JournalWorld, peer: string): Promise<void> {
  const journal = world.open(peer, 1);
  journal.begin(ACCEPTED);
  await journal.flush();
}

function hasKeys(world: JournalWorld, peer: string): boolean {
  return !world.host(peer).store.lacks(world.host(peer).shared.now.journals) && world.host(peer).store.size > 0;
}

describe("keepers of keys", () => {
  it("have a turn's keys before anything is written with them: most voters, and nobody else", async () => {
    const world = await JournalWorld.of(["a", "b", "c", "d"]);
    world.electorate = [["a", "b", "c"]];
    world.network.partition(["c"], ["a", "b", "d"]);
    await spoken(world, "d");
    expect(hasKeys(world, "a") && hasKeys(world, "b")).toBe(true);
    expect(world.host("c").store.size + world.host("d").store.size).toBe(0);
  });

  it("write nothing while most voters cannot have the keys, though the cluster agrees", async () => {
    const world = await JournalWorld.of(["a", "b", "c"]);
    world.network.partition(["a"], ["b", "c"]);
    const journal = world.open("a", 1);
    journal.begin(ACCEPTED);
    await expect(journal.flush()).rejects.toMatchObject({ code: "no-quorum" });
    expect(world.host("a").shared.now.journals.size).toBe(0);
    world.network.heal();
    await until(() => journal.position.records === 1, "the turn");
  });

  it("get from the others what they lack when they are started anew, so that those may go", async () => {
    const world = await JournalWorld.of(["a", "b", "c", "d", "e"]);
    await spoken(world, "a");
    await world.kill("b");
    await world.start("b");
    await until(() => hasKeys(world, "b"), "the keys at b");
    // The keepers alone, not consensus: most of those who had the keys are gone.
    for (const peer of ["a", "c", "d", "e"]) world.network.partition([peer], ["b"]);
    const { system, shared } = world.host("b");
    const ring = new KeyRing({ system, electorate: () => [["b"]], members: () => [] });
    const journal = shared.now.journals.get(SESSION);
    const name = Buffer.from(journal?.records?.[0]?.subarray(1, 17) ?? []).toString("hex");
    expect((await ring.find(SESSION, [name])).size).toBe(1);
  });

  it("get from the others what they lack when they begin to vote", async () => {
    const world = await JournalWorld.of(["a", "b", "c", "d"]);
    world.electorate = [["a", "b", "c"]];
    await spoken(world, "a");
    expect(world.host("d").store.size).toBe(0);
    world.electorate = [["a", "b", "c", "d"]];
    await until(() => hasKeys(world, "d"), "the keys at d");
  });

  it("that were all started anew have lost them, and the session is told so", async () => {
    const world = await JournalWorld.of(["a", "b", "c"]);
    await spoken(world, "a");
    for (const peer of ["a", "b", "c"]) await world.kill(peer);
    for (const peer of ["a", "b", "c"]) await world.start(peer);
    await until(() => world.host("b").journals.isInForce, "what was agreed on");
    const journal = world.open("b", 2);
    expect(await journal.found()).toEqual({
      kept: undefined,
      turn: undefined,
      lost: { kept: undefined, turn: "keys-lost" },
    });
    journal.begin(ACCEPTED);
    await journal.flush();
    expect((await world.open("c", 3).found()).turn?.accepted).toMatchObject(ACCEPTED);
  });

  it("that cannot be asked have lost nothing: it is said that nobody knows", async () => {
    const world = await JournalWorld.of(["a", "b", "c"]);
    await spoken(world, "a");
    world.host("b").store.clear();
    world.network.partition(["b"], ["a", "c"]);
    await expect(world.open("b", 2).found()).rejects.toMatchObject({ code: "no-quorum" });
    world.network.heal();
    expect((await world.open("b", 2).found()).turn?.accepted).toMatchObject(ACCEPTED);
  });

  it("believe nobody who gives other keys than were asked for", async () => {
    const world = await JournalWorld.of(["a", "b", "c"]);
    const { system } = world.host("a");
    const wanted = { turn: 1, records: drawKey(), kept: drawKey() };
    const wrong = { turn: 1, records: drawKey(), kept: drawKey() };
    const network = createRemoting({ transport: world.network.transport("z") });
    const liar = createActorSystem({ peer: "z", remoting: network.remoting });
    await network.start();
    liar.spawn<{ readonly replyTo: { tell: (message: unknown) => unknown } }>(
      () =>
        ({ replyTo }) =>
          void replyTo.tell({ turns: [wrong], isWhole: true }),
      { name: "journal-keys", accepts: (message) => message as never },
    );
    world.host("b").store.keep(SESSION, wanted, 0);
    const ring = new KeyRing({ system, electorate: () => [["b", "z"]], members: () => [] });
    const found = await ring.find(SESSION, [nameOf(wanted.records)]);
    expect([...found.values()]).toEqual([wanted]);
    const alone = new KeyRing({ system, electorate: () => [["z"]], members: () => [] });
    expect((await alone.find(SESSION, [nameOf(wanted.records)])).size).toBe(0);
    // Of whom nobody knows who votes nothing is to be concluded.
    const nobody = new KeyRing({ system, electorate: () => [], members: () => ["z"] });
    await expect(nobody.find(SESSION, [nameOf(wanted.records)])).rejects.toMatchObject({ code: "no-quorum" });
    await network.close();
    await liar.stop();
  });

  it("take no message that is none, and say nothing of it", () => {
    const accepts = (message: unknown): unknown => acceptsKeeperMessage(message);
    const secret = drawKey();
    const text = Buffer.from(secret).toString("hex");
    for (const message of [
      { type: "keep", session: SESSION, turn: 1, records: secret, kept: new Uint8Array(31), replyTo: undefined },
      { type: "keep", session: SESSION, turn: 0, records: secret, kept: secret },
      { type: "find", session: "", names: [], replyTo: {} },
      { type: "find", session: SESSION, names: [text], replyTo: {} },
      { type: "pull", replyTo: "parley://a/x" },
      { type: "own-look" },
    ]) {
      let error: unknown;
      try {
        accepts(message);
      } catch (caught) {
        error = caught;
      }
      expect(error).toMatchObject({ code: "bad-message" });
      expect(String(error)).not.toContain(text.slice(0, 8));
    }
    fc.assert(
      fc.property(fc.anything({ withTypedArray: true }), (anything) => {
        for (const check of [accepts, foundAnswer, pulledAnswer])
          expect(() => check(anything)).toThrow(/journal-keys|a field of it/u);
      }),
    );
  });

  it("count in each of two electorates while one gives way to the other", () => {
    expect(isMajority([["a", "b", "c"]], new Set(["a", "b"]))).toBe(true);
    expect(
      isMajority(
        [
          ["a", "b", "c"],
          ["c", "d", "e"],
        ],
        new Set(["a", "b", "c"]),
      ),
    ).toBe(false);
    expect(
      isMajority(
        [
          ["a", "b", "c"],
          ["c", "d", "e"],
        ],
        new Set(["a", "c", "e"]),
      ),
    ).toBe(true);
    expect(isMajority([["a", "b"]], new Set(["a"]))).toBe(false);
    expect(isMajority([], new Set(["a"]))).toBe(false);
  });
});
