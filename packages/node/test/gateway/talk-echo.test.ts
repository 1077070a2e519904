import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, type CapturedSound, type ParleyClient, type Speaker, type TalkEvent } from "@parley/sdk";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, type Peer } from "../support.ts";

const BLOCK_MS = 20;
const LONG = `${"This is one of many sentences that are said. ".repeat(3)}And this is the end.`;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
let client: ParleyClient;

beforeEach(async () => {
  folder = await temporaryFolder();
  const delays = { sttMs: 1, llmMs: 1, ttsMs: 1, texts: ["go on", "stop"], replies: [LONG, "Very well."] };
  peer = await createPeer({ config: testConfig(folder.path), sources: fixedDelaySources(delays) });
  client = await connect({ url: `${peer.url.replace(/^http/, "ws")}/ws`, token: peer.token });
});
afterEach(async () => {
  client.close();
  await peer.close();
  await folder.remove();
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A microphone beside its loudspeaker: what is played is heard, and so is who speaks. */
class Room implements Speaker {
  isSpeaking = false;
  isOver = false;
  stops = 0;
  readonly #tells: boolean;
  #startedMs = 0;
  #queuedMs = 0;
  #reply = 0;

  /** @param tells whether it says how much of what it hears is its own playback */
  constructor(tells: boolean) {
    this.#tells = tells;
  }

  get #isPlaying(): boolean {
    return this.#queuedMs > 0 && this.heardMs < this.#queuedMs;
  }

  async *microphone(): AsyncGenerator<Float32Array | CapturedSound> {
    const startedMs = performance.now();
    for (let n = 1; !this.isOver; n += 1) {
      const waitMs = startedMs + n * BLOCK_MS - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      const [near, far] = [this.isSpeaking ? 0.2 : 0, this.#isPlaying ? 0.2 : 0];
      const samples = new Float32Array(16 * BLOCK_MS).fill(Math.max(near, far));
      const echo = far === 0 ? 0 : far ** 2 / (far ** 2 + near ** 2);
      yield this.#tells ? { samples, echo } : samples;
    }
  }

  get heardMs(): number {
    return this.#queuedMs === 0 ? 0 : Math.min(this.#queuedMs, performance.now() - this.#startedMs);
  }

  async play({ sampleRateHz, samples }: Parameters<Speaker["play"]>[0]): Promise<boolean> {
    if (this.#queuedMs === 0) {
      this.#startedMs = performance.now();
      this.#reply += 1;
    }
    this.#queuedMs += (1000 * samples.length) / sampleRateHz;
    return true;
  }

  async finished(): Promise<number> {
    const reply = this.#reply;
    while (this.#reply === reply && this.#isPlaying) await sleep(20);
    const { heardMs } = this;
    this.#queuedMs = 0;
    return heardMs;
  }

  stop(): { readonly heardMs: number } {
    const { heardMs } = this;
    this.#queuedMs = 0;
    this.stops += 1;
    return { heardMs };
  }

  duck(): void {
    // As loud as before: the hardest case.
  }

  restore(): void {
    // As above.
  }
}

/** Asks for a long reply, hears it as an echo, and speaks over it where told to; the first turn. */
async function firstTurn(room: Room, speaksOver: boolean): Promise<TalkEvent> {
  const session = client.talk(room.microphone(), { speaker: room });
  const events = session.events[Symbol.asyncIterator]();
  // Nobody listens yet: the engines are still on their way.
  session.key("strike", 0);
  room.isSpeaking = true;
  await sleep(500);
  room.isSpeaking = false;
  for (;;) {
    const next = await events.next();
    if (next.done === true) throw new Error("the conversation ended before a turn did");
    if (next.value.type === "reply" && speaksOver) {
      void sleep(1200).then(async () => {
        room.isSpeaking = true;
        await sleep(900);
        room.isSpeaking = false;
      });
    }
    if (next.value.type === "turn") {
      room.isOver = true;
      return next.value;
    }
  }
}

describe("a client that hears its own playback", () => {
  it("does not interrupt itself when it says so", async () => {
    const room = new Room(true);
    expect(await firstTurn(room, false)).toMatchObject({ turn: 1, outcome: "complete", heard: LONG });
    expect(room.stops).toBe(0);
  });

  it("is stopped by itself when it does not: the echo is as loud as a voice", async () => {
    const room = new Room(false);
    const turn = firstTurn(room, false);
    while (room.stops === 0) await sleep(50);
    room.isOver = true;
    expect(await turn).toMatchObject({ turn: 1 });
  });

  it("is interrupted by somebody who speaks over it as loudly", async () => {
    const turn = await firstTurn(new Room(true), true);
    expect(turn).toMatchObject({ turn: 1, outcome: "interrupted" });
    if (turn.type === "turn") expect(turn.heardMs).toBeGreaterThan(1000);
  });
});
