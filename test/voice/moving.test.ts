/** Real peers, of which the one that the client talks to has no engine, and the one that works is killed or stopped. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whiteNoise, withRms } from "@parley/audio/testing";
import {
  given,
  LiveMicrophone,
  LiveSpeaker,
  ServedHouse,
  TalkListener,
  type Disturbance,
  type TestEngines,
} from "@parley/node/testing";
import type { ParleyClient, TurnEvent } from "@parley/sdk";

const REPLY =
  "The kettle is on, the cat is out, and it is ten past nine. Nobody has called since noon. The lights in the hall are off.";
const ENGINES: TestEngines = {
  fixed: ["vad", "stt", "llm", "tts"],
  isStarted: true,
  sttMs: 700,
  llmMs: 200,
  tokenMs: 40,
  ttsMs: 100,
  chunkMs: 60,
  texts: ["{sound}"],
  replies: [REPLY],
};
const SPEECH = withRms(whiteNoise(3 * 16_000, 3), 0.05);
const QUIET = new Float32Array(16_000);

describe("a peer without a single engine", { timeout: 240_000 }, () => {
  let house: ServedHouse;
  let client: ParleyClient;

  beforeAll(async () => {
    house = await ServedHouse.open(ENGINES);
    ({ client } = house);
  }, 240_000);
  afterAll(async () => {
    await house?.close();
  });

  const think = () => client.ask({ text: "How are things?" }, { speak: false });
  const say = () => client.say("It is ten past nine in the evening, and all is well.");
  async function* recording(): AsyncGenerator<Float32Array> {
    yield SPEECH;
    yield QUIET;
  }
  const hear = () => client.listen(recording(), { partials: "off" });

  const kinds = [
    ["the text of an answer", "llm", think, (event: TurnEvent, seen: number) => event.type === "text" && seen > 4],
    ["the sound of a sentence", "tts", say, (event: TurnEvent, seen: number) => event.type === "audio" && seen > 3],
    ["the transcript of what is said", "stt", hear, (event: TurnEvent) => event.type === "speech-start"],
  ] as const;

  it.each(kinds)(
    "gives a client %s that another peer makes; also when that peer is killed, or stopped, over it",
    async (_, service, ask, isDue) => {
      const overIt = (trouble: () => Promise<void> | void): Disturbance => ({
        isDue,
        trouble: async (over) => {
          if (!(await house.untilFirstWorks(service, over))) throw new Error(`${house.first.name} never began`);
          await trouble();
        },
      });
      const undisturbed = await given(ask());
      expect(undisturbed.text.length + undisturbed.sound.length).toBeGreaterThan(10);

      const killed = await given(
        ask(),
        overIt(() => house.first.kill()),
      );
      expect([killed.text, killed.sound]).toEqual([undisturbed.text, undisturbed.sound]);
      await house.untilWhole();

      const stopped = await given(
        ask(),
        overIt(() => house.first.pause()),
      );
      house.first.resume();
      expect([stopped.text, stopped.sound]).toEqual([undisturbed.text, undisturbed.sound]);
      const again = await given(ask());
      const [plain, first, second] = [again, killed, stopped].map(({ startedMs, endedMs }) =>
        (endedMs - startedMs).toFixed(0),
      );
      console.info(`undisturbed ${plain} ms, killed ${first} ms, stopped ${second} ms`);
      await house.untilWhole();
    },
  );

  it("asks and answers in sound, from the first to the last step through others", async () => {
    const { text, sound } = await given(client.ask({ audio: recording() }, { speak: true }));
    expect(text).toContain(REPLY);
    expect(sound.length).toBeGreaterThan(24_000);
  });

  it("holds a live conversation through others", async () => {
    const microphone = new LiveMicrophone();
    const listener = new TalkListener(client.talk(microphone.blocks, { speaker: new LiveSpeaker() }));
    await listener.until("open ears", () => listener.of("state")[0]);
    await microphone.say(withRms(whiteNoise(24_000, 5), 0.05));
    expect(await listener.turn(1)).toMatchObject({ outcome: "complete", reply: REPLY });
    microphone.end();
    expect(await listener.over).toBeUndefined();
  });
});
