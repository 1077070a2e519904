import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "@parley/sdk";
import { LiveMicrophone, LiveSpeaker, TalkListener } from "../../../src/testing/index.ts";
import { scriptedToolSource, type ToolScript } from "../../../src/testing/scripted-tool-llm.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig } from "../../support.ts";

/** A live conversation, begun by a key, in which this is heard. */
async function talk(heard: string, script: ToolScript) {
  const folder = await temporaryFolder();
  const config = testConfig(folder.path, { "llm.tools": "on" });
  const delays = { sttMs: 1, ttsMs: 1, texts: [heard] };
  const peer = await createPeer({ config, sources: { ...fixedDelaySources(delays), llm: scriptedToolSource(script) } });
  const client = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
  onTestFinished(async () => {
    client.close();
    await peer.close();
    await folder.remove();
  });
  const [microphone, speaker] = [new LiveMicrophone(), new LiveSpeaker()];
  const session = client.talk(microphone.blocks, { mode: "keys", speaker });
  const listener = new TalkListener(session);
  await listener.until("open ears", () => listener.of("state")[0]);
  session.key("press");
  await microphone.say(new Float32Array(16 * 500).fill(0.2));
  session.key("release");
  return { microphone, speaker, listener };
}

describe("tools in a live conversation", () => {
  it("are used once, though thinking begins before it is certain that all was said, and a timer's end is said aloud", async () => {
    const call = { name: "timer", arguments: { seconds: 2, label: "tea" } };
    const script = [{ asked: "timer", call, reply: "{result}." }];
    const { microphone, speaker, listener } = await talk("set a timer for tea", { script });
    const turn = await listener.turn(1);
    expect(turn).toMatchObject({ outcome: "complete", heard: "the timer tea (1) is set for 2 s." });
    const announced = await listener.until("the end of the timer", () => speaker.replies[1]);
    await listener.until("all of it", () => (announced.isFinished ? true : undefined));
    // It is no turn: nobody had asked for it.
    expect(listener.of("turn")).toHaveLength(1);
    microphone.end();
    expect(await listener.over).toBeUndefined();
    expect(speaker.replies).toHaveLength(2);
  });
});
