/** Engines' processes that are killed while somebody speaks; the same with real engines is in `test/voice/faults.test.ts`. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineHost } from "@parley/audio/engines";
import { connect, type ParleyClient } from "@parley/sdk";
import type { EngineName } from "../../src/services/stage.ts";
import { LiveMicrophone, LiveSpeaker, TalkListener } from "../../src/testing/index.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../support.ts";

const hosts = new Map<EngineName, EngineHost[]>();
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
let client: ParleyClient;

beforeEach(async () => {
  hosts.clear();
  folder = await temporaryFolder();
  const delays = { sttMs: 50, llmMs: 10, ttsMs: 10, texts: ["what time is it"], replies: ["It is ten."] };
  const sources = fixedDelaySources(delays, (name, host) => hosts.set(name, [...(hosts.get(name) ?? []), host]));
  peer = await createPeer({ config: testConfig(folder.path), sources });
  client = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
});
afterEach(async () => {
  client.close();
  await peer.close();
  await folder.remove();
});

describe("an engine that is killed while somebody speaks", () => {
  it.each(["vad", "stt", "tts"] as const)("%s: the turn is answered once, by the next one", async (name) => {
    const microphone = new LiveMicrophone();
    const speaker = new LiveSpeaker();
    const listener = new TalkListener(client.talk(microphone.blocks, { speaker }));
    await listener.until("open ears", () => listener.of("state")[0]);
    const first = hosts.get(name)?.at(-1);
    if (first === undefined) throw new Error(`no engine for ${name}`);
    const over = microphone.say(Float32Array.from({ length: 24_000 }, (_, n) => 0.4 * Math.sin(n / 5)));
    await sleep(700);
    process.kill(first.status().pid, "SIGKILL");
    await over;
    const turn = await listener.turn(1);
    expect(turn).toMatchObject({ outcome: "complete", question: "What time is it", heard: "It is ten." });
    microphone.end();
    expect(await listener.over).toBeUndefined();
    expect(listener.of("turn")).toHaveLength(1);
    expect(speaker.replies).toMatchObject([{ isFinished: true }]);
    expect((await first.exited).signal).toBe("SIGKILL");
    expect(hosts.get(name)?.length).toBeGreaterThan(1);
  });
});
