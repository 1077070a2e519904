/** Peers to choose among. */
import fc from "fast-check";
import { Directory, type Advert, type Fleet } from "../../src/routing/index.ts";

export const SELF = "self";

/** A recogniser of English that does nothing now. */
export function advert(parts: Partial<Advert> = {}): Advert {
  return {
    peer: "a",
    name: parts.peer ?? "a",
    capability: "stt",
    model: "moonshine",
    languages: ["en"],
    voices: [],
    modes: [],
    classes: [],
    concurrency: 1,
    running: 0,
    queued: 0,
    speed: { firstResultMs: 0, realTimeFactor: 0.1 },
    hardware: [],
    power: "mains",
    ...parts,
  };
}

/** As {@link SELF} knows it, everybody 2 ms away. */
export function fleet(adverts: readonly Advert[], parts: Partial<Fleet> = {}): Fleet {
  return { self: SELF, nowMs: 0, services: Directory.of(adverts), roundTripMs: () => 2, ...parts };
}

const tag = fc.constantFrom("gpu", "high_mem", "npu");
const language = fc.constantFrom("en", "en-GB", "de", "fr-FR", "mul");
const rate = fc.double({ min: 0.001, max: 1_000, noNaN: true });

/** Adverts of all sorts, also unlikely ones. */
export const anyAdvert: fc.Arbitrary<Advert> = fc
  .record({
    peer: fc.constantFrom(SELF, "a", "b", "c", "d", "e", "f"),
    capability: fc.constantFrom("stt", "tts", "llm", "vad", "wake"),
    model: fc.constantFrom("one", "two:8b", "ollama:llama3:8b", "moonshine"),
    languages: fc.array(language, { maxLength: 3 }),
    voices: fc.array(fc.record({ name: fc.constantFrom("Emma", "Karl", "Luc"), language }), { maxLength: 3 }),
    modes: fc.subarray(["interactive", "batch"] as const),
    classes: fc.subarray(["chat", "planning", "coding"]),
    concurrency: fc.integer({ min: 0, max: 4 }),
    running: fc.integer({ min: 0, max: 4 }),
    queued: fc.integer({ min: 0, max: 20 }),
    speed: fc.record(
      {
        firstResultMs: fc.double({ min: 0, max: 1_000, noNaN: true }),
        realTimeFactor: rate,
        msPerCharacter: rate,
        tokensPerSecond: rate,
        promptTokensPerSecond: rate,
      },
      { requiredKeys: [] },
    ),
    hardware: fc.uniqueArray(tag),
    power: fc.constantFrom("mains", "battery", "unknown"),
  })
  .chain((sure) =>
    fc
      .record(
        {
          queueCapacity: fc.integer({ min: 0, max: 20 }),
          backlogMs: fc.double({ min: 0, max: 100_000, noNaN: true }),
          busyElsewhere: fc.double({ min: 0, max: 1, noNaN: true }),
          memory: fc.record({
            isLoaded: fc.boolean(),
            modelBytes: fc.integer({ min: 0, max: 20_000_000_000 }),
            bytesPerToken: fc.integer({ min: 0, max: 1_000_000 }),
            freeBytes: fc.integer({ min: 0, max: 20_000_000_000 }),
          }),
          reach: fc.constantFrom("host", "house", "outside"),
        },
        { requiredKeys: [] },
      )
      .map((maybe): Advert => ({ name: sure.peer.toUpperCase(), ...sure, ...maybe })),
  );
