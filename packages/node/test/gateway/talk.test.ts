import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, type ParleyClient, type Speaker, type TalkEvent, type TalkSession } from "@parley/sdk";
import type { FlagValues } from "../../src/config/index.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type FixedDelays, type Peer } from "../support.ts";

const RATE_HZ = 16_000;
const BLOCK_MS = 40;

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

/** A microphone in real time: loud while somebody speaks. */
class Microphone {
  isSpeaking = false;
  isOver = false;

  async *blocks(): AsyncGenerator<Float32Array> {
    const startedMs = performance.now();
    for (let n = 1; !this.isOver; n += 1) {
      const waitMs = startedMs + n * BLOCK_MS - performance.now();
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      yield new Float32Array((BLOCK_MS * RATE_HZ) / 1000).fill(this.isSpeaking ? 0.2 : 0);
    }
  }

  async speak(ms: number): Promise<void> {
    this.isSpeaking = true;
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.isSpeaking = false;
  }
}

/** A loudspeaker in real time that writes down what is done with it. */
class TestSpeaker implements Speaker {
  readonly done: string[] = [];
  #startedMs = 0;
  #queuedMs = 0;
  #reply = 0;

  get heardMs(): number {
    return this.#queuedMs === 0 ? 0 : Math.min(this.#queuedMs, performance.now() - this.#startedMs);
  }

  async play({ sampleRateHz, samples }: Parameters<Speaker["play"]>[0]): Promise<boolean> {
    if (this.#queuedMs === 0) {
      this.#startedMs = performance.now();
      this.#reply += 1;
      this.done.push(`reply ${this.#reply}`);
    }
    this.#queuedMs += (1000 * samples.length) / sampleRateHz;
    return true;
  }

  async finished(): Promise<number> {
    const reply = this.#reply;
    while (this.#reply === reply && this.#queuedMs > 0 && this.heardMs < this.#queuedMs) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { heardMs } = this;
    this.#queuedMs = 0;
    return heardMs;
  }

  stop(): { readonly heardMs: number } {
    const { heardMs } = this;
    this.#queuedMs = 0;
    this.done.push("stop");
    return { heardMs };
  }

  duck(): void {
    this.done.push("duck");
  }

  restore(): void {
    this.done.push("restore");
  }
}

/** Reads events until one is as wished; what was read is kept in `seen`. */
async function until(session: TalkSession, seen: TalkEvent[], isIt: (event: TalkEvent) => boolean): Promise<TalkEvent> {
  const events = session.events[Symbol.asyncIterator]();
  for (;;) {
    const next = await events.next();
    if (next.done === true) throw new Error(`the conversation ended after ${JSON.stringify(seen.slice(-5))}`);
    seen.push(next.value);
    if (isIt(next.value)) return next.value;
  }
}

const isTurn = (event: TalkEvent): boolean => event.type === "turn";

describe("a live conversation with a client", () => {
  const long = `${"This is one of many sentences that are said. ".repeat(12)}And this is the end.`;

  it("answers in sound what was said, and ends with the microphone", async () => {
    await start({ sttMs: 1, llmMs: 1, ttsMs: 1, texts: ["what time is it"], replies: ["It is ten."] });
    const [microphone, speaker, seen] = [new Microphone(), new TestSpeaker(), [] as TalkEvent[]];
    const session = client.talk(microphone.blocks(), { speaker });
    await microphone.speak(600);
    const turn = await until(session, seen, isTurn);
    expect(turn).toMatchObject({ turn: 1, outcome: "complete", question: "What time is it", heard: "It is ten." });
    expect(speaker.done).toEqual(["reply 1"]);
    const timing = seen.find((event) => event.type === "timing");
    expect(timing).toMatchObject({ words: [{ text: "It" }, { text: "is" }, { text: "ten." }] });
    microphone.isOver = true;
    for await (const event of session.events) seen.push(event);
    expect(seen.filter(isTurn)).toHaveLength(1);
  });

  it("stops when it is interrupted, keeps what was heard, and answers the interruption", async () => {
    await start({ sttMs: 1, llmMs: 1, ttsMs: 1, texts: ["go on"], replies: [long, "Very well."] });
    const [microphone, speaker, seen] = [new Microphone(), new TestSpeaker(), [] as TalkEvent[]];
    const session = client.talk(microphone.blocks(), { speaker });
    await microphone.speak(600);
    await until(session, seen, (event) => event.type === "reply");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    void microphone.speak(700);
    const first = await until(session, seen, isTurn);
    if (first.type !== "turn") throw new Error("no turn");
    expect(first).toMatchObject({ turn: 1, outcome: "interrupted" });
    expect(long.startsWith(first.heard)).toBe(true);
    expect(first.heard.length).toBeGreaterThan(5);
    expect(first.heard.length).toBeLessThan(long.length / 2);
    expect(speaker.done).toContain("stop");
    const second = await until(session, seen, isTurn);
    expect(second).toMatchObject({ turn: 2, question: "Go on", outcome: "complete", heard: "Very well." });
    microphone.isOver = true;
  });

  it("listens only for a key when keys begin, and takes back what is cancelled", async () => {
    await start({ sttMs: 1, llmMs: 1, ttsMs: 1, texts: ["yes"], replies: ["Good."] });
    const [microphone, seen] = [new Microphone(), [] as TalkEvent[]];
    const session = client.talk(microphone.blocks(), { mode: "keys" });
    await until(session, seen, (event) => event.type === "state");
    await microphone.speak(500);
    await new Promise((resolve) => setTimeout(resolve, 800));
    session.key("press");
    await microphone.speak(500);
    session.key("release");
    const turn = await until(session, seen, isTurn);
    // Nothing was answered of what was said before the key: the only turn is the first.
    expect(turn).toMatchObject({ turn: 1, outcome: "complete", question: "Yes", heard: "Good.", heardMs: 0 });
    session.key("press");
    await new Promise((resolve) => setTimeout(resolve, 400));
    session.key("cancel");
    expect(await until(session, seen, isTurn)).toMatchObject({ turn: 2, outcome: "cancelled" });
    microphone.isOver = true;
  });
});
