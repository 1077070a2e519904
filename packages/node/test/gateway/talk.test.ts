import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type ParleyClient } from "@parley/sdk";
import type { FlagValues } from "../../src/config/index.ts";
import { LiveMicrophone, LiveSpeaker, TalkListener } from "../../src/testing/index.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type FixedDelays, type Peer } from "../support.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
let client: ParleyClient;

async function start(delays: FixedDelays, flags: FlagValues = {}): Promise<void> {
  peer = await createPeer({ config: testConfig(folder.path, flags), sources: fixedDelaySources(delays) });
  client = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
}

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  client.close();
  await peer.close();
  await folder.remove();
});

/** So many milliseconds that the energy detector takes for speech. */
function voice(ms: number): Float32Array {
  return new Float32Array(16 * ms).fill(0.2);
}

describe("a live conversation with a client", () => {
  const long = `${"This is one of many sentences that are said. ".repeat(12)}And this is the end.`;

  it("answers in sound what was said, and ends with the microphone", async () => {
    await start({ sttMs: 1, llmMs: 1, ttsMs: 1, texts: ["what time is it"], replies: ["It is ten."] });
    const [microphone, speaker] = [new LiveMicrophone(), new LiveSpeaker()];
    const listener = new TalkListener(client.talk(microphone.blocks, { speaker }));
    await microphone.say(voice(600));
    const turn = await listener.turn(1);
    expect(turn).toMatchObject({ outcome: "complete", question: "What time is it", heard: "It is ten." });
    expect(speaker.replies).toMatchObject([{ isFinished: true }]);
    expect(speaker.replies[0]?.stopped).toBeUndefined();
    expect(listener.of("timing")).toMatchObject([{ words: [{ text: "It" }, { text: "is" }, { text: "ten." }] }]);
    microphone.end();
    expect(await listener.over).toBeUndefined();
    expect(listener.of("turn")).toHaveLength(1);
  });

  it("stops when it is interrupted, keeps what was heard, and answers the interruption", async () => {
    await start({ sttMs: 1, llmMs: 1, ttsMs: 1, texts: ["go on"], replies: [long, "Very well."] });
    const [microphone, speaker] = [new LiveMicrophone(), new LiveSpeaker()];
    const listener = new TalkListener(client.talk(microphone.blocks, { speaker }));
    await microphone.say(voice(600));
    await listener.until("a reply", () => speaker.replies[0]);
    await sleep(1500);
    await microphone.say(voice(700));
    const first = await listener.turn(1);
    expect(first).toMatchObject({ outcome: "interrupted" });
    expect(long.startsWith(first.heard)).toBe(true);
    expect(first.heard.length).toBeGreaterThan(5);
    expect(first.heard.length).toBeLessThan(long.length / 2);
    const second = await listener.turn(2);
    expect(second).toMatchObject({ question: "Go on", outcome: "complete", heard: "Very well." });
    expect(speaker.replies).toMatchObject([{ stopped: { heardMs: first.heardMs } }, { isFinished: true }]);
    expect(speaker.deeds[0]?.deed).toBe("duck");
    microphone.end();
  });

  it("listens only for a key when keys begin, and takes back what is cancelled", async () => {
    await start({ sttMs: 1, llmMs: 1, ttsMs: 1, texts: ["yes"], replies: ["Good."] });
    const microphone = new LiveMicrophone();
    const session = client.talk(microphone.blocks, { mode: "keys" });
    const listener = new TalkListener(session);
    await listener.until("open ears", () => listener.of("state")[0]);
    await microphone.say(voice(500));
    await sleep(800);
    session.key("press");
    await microphone.say(voice(500));
    session.key("release");
    // Nothing was answered of what was said before the key: the only turn is the first.
    expect(await listener.turn(1)).toMatchObject({ outcome: "complete", question: "Yes", heard: "Good.", heardMs: 0 });
    session.key("press");
    await sleep(400);
    session.key("cancel");
    expect(await listener.turn(2)).toMatchObject({ outcome: "cancelled" });
    microphone.end();
  });
});
