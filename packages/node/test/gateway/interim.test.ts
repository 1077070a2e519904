/** What a client hears while its session is looked for: real actors over a network in memory, a voice that a test lets go on. */
import type { TextToSpeech } from "@parley/audio/engines";
import { speak } from "@parley/audio/pipeline";
import { decodeAudioFrame, SESSION_MOVED, STAYS, type Message } from "@parley/sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import type { InterimVoice } from "../../src/gateway/interim.ts";
import { Visiting } from "../../src/gateway/visiting.ts";
import type { SessionHouse } from "../../src/services/session/house.ts";
import type { WorkRequest } from "../../src/services/session/wire.ts";
import { eventually } from "../support.ts";
import { passOf } from "./passes.ts";
import { StreetJournals } from "../services/session/street-journals.ts";
import { Street } from "../services/session/street.ts";

const RATE_HZ = 1_000;
const TEXT = "The kettle is on now. It is ten minutes past nine. The door is open wide. And th";
const FIRST = "The kettle is on now. ";
const SECOND = "It is ten minutes past nine. ";

/** Says each sentence once it is let: two pieces of 100 ms. */
class Voice implements InterimVoice {
  readonly said: string[] = [];
  isStopped = false;
  readonly #gates: PromiseWithResolvers<void>[] = [];
  #open = 0;
  #passed = 0;

  /** The next piece may come. */
  go(pieces = 1): void {
    for (let n = 0; n < pieces; n += 1) this.#gate(this.#open++).resolve();
  }

  #gate(n: number): PromiseWithResolvers<void> {
    return (this.#gates[n] ??= Promise.withResolvers());
  }

  answeringVoice(): { readonly speed: number } {
    return { speed: 1 };
  }

  say(text: string, options: Parameters<InterimVoice["say"]>[1]): ReturnType<InterimVoice["say"]> {
    const pass = async (): Promise<void> => this.#gate(this.#passed++).promise;
    const { said } = this;
    const tts: TextToSpeech = {
      id: "voice",
      sampleRateHz: RATE_HZ,
      voices: [{ name: "eve", language: "en" }],
      async *synthesize(sentence) {
        said.push(sentence);
        for (let n = 0; n < 2; n += 1) {
          await pass();
          yield { sampleRateHz: RATE_HZ, samples: new Float32Array(100) };
        }
      },
    };
    options.signal?.addEventListener("abort", () => (this.isStopped = true), { once: true });
    return speak(once(text), tts, options);
  }
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

class Guest {
  readonly visiting: Visiting;
  readonly told: string[] = [];
  soundMs = 0;
  movedId: string | undefined;
  closed: number | undefined;

  constructor(house: SessionHouse, voice: InterimVoice, sessionId: string, features: readonly string[]) {
    this.visiting = new Visiting({
      conversations: house,
      voice,
      pass: passOf({ session: { id: sessionId, isNew: false } }),
      register: { clientId: "c", clientType: "api", capabilities: { features: [...features] } },
      line: {
        send: async (message) => this.#told(message),
        frame: async (bytes) => {
          const frame = decodeAudioFrame(bytes);
          if (typeof frame === "string") throw new Error(frame);
          this.soundMs += (1000 * frame.samples.length) / frame.sampleRateHz;
        },
        holdWhile: (room) => room,
      },
      refuse: async () => undefined,
      hangUp: (code) => {
        this.closed ??= code;
        this.visiting.close();
      },
    });
    onTestFinished(() => this.visiting.close());
  }

  #told(message: Message): void {
    if (message.type !== "EVENT") return;
    const { eventType, eventData } = message.payload;
    if (eventType === SESSION_MOVED) this.movedId = message.messageId;
    const text = eventType === "sentence" ? ` ${String(eventData["text"])}` : "";
    this.told.push(`${eventType}${text}`);
  }

  asks(request: WorkRequest): string {
    const commandId = crypto.randomUUID();
    void this.visiting.push({ type: "command", commandId, request });
    return commandId;
  }
}

const soFar = { question: "q", text: TEXT, spoken: 0, index: 0, heardMs: 50 };
const ask = (parameters: Partial<Extract<WorkRequest, { command: "ask" }>["parameters"]> = {}): WorkRequest => ({
  command: "ask",
  parameters: { stream: 1, speak: true, input: { kind: "text", text: "q" }, workId: "w", soFar, ...parameters },
});

/** A client at a peer whose session's host is gone, and of which nobody knows yet who is next. */
async function cutOff(features: readonly string[] = [STAYS]) {
  const street = new Street(["a", "b"]);
  street.journals = new StreetJournals();
  const [a, b] = await street.build();
  if (a === undefined || b === undefined) throw new Error("two were asked for");
  const sessionId = b.house.newId();
  // Nobody can agree on anything for now.
  street.placement.elect(undefined);
  await aWhile(20);
  street.network.kill("b");
  const voice = new Voice();
  const guest = new Guest(a.house, voice, sessionId, features);
  return { guest, voice, house: a.house, find: () => street.placement.elect("a") };
}

