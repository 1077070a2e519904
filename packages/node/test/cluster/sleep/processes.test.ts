import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "@parley/sdk";
import { Household, untilUnited } from "../../../src/testing/peers/household.ts";
import type { LivePeer } from "../../../src/testing/peers/live-peer.ts";
import { given } from "../../../src/testing/peers/served-house.ts";
import { SECRET } from "../host/peers.ts";
import { noBus, standInLogind } from "./system-bus.ts";

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

describe.skipIf(noBus !== undefined)(
  "a laptop beside one other host, which founded their cluster, and is closed",
  () => {
    it("leaves the other able to write alone, and votes again when it is opened, with what it missed", async () => {
      const logind = await standInLogind();
      const house = await Household.open({ joinSecret: SECRET });
      onTestFinished(() => house.close());
      const [laptop, desk] = await house.addAll(2);
      if (laptop === undefined || desk === undefined) throw new Error("two");
      await laptop.start();
      await logind.heard("lock");
      // The other one hears of no sleep.
      delete process.env["DBUS_SYSTEM_BUS_ADDRESS"];
      await desk.start();
      // It is prime then, unless a busy machine has made the other one so meanwhile.
      await untilUnited([laptop, desk], { voters: 2 });

      logind.announce("sleep");
      await logind.heard("asleep");
      laptop.pause();
      await until(async () => (await desk.peers()).some(({ isPrime, isSelf }) => isPrime && isSelf));
      expect((await desk.peers()).filter(({ role }) => role === "voter").map(({ name }) => name)).toEqual([desk.name]);
      await until(async () => (await desk.put("night", "quiet")).outcome === "done");
      // Longer than what is taken for a busy machine.
      await new Promise((resolve) => setTimeout(resolve, 8_000));
      laptop.resume();
      logind.announce("wake");
      await untilUnited([laptop, desk], { voters: 2 });
      await until(async () => (await laptop.put("morning", "bright")).outcome === "done");
      expect(await laptop.get("night")).toMatchObject({ outcome: "read", value: "quiet" });
      // It holds the next sleep off.
      await logind.heard("lock", 2);
      expect(house.crashes()).toEqual([]);
    }, 180_000);
  },
);

const REPLY = "The kettle is on. The cat is out. It is ten past nine. Nobody has called since noon.";

async function manage(peer: LivePeer, method: string, path: string, body?: unknown): Promise<string> {
  const { url, token } = peer.introduction;
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", connection: "close" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.text();
}

describe.skipIf(noBus !== undefined)("a laptop beside two other hosts that is closed while it answers somebody", () => {
  it("hands the conversation over before it sleeps: all of the answer is heard, once", async () => {
    const logind = await standInLogind();
    const engines = {
      fixed: ["vad", "stt", "llm", "tts"],
      isStarted: true,
      tokenMs: 60,
      chunkMs: 170,
      replies: [REPLY],
    } as const;
    const house = await Household.open({ joinSecret: SECRET, engines });
    onTestFinished(() => house.close());
    const [laptop, ...desks] = await house.addAll(3);
    if (laptop === undefined) throw new Error("three");
    await laptop.start();
    await logind.heard("lock");
    delete process.env["DBUS_SYSTEM_BUS_ADDRESS"];
    await Promise.all(desks.map((desk) => desk.start()));
    await untilUnited(house.peers, { voters: 3 });
    const { token } = JSON.parse(await manage(laptop, "POST", "/clients", { name: "tablet", role: "member" }));
    for (const desk of desks) await until(async () => (await manage(desk, "GET", "/clients")).includes('"tablet"'));
    const peers = house.peers.map(({ introduction }) => `${introduction.url.replace(/^http/, "ws")}/ws`);
    const client = await connect({ peers, token });
    onTestFinished(() => client.close());
    const names: string[] = [];
    client.on("connected", ({ peer }) => names.push(peer.name));
    const ask = () => client.ask({ text: "How are things?" }, { speak: true });
    const undisturbed = await given(ask());
    expect(undisturbed.text).toBe(REPLY);
    const disturbed = await given(ask(), {
      isDue: (event) => event.type === "audio",
      trouble: async () => {
        logind.announce("sleep");
        await logind.heard("asleep");
        laptop.pause();
      },
    });
    expect([disturbed.text, disturbed.sound]).toEqual([undisturbed.text, undisturbed.sound]);
    expect(names).toEqual([expect.not.stringMatching(laptop.name)]);
    laptop.resume();
    expect(house.crashes()).toEqual([]);
  }, 180_000);
});
