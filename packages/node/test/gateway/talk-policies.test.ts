import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { connect, type ParleyClient, type TalkEvent, type TalkOptions, type TalkSession } from "@parley/sdk";
import { LiveMicrophone, LiveSpeaker } from "../../src/testing/conversation/index.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../support.ts";

const REPLY = `${"This is one of many sentences that are said. ".repeat(3)}And this is the end.`;
const WORD = "beep";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
let client: ParleyClient;

beforeEach(async () => {
  folder = await temporaryFolder();
  const delays = { sttMs: 1, llmMs: 1, ttsMs: 1, texts: ["go on"], replies: [REPLY, "Very well."], wakeWord: WORD };
  const config = testConfig(folder.path, { "wake.words": WORD });
  peer = await createPeer({ config, sources: fixedDelaySources(delays) });
  client = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
});
afterEach(async () => {
  client.close();
  await peer.close();
  await folder.remove();
});

const speech = (ms: number): Float32Array => new Float32Array(16 * ms).fill(0.2);
/** What the test's engine takes for the wake word. */
const wakeWord = (ms: number): Float32Array =>
  Float32Array.from({ length: 16 * ms }, (_, n) => 0.3 * Math.sin((2 * Math.PI * 1000 * n) / 16_000));

/** Asks something; while the reply is heard `meanwhile` happens. How the first turn went, and what the loudspeaker was told. */
async function overReply(
  interruptions: NonNullable<TalkOptions["interruptions"]>,
  meanwhile: (microphone: LiveMicrophone, session: TalkSession, speaker: LiveSpeaker) => Promise<unknown>,
): Promise<{ readonly turn: TalkEvent; readonly deeds: readonly string[]; readonly speaker: LiveSpeaker }> {
  const [microphone, speaker] = [new LiveMicrophone(), new LiveSpeaker()];
  const session = client.talk(microphone.blocks, { speaker, mode: "open", interruptions });
  void microphone.say(speech(600));
  for await (const event of session.events) {
    if (event.type === "reply" && event.reply === 1) {
      void sleep(800).then(() => meanwhile(microphone, session, speaker));
    }
    if (event.type !== "turn") continue;
    microphone.end();
    return { turn: event, deeds: speaker.deeds.map(({ deed }) => deed), speaker };
  }
  throw new Error("the conversation ended before a turn did");
}

it("where a wake word is needed, speech turns the reply down and it comes back; the word stops it", async () => {
  let deedsBefore: readonly string[] = [];
  const { turn, speaker } = await overReply("wake-word", async (microphone, _, { deeds }) => {
    await microphone.say(speech(600));
    await sleep(1200);
    deedsBefore = deeds.map(({ deed }) => deed);
    await microphone.say(wakeWord(400));
  });
  expect(deedsBefore).toEqual(["duck", "restore"]);
  expect(turn).toMatchObject({ turn: 1, outcome: "interrupted" });
  expect(speaker.replies[0]?.stopped?.heardMs).toBeGreaterThan(2000);
});

it("where nothing may interrupt, the reply is said to its end at full volume", async () => {
  const { turn, deeds } = await overReply("never", async (microphone) => {
    await microphone.say(speech(600));
    await microphone.say(wakeWord(400));
  });
  expect(turn).toMatchObject({ turn: 1, outcome: "complete", heard: REPLY });
  expect(deeds).toEqual([]);
});

it("where nothing else may interrupt, a key does", async () => {
  const { turn } = await overReply("never", async (_, session) => session.key("strike"));
  expect(turn).toMatchObject({ turn: 1, outcome: "interrupted" });
});

it("where any speech may, a voice turns the reply down and stops it", async () => {
  const { turn, deeds } = await overReply("any-speech", (microphone) => microphone.say(speech(800)));
  expect(turn).toMatchObject({ turn: 1, outcome: "interrupted" });
  expect(deeds[0]).toBe("duck");
});