const aWhile = (ms = 250): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("an answer that was cut in mid-sound, while its session is looked for", () => {
  it("is spoken on as far as it is known in whole sentences, and gone on with where that has got to", async () => {
    const { guest, voice, house, find } = await cutOff();
    guest.asks(ask());
    voice.go(3);
    await eventually(() => guest.soundMs).toBe(250);
    expect(guest.told).toEqual([`sentence ${FIRST.trim()}`, "timing", `sentence ${SECOND.trim()}`]);
    find();
    await eventually(() => house.list()[0]?.visit ?? null).not.toBeNull();
    // A sentence is not cut.
    await aWhile();
    expect(guest.movedId).toBeUndefined();
    voice.go(3);
    await eventually(() => guest.movedId).toBeDefined();
    await aWhile();
    expect(guest.soundMs).toBe(350);
    expect(guest.told).toEqual([
      `sentence ${FIRST.trim()}`,
      "timing",
      `sentence ${SECOND.trim()}`,
      "timing",
      SESSION_MOVED,
    ]);
    // What it had asked was dropped: the session knows of nothing until it is asked again.
    expect(house.list()).toMatchObject([{ turns: 0 }]);
    expect(guest.visiting.acknowledge(guest.movedId ?? "")).toBe(true);
    const spoken = FIRST.length + SECOND.length;
    guest.asks(ask({ soFar: { ...soFar, spoken, index: 2, heardMs: 0 } }));
    await eventually(() => house.list()).toMatchObject([{ turns: 1 }]);
    expect(guest.closed).toBeUndefined();
  });

  it("never ends in the middle of what is not whole yet", async () => {
    const { guest, voice } = await cutOff();
    guest.asks(ask());
    voice.go(20);
    await eventually(() => guest.told.filter((each) => each === "timing").length).toBe(3);
    await aWhile();
    expect(voice.said).toEqual(["The kettle is on now.", "It is ten minutes past nine.", "The door is open wide."]);
    expect(guest.movedId).toBeUndefined();
  });

  it("begins a reply of a live conversation", async () => {
    const { guest, voice } = await cutOff();
    const parameters = { stream: 1, speak: true, mode: "open" as const, workId: "w", audioFromMs: 0, soFar };
    guest.asks({ command: "talk", parameters });
    voice.go(2);
    await eventually(() => guest.told.length).toBe(4);
    expect(guest.told).toEqual([`sentence ${FIRST.trim()}`, "reply", "timing", `sentence ${SECOND.trim()}`]);
  });

  it("is said to its end where all of it is known", async () => {
    const { guest, voice } = await cutOff();
    const text = "It rains. It snows in the north.";
    const has = { text: "", spoken: 0, index: 0, heardMs: 0 };
    guest.asks({ command: "say", parameters: { stream: 1, text, soFar: has } });
    voice.go(20);
    await eventually(() => guest.told.at(-1)).toBe("timing");
    expect(voice.said.join(" ")).toBe(text);
  });

  const silent: readonly (readonly [string, WorkRequest, readonly string[]])[] = [
    ["to a client that does not know how to go on", ask(), []],
    ["of what must not leave its host", ask({ privacy: "host" }), [STAYS]],
    ["of what is only read", ask({ speak: false }), [STAYS]],
    ["before any of it sounded", ask({ soFar: { ...soFar, heardMs: 0 } }), [STAYS]],
    ["as compressed sound", ask({ audio: "opus" }), [STAYS]],
    ["where no whole sentence is known", ask({ soFar: { ...soFar, text: "The kettle is" } }), [STAYS]],
  ];
  it.each(silent)("is not spoken %s", async (_, request, features) => {
    const { guest, voice } = await cutOff(features);
    guest.asks(request);
    voice.go(20);
    await aWhile();
    expect({ said: voice.said, told: guest.told }).toEqual({ said: [], told: [] });
  });

  it("is not spoken beside other work: that is asked for as it was, once the session is found", async () => {
    const { guest, voice, house, find } = await cutOff();
    guest.asks(ask());
    guest.asks(ask({ stream: 2, workId: "v", input: { kind: "text", text: "r" }, soFar: undefined, speak: false }));
    voice.go(20);
    await aWhile();
    expect(voice.said).toEqual([]);
    find();
    await eventually(() => house.list()).toMatchObject([{ turns: 2 }]);
    expect(guest.movedId).toBeUndefined();
  });

  it("is cut where a voice stands still: its client goes on with the session, behind what it has heard", async () => {
    const { guest, voice, find } = await cutOff();
    guest.asks(ask());
    voice.go(1);
    await eventually(() => guest.soundMs).toBe(50);
    find();
    await eventually(() => guest.movedId).toBeDefined();
    expect(voice.isStopped).toBe(true);
    voice.go(20);
    await aWhile();
    expect(guest.told).toEqual([`sentence ${FIRST.trim()}`, SESSION_MOVED]);
    expect(guest.soundMs).toBe(50);
  });

  it("is not spoken to who is gone", async () => {
    const { guest, voice } = await cutOff();
    guest.asks(ask());
    voice.go(1);
    await eventually(() => guest.soundMs).toBe(50);
    guest.visiting.close();
    expect(voice.isStopped).toBe(true);
    voice.go(20);
    await aWhile();
    expect(guest.soundMs).toBe(50);
  });
});
