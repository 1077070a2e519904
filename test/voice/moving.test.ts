/** Real peers, of which the one that the client talks to has no engine, and the one that works is killed or stopped. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whiteNoise, withRms } from "@parley/audio/testing";
import {
  Household,
  LiveMicrophone,
  LiveSpeaker,
  TalkListener,
  untilUnited,
  type LivePeer,
  type TestEngines,
} from "@parley/node/testing";
import { connect, type ParleyClient, type TurnEvent } from "@parley/sdk";

const SECRET = "a secret of more than sixteen characters";
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

/** What a client was given, and when, from its asking on. */
interface Given {
  readonly text: string;
  readonly sound: Float32Array;
  readonly tookMs: number;
}

describe("a peer without a single engine", { timeout: 240_000 }, () => {
  let household: Household;
  let hall: LivePeer;
  let attic: LivePeer;
  let cellar: LivePeer;
  let client: ParleyClient;

  beforeAll(async () => {
    household = await Household.open({ joinSecret: SECRET });
    const [first, second] = await household.addAll(2, { engines: ENGINES });
    if (first === undefined || second === undefined) throw new Error("two were asked for");
    [attic, cellar] = [first, second];
    hall = await household.add({ engines: undefined, flags: { "cluster.roles": "client" } });
    await Promise.all([hall, attic, cellar].map((peer) => peer.start()));
    await untilUnited([hall, attic, cellar]);
    await preferTheAttic();
    await untilOffered(2);
    const { url, token } = hall.introduction;
    client = await connect({ url: `${url.replace(/^http/, "ws")}/ws`, token });
  }, 240_000);
  afterAll(async () => {
    client?.close();
    await household?.close();
  });

  async function manage(path: string, body?: unknown): Promise<unknown> {
    const { url, token } = hall.introduction;
    const response = await fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { method: "PUT", body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(answer));
    return answer;
  }

  /** The attic is asked first, as the house's owner wants it. Written later, so it is waited for. */
  async function preferTheAttic(): Promise<void> {
    const key = "routing/policy";
    await manage("/api/v1/settings", { key, value: JSON.stringify({ "*": { prefer: [attic.peerId] } }) });
    for (const untilMs = performance.now() + 30_000; performance.now() < untilMs;) {
      const { settings } = (await manage("/api/v1/settings")) as {
        readonly settings: Readonly<Record<string, string>>;
      };
      if (settings[key] !== undefined) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the policy was never written down");
  }

  /** Until the hall knows of so many who hear, think and speak. */
  async function untilOffered(count: number): Promise<void> {
    for (const untilMs = performance.now() + 60_000; performance.now() < untilMs;) {
      const { services } = (await manage("/capabilities")) as {
        readonly services: Readonly<Record<string, { readonly elsewhere?: readonly unknown[] }>>;
      };
      const counts = ["vad", "stt", "llm", "tts"].map((name) => services[name]?.elsewhere?.length ?? 0);
      if (counts.every((each) => each === count)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`never ${count} of each: ${JSON.stringify(await manage("/capabilities"))}`);
  }

  /** Whether the attic's engine has something to do. */
  async function atticWorks(service: string): Promise<boolean> {
    const { url, token } = attic.introduction;
    const response = await fetch(`${url}/status`, { headers: { authorization: `Bearer ${token}` } });
    const { services } = (await response.json()) as {
      readonly services: Readonly<
        Record<string, { readonly engine?: { readonly host?: { readonly running: number } } }>
      >;
    };
    return (services[service]?.engine?.host?.running ?? 0) > 0;
  }

  /** `trouble` comes with the first event for which it is due, once the attic is at work. */
  async function given(
    events: AsyncIterable<TurnEvent>,
    isDue: (event: TurnEvent, seen: number) => boolean = () => false,
    trouble: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Given> {
    const startedMs = performance.now();
    let text = "";
    const sound: number[] = [];
    let seen = 0;
    let troubled: Promise<void> | undefined;
    for await (const event of events) {
      if (event.type === "text") text += event.delta;
      if (event.type === "segment") text += event.text;
      if (event.type === "audio") sound.push(...event.samples);
      seen += 1;
      if (troubled === undefined && isDue(event, seen)) troubled = trouble();
    }
    await troubled;
    return { text, sound: Float32Array.from(sound), tookMs: performance.now() - startedMs };
  }

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
      const overIt = async (trouble: () => Promise<void> | void): Promise<void> => {
        for (let look = 0; !(await atticWorks(service)); look += 1) {
          if (look > 100) throw new Error("the attic never began");
        }
        await trouble();
      };
      const undisturbed = await given(ask());
      expect(undisturbed.text.length + undisturbed.sound.length).toBeGreaterThan(10);

      const killed = await given(ask(), isDue, () => overIt(() => attic.kill()));
      expect([killed.text, killed.sound]).toEqual([undisturbed.text, undisturbed.sound]);
      await attic.start();
      await untilUnited([hall, attic, cellar]);
      await untilOffered(2);

      const stopped = await given(ask(), isDue, () => overIt(() => attic.pause()));
      attic.resume();
      expect([stopped.text, stopped.sound]).toEqual([undisturbed.text, undisturbed.sound]);
      const again = await given(ask());
      const [plain, first, second] = [again, killed, stopped].map(({ tookMs }) => tookMs.toFixed(0));
      console.info(`undisturbed ${plain} ms, killed ${first} ms, stopped ${second} ms`);
      await untilUnited([hall, attic, cellar]);
      await untilOffered(2);
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
