import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, type ParleyClient } from "@parley/sdk";
import { LiveMicrophone, TalkListener } from "../../src/testing/index.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../support.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
let client: ParleyClient;

beforeEach(async () => {
  folder = await temporaryFolder();
  const sources = fixedDelaySources({
    sttMs: 1500,
    llmMs: 5,
    ttsMs: 5,
    texts: ["go on"],
    replies: ["Shown: {messages}"],
  });
  peer = await createPeer({ config: testConfig(folder.path, { "limits.turn_seconds": "2" }), sources });
  client = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
});
afterEach(async () => {
  client.close();
  await peer.close();
  await folder.remove();
});

describe("who speaks longer than limits.turn_seconds", () => {
  it("is answered once, by a model that is shown all of what was said", async () => {
    const microphone = new LiveMicrophone();
    const listener = new TalkListener(client.talk(microphone.blocks));
    await listener.until("open ears", () => listener.of("state")[0]);
    await microphone.say(Float32Array.from({ length: 16_000 * 3 }, (_, n) => 0.4 * Math.sin(n / 5)));
    const answered = await listener.until("an answer", () =>
      listener.of("turn").find(({ outcome }) => outcome === "complete"),
    );
    microphone.end();
    expect(await listener.over).toBeUndefined();
    const turns = listener.of("turn");
    expect(turns.length).toBeGreaterThan(1);
    expect(turns.at(-1)).toBe(answered);
    for (const { outcome, question, reply } of turns.slice(0, -1)) {
      expect([outcome, question, reply]).toEqual(["interrupted", "Go on", ""]);
    }
    expect(answered.reply.match(/Go on/gu)).toHaveLength(turns.length);
  });
});
