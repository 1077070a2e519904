/** The network breaks in the midst of a talk: that of the client, and that between the peers. Each of them has one of its own. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { untilUnited, type LivePeer, type Place } from "@parley/node/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noLan, until } from "../support.ts";
import { expectRemembered, expectWhole, TalkHouse } from "./house.ts";
import type { Talker } from "./talker.ts";
import { answerOf, newName, questionOf } from "./words.ts";

const run = promisify(execFile);
const SILENT_MS = 4_000;

let house: TalkHouse;

/** All connections of whoever is there break, with a farewell; new ones do not. */
async function reset({ namespace }: Place, talker: Talker): Promise<void> {
  const nft = (...rules: string[]): Promise<unknown> => run("ip", ["netns", "exec", namespace, "nft", ...rules]);
  const from = talker.of("disconnected").length;
  const chain = "chain output { type filter hook output priority 0; tcp dport 8765 reject with tcp reset; };";
  await nft(`table inet resets { ${chain} }`);
  await talker.until("it has lost its peer", () => talker.of("disconnected")[from]);
  await nft("delete table inet resets");
}

describe.skipIf(noLan !== undefined)("the network of a client in a talk", { timeout: 120_000 }, () => {
  let place: Place;
  let number = 100;
  const peersOf = (): readonly Place[] => house.peers.map((peer) => house.household.placeOf(peer));
  const troubles = {
    "breaks all its connections": (talker: Talker) => reset(place, talker),
    "is silent for some seconds": async () => {
      await house.lan?.divide([place], peersOf());
      setTimeout(() => void house.lan?.heal(), SILENT_MS);
    },
    "gives it another address": async () => {
      number += 1;
      await house.lan?.renumber(place, number);
    },
  };

  beforeAll(async () => {
    house = await TalkHouse.open(3, { lan: true });
    if (house.lan === undefined) throw new Error("it was asked for");
    place = await house.lan.plug();
  }, 240_000);
  afterAll(async () => {
    await house?.close();
  });

  const cases = Object.entries(troubles).flatMap(([what, trouble]) =>
    (["mid-utterance", "mid-sentence"] as const).map((moment) => ({ what, trouble, moment })),
  );
  it.each(cases)("$what $moment: nothing is lost, nothing comes twice", async ({ trouble, moment }) => {
    await house.reference();
    const talker = await house.clientAt(place);
    const [first, second] = [newName(), newName()];
    expect(await talker.ask(`tell ${first}`)).toBe(answerOf("tell", first));
    await talker.talk();
    const over = { moment, trouble: () => trouble(talker) };
    await expectWhole(house, await talker.say(questionOf("tell", second), over), second);
    await expectRemembered(talker, [first, second]);
    expect(talker.of("problem")).toEqual([]);
    expect(talker.of("resumed").length).toBeGreaterThan(0);
    talker.close();
  });

  describe("between the peers", () => {
    async function without(lost: LivePeer): Promise<void> {
      const [one, ...others] = house.peers.toSorted((a, b) => Number(b === lost) - Number(a === lost));
      if (one === undefined) throw new Error("there are peers");
      await house.lan?.divide(
        [house.household.placeOf(one)],
        others.map((peer) => house.household.placeOf(peer)),
      );
      await untilUnitedBut(others);
    }

    /** They have a prime among themselves. */
    async function untilUnitedBut(others: readonly LivePeer[]): Promise<void> {
      await until(async () => {
        const primes = await Promise.all(others.map((peer) => peer.peers()));
        const ids = new Set(primes.map((all) => all.find(({ isPrime }) => isPrime)?.peerId));
        const [id] = ids;
        return ids.size === 1 && others.some(({ peerId }) => peerId === id);
      }, "the others have a prime");
    }

    it.each(["the session's host and its client's peer", "its client's peer", "the session's host"])(
      "is cut off from %s: each side talks on, and the house knows of both afterwards",
      async (who) => {
        await house.lan?.heal();
        const prime = await house.prime();
        const [alone, majority] = house.peers.filter((peer) => peer !== prime);
        if (alone === undefined || majority === undefined) throw new Error("three");
        const host = who === "its client's peer" ? majority : alone;
        const entry = who === "the session's host" ? majority : alone;
        const [before, minor, major, pressed] = [newName(), newName(), newName(), newName()];
        const first = await house.clientOn(host);
        expect(await first.ask(`tell ${before}`)).toBe(answerOf("tell", before));
        const { sessionId } = await house.sessionOf(house.lastClient, prime);
        let talker = first;
        if (host !== entry) {
          talker = await house.clientOn(entry, sessionId);
          first.close();
        }
        await talker.talk();
        // Whoever takes the session up on the side that goes on has it from then on.
        let owner = talker;
        await without(alone);
        if (entry === alone) {
          await talker.until("it is told", () => talker.of("apart")[0]);
          await expectWhole(house, await talker.say(questionOf("tell", minor)), minor);
          expect(await talker.ask(`press ${pressed}`)).not.toContain("is done");
          expect(house.runsOf(pressed)).toEqual([]);
          const other = await house.clientOn(majority, sessionId);
          expect(await other.ask(`tell ${major}`)).toBe(answerOf("tell", major));
          owner = other;
        } else {
          await expectWhole(house, await talker.say(questionOf("tell", major)), major);
          expect(talker.of("apart")).toEqual([]);
        }
        await house.lan?.heal();
        await untilUnited(house.peers, { voters: 3 });
        if (entry === alone) await owner.until("it is told of the end", () => owner.of("together")[0]);
        await expectRemembered(owner, entry === alone ? [before, minor, major] : [before, major]);
        owner.close();
        talker.close();
      },
    );
  });
});
