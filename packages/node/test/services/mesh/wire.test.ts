/** What comes from other peers: whatever it is, a checked message comes out, or a typed refusal. */
import { createActorSystem, isActorError, type ActorRef, type ActorSystem } from "@parley/actors";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { readOffers, writeOffers } from "../../../src/services/mesh/offers.ts";
import { reachOf } from "../../../src/services/mesh/reach.ts";
import { bytesOf, itemsOf, readSound, samplesOf } from "../../../src/services/mesh/sound.ts";
import { acceptsFollow, acceptsHear, acceptsSpeak, acceptsThink, readItem } from "../../../src/services/mesh/wire.ts";

const system: ActorSystem = createActorSystem({ peer: "hall" });
afterAll(() => system.stop());

const own: ActorRef<never> = system.resolve("parley://attic/temporary");
const foreign: ActorRef<never> = system.resolve("parley://cellar/services/llm");
const answer = { sink: own, credit: 16 };
const terms = { workMs: 100, patienceMs: 4_000, moveAboveMs: 30, hasTurn: true };

const VALID = {
  hear: [
    acceptsHear,
    { type: "hear", isWhole: true, terms, sound: own, replyTo: own, answer, language: "en", hotWords: ["Parley"] },
  ],
  speak: [
    acceptsSpeak,
    { type: "speak", terms, text: "Hello.", voice: "mouth", speed: 1.5, takesPacked: true, replyTo: own, answer },
  ],
  think: [
    acceptsThink,
    {
      type: "think",
      terms,
      messages: [{ role: "user", content: "hi" }],
      maxTokens: 9,
      round: "r-1",
      replyTo: own,
      answer,
    },
  ],
  follow: [acceptsFollow, { type: "follow", terms, sound: own, replyTo: own, answer, urgent: true }],
} as const;
const kinds = Object.entries(VALID);

/** One field of a message that would do is something else, is gone, or is one more. */
const spoilt = fc.record({
  kind: fc.constantFrom(...kinds),
  key: fc.oneof(
    fc.constantFrom("type", "terms", "sound", "replyTo", "answer", "text", "messages", "speed", "hotWords", "round"),
    fc.string(),
  ),
  value: fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withTypedArray: true,
    withNullPrototype: true,
  }),
});

