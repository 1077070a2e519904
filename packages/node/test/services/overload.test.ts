/** Ten times as much work as a peer takes on, beside a conversation. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, type ParleyClient } from "@parley/sdk";
import { Admission } from "../../src/services/admission.ts";
import { LiveMicrophone, LiveSpeaker, TalkListener } from "../../src/testing/index.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, tone, type Peer } from "../support.ts";

const JOBS = 4;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
const clients: ParleyClient[] = [];

async function client(): Promise<ParleyClient> {
  const fresh = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
  clients.push(fresh);
  return fresh;
}

beforeEach(async () => {
  folder = await temporaryFolder();
  const delays = { sttMs: 150, llmMs: 200, ttsMs: 100, texts: ["what time is it"], replies: ["It is ten."] };
  const flags = { "limits.jobs": String(JOBS), "limits.conversations": "2" };
  peer = await createPeer({ config: testConfig(folder.path, flags), sources: fixedDelaySources(delays) });
});
afterEach(async () => {
  for (const each of clients.splice(0)) each.close();
  await peer.close();
  await folder.remove();
});

/** Half a second that the energy detector takes for speech. */
const QUESTION = Float32Array.from({ length: 8000 }, (_, n) => 0.4 * Math.sin(n / 5));

/** Somebody who talks with the peer. */
async function talker(): Promise<{
  readonly microphone: LiveMicrophone;
  readonly speaker: LiveSpeaker;
  readonly listener: TalkListener;
}> {
  const microphone = new LiveMicrophone();
  const speaker = new LiveSpeaker();
  const listener = new TalkListener((await client()).talk(microphone.blocks, { speaker }));
  return { microphone, speaker, listener };
}

type Outcome = { readonly code: string; readonly events: number; readonly endedAs: number };

let ended = 0;

/** Reads a piece of work to its end. */
async function outcomeOf(work: AsyncIterable<unknown>): Promise<Outcome> {
  let code = "done";
  let events = 0;
  try {
    for await (const _ of work) events += 1;
  } catch (error) {
    code = error instanceof Error && "remoteCode" in error ? String(error.remoteCode) : String(error);
  }
  return { code, events, endedAs: (ended += 1) };
}

describe("ten times too much work", { timeout: 60_000 }, () => {
  it("is refused at once with a typed error, and a conversation beside it goes on without one", async () => {
    const { microphone, speaker, listener } = await talker();
    await listener.until("open ears", () => listener.of("state")[0]);
    await microphone.say(QUESTION);
    await listener.turn(1);

    const long = "This is a sentence that takes a while. ".repeat(8);
    const work: Promise<Outcome>[] = [];
    // A client may have eight pieces of work running.
    const pairs = await Promise.all(Array.from({ length: 10 }, async () => [await client(), await client()] as const));
    for (const [one, two] of pairs) {
      for (let job = 0; job < JOBS; job += 1) {
        work.push(outcomeOf(one.say(long)));
        work.push(outcomeOf(two.listen(tone(400), { partials: "off" })));
        work.push(outcomeOf((job < 2 ? one : two).ask({ text: "What time is it?" }, { speak: true })));
      }
    }
    for (let turn = 2; turn <= 4; turn += 1) {
      await microphone.say(QUESTION);
      await listener.turn(turn);
    }
    microphone.end();
    expect(await listener.over).toBeUndefined();
    const outcomes = await Promise.all(work);

    // Each kind is counted by itself; what was taken on is done.
    const done = outcomes.filter(({ code }) => code === "done");
    expect(done.length).toBeGreaterThanOrEqual(3 * JOBS);
    const refused = outcomes.filter(({ code }) => code !== "done");
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["engine-busy"]));
    expect(refused.length).toBeGreaterThan(0.4 * outcomes.length);
    // Refused at once: nothing was done for it, and it has not waited for an engine, behind what was taken on.
    expect(refused.map(({ events }) => events)).toEqual(refused.map(() => 0));
    const inOrder = outcomes.toSorted((a, b) => a.endedAs - b.endedAs);
    const firstOfThem = inOrder.slice(0, refused.length / 2);
    expect(firstOfThem.filter(({ code }) => code === "done").length).toBeLessThan(firstOfThem.length / 4);

    expect(listener.of("turn").map(({ turn, outcome, heard }) => [turn, outcome, heard])).toEqual(
      [1, 2, 3, 4].map((turn) => [turn, "complete", "It is ten."]),
    );
    expect(listener.of("problem")).toEqual([]);
    expect(speaker.replies).toHaveLength(4);
  });

  it("and more conversations than may be held are refused with the same error, until one is over", async () => {
    const held = [await talker(), await talker()];
    for (const { listener } of held) await listener.until("open ears", () => listener.of("state")[0]);
    const third = await talker();
    expect(await third.listener.over).toMatchObject({ remoteCode: "engine-busy" });
    for (const { microphone } of held) microphone.end();
    for (const { listener } of held) expect(await listener.over).toBeUndefined();
    const fourth = await talker();
    await fourth.listener.until("open ears", () => fourth.listener.of("state")[0]);
    fourth.microphone.end();
    third.microphone.end();
    expect(await fourth.listener.over).toBeUndefined();
  });
});

describe("Admission", () => {
  const one = { most: 1, setting: "limits.jobs" };
  const limits = { ask: one, listen: one, say: one, talk: one };
  async function* numbers(): AsyncGenerator<number> {
    yield 1;
    yield 2;
  }

  it("takes one more of a kind when one is over, however it ended", async () => {
    const admission = new Admission(limits);
    const left = admission.run("say", numbers);
    await left.next();
    await expect(admission.run("say", numbers).next()).rejects.toMatchObject({ code: "engine-busy" });
    expect(await Array.fromAsync(admission.run("listen", numbers))).toEqual([1, 2]);
    await left.return();
    const failed = admission.run("say", async function* () {
      yield 1;
      throw new Error("broken");
    });
    await expect(Array.fromAsync(failed)).rejects.toThrow("broken");
    expect(await Array.fromAsync(admission.run("say", numbers))).toEqual([1, 2]);
  });

  it("does nothing of what it refuses", async () => {
    const admission = new Admission(limits);
    const leave = admission.enter("ask");
    let isBegun = false;
    const refused = admission.run("ask", async function* () {
      isBegun = true;
      yield 1;
    });
    await expect(refused.next()).rejects.toMatchObject({ code: "engine-busy", details: { kind: "ask", most: 1 } });
    expect(isBegun).toBe(false);
    // Leaving twice frees one place.
    leave();
    leave();
    admission.enter("ask");
    expect(() => admission.enter("ask")).toThrow(expect.objectContaining({ code: "engine-busy" }));
  });
});