describe("a job of another peer", () => {
  it.each(kinds)("%s is taken as it was sent", (_, [accepts, message]) => {
    expect(accepts(message, "attic")).toEqual(message);
  });

  it.each(kinds)(
    "%s is refused where it would have somebody else told, or lacks or adds a field",
    (_, [accepts, message]) => {
      const refused = (given: unknown): void => {
        expect(() => accepts(given, "attic")).toThrow(expect.objectContaining({ code: "bad-message" }));
      };
      refused({ ...message, replyTo: foreign });
      refused({ ...message, replyTo: "parley://attic/x" });
      refused({ ...message, answer: { ...answer, sink: foreign } });
      refused({ ...message, answer: { ...answer, credit: 1_000 } });
      refused({ ...message, answer: undefined });
      refused({ ...message, more: 1 });
      refused({ ...message, terms: undefined });
      if ("sound" in message) refused({ ...message, sound: foreign });
      expect(() => accepts(message, "cellar")).toThrow(expect.objectContaining({ code: "bad-message" }));
    },
  );

  it("is what it should be or is refused, whatever comes", () => {
    fc.assert(
      fc.property(spoilt, ({ kind: [name, [accepts, message]], key, value }) => {
        try {
          const taken: object = accepts({ ...message, [key]: value }, "attic");
          expect(taken).toMatchObject({ type: name, replyTo: own });
        } catch (error) {
          expect(isActorError(error, "bad-message")).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.anything(), ([, [accepts]], value) => {
        expect(() => accepts(value, "attic")).toThrow(expect.objectContaining({ code: "bad-message" }));
      }),
    );
  });
});

describe("what an engine elsewhere says", () => {
  it("is an item or is refused, whatever comes", () => {
    const types = ["alive", "partial", "final", "sound", "packed", "text", "frames", "scores", "refused", "failed"];
    const item = fc.record(
      {
        type: fc.constantFrom(...types),
        text: fc.anything(),
        atMs: fc.anything(),
        samples: fc.anything(),
        frames: fc.anything(),
        steps: fc.anything(),
      },
      { requiredKeys: ["type"] },
    );
    fc.assert(
      fc.property(fc.oneof(item, fc.anything()), (value) => {
        try {
          expect(types).toContain(readItem(value).type);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is the very sound that was sent; what is no number is silence", () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1, maxLength: 400 }), fc.nat(7), (samples, offset) => {
        // Wherever in its frame it lies.
        const frame = new Uint8Array(offset + samples.byteLength);
        frame.set(bytesOf(samples), offset);
        const read = samplesOf(frame.subarray(offset));
        expect(read).toEqual(samples.map((sample) => (Number.isFinite(sample) ? sample : 0)));
        const [item] = itemsOf(samples, { mayBeLast: true });
        expect(readSound(item)).toEqual({ samples: read, mayBeLast: true });
      }),
    );
    for (const bad of [
      new Uint8Array(0),
      new Uint8Array(3),
      new Uint8Array(4_000_004),
      "sound",
      [1, 2, 3, 4],
      undefined,
    ]) {
      expect(() => samplesOf(bad)).toThrow(TypeError);
      expect(() => readSound({ mayBeLast: true, samples: bad })).toThrow(TypeError);
    }
  });
});

describe("what a peer offers", () => {
  const advert = {
    peer: "attic",
    name: "Attic",
    capability: "llm",
    model: "mind",
    languages: [],
    voices: [],
    modes: [],
    classes: [],
    concurrency: 1,
    running: 0,
    queued: 0,
    speed: {},
    hardware: ["gpu"],
    power: "mains",
    jobs: { oldest: 1, newest: 3 },
  } as const;

  it("is its own: it speaks for nobody else", () => {
    const note = writeOffers([{ advert, facts: { sampleRateHz: 24_000 } }], true);
    expect(readOffers(note, "attic").offers).toEqual([{ advert, facts: { sampleRateHz: 24_000 } }]);
    expect(readOffers(note, "cellar").offers[0]?.advert.peer).toBe("cellar");
  });

  it("is read or refused, whatever comes; what is no advert among it is left out", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant({ advert, facts: {} }), fc.anything()), { maxLength: 5 }), (offers) => {
        try {
          const read = readOffers({ type: "offers", isNew: false, offers }, "attic");
          expect(read.offers.every(({ advert: each }) => each.peer === "attic")).toBe(true);
        } catch (error) {
          expect(isActorError(error, "bad-message")).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
    const nothing = { type: "offers", isNew: false, offers: [{ advert: { nonsense: true }, facts: {} }] };
    expect(readOffers(nothing, "attic").offers).toEqual([]);
  });
});

describe("how far a server is", () => {
  it.each([
    ["http://127.0.0.1:11434", "host"],
    ["http://localhost/", "host"],
    ["http://[::1]:8000", "host"],
    ["http://192.168.1.7:11434", "house"],
    ["http://10.1.2.3", "house"],
    ["http://[fd00::7]", "house"],
    ["http://nas.local:11434", "house"],
    ["http://nas", "house"],
    ["https://api.openai.com/v1", "outside"],
    ["http://8.8.8.8", "outside"],
    ["http://172.32.0.1", "outside"],
    ["http://[2001:db8::1]", "outside"],
    ["http://localhost.evil.example", "outside"],
    ["http://127.0.0.1.evil.example", "outside"],
  ] as const)("%s: %s", (url, reach) => {
    expect(reachOf(url)).toBe(reach);
  });
});
