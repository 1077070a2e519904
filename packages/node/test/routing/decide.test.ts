import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decide,
  type Advert,
  type Decision,
  type Fleet,
  type JobVersions,
  type RouteRequest,
} from "../../src/routing/index.ts";
import { advert, fleet, SELF } from "./support.ts";

const STT: RouteRequest = { capability: "stt", size: { audioMs: 10_000 } };

const order = ({ candidates }: Decision): readonly string[] => candidates.map(({ advert: { peer } }) => peer);
const rules = ({ excluded }: Decision): Readonly<Record<string, string>> =>
  Object.fromEntries(excluded.map(({ advert: { peer }, rule }) => [peer, rule]));

/** Who does it, among `adverts`. */
function chosen(request: RouteRequest, adverts: readonly Advert[], parts: Partial<Fleet> = {}): string | undefined {
  return decide(request, fleet(adverts, parts)).best?.advert.peer;
}

describe("a job", () => {
  it("goes to whoever is expected to be done first: waiting, working and the way there", () => {
    const slow = advert({ peer: "slow", speed: { realTimeFactor: 0.5, firstResultMs: 0 } });
    const busy = advert({ peer: "busy", running: 1, backlogMs: 900 });
    const far = advert({ peer: "far" });
    const decision = decide(STT, fleet([slow, busy, far], { roundTripMs: (peer) => (peer === "far" ? 500 : 2) }));
    expect(order(decision)).toEqual(["far", "busy", "slow"]);
    expect(decision.candidates.map(({ expected }) => expected)).toEqual([
      { queueMs: 0, workMs: 1_000, networkMs: 500, totalMs: 1_500 },
      { queueMs: 900, workMs: 1_000, networkMs: 2, totalMs: 1_902 },
      { queueMs: 0, workMs: 5_000, networkMs: 2, totalMs: 5_002 },
    ]);
  });

  it("stays here when nobody else is better than the way to them is long", () => {
    const here = advert({ peer: SELF });
    const alike = advert({ peer: "alike" });
    const better = advert({ peer: "better", speed: { realTimeFactor: 0.05, firstResultMs: 0 } });
    expect(chosen(STT, [alike, here], { roundTripMs: () => 0 })).toBe(SELF);
    expect(chosen(STT, [better, here])).toBe("better");
  });

  it("stays here while another only seems a little better: measured speeds of two that are alike are never the same", () => {
    const here = advert({ peer: SELF });
    fc.assert(
      fc.property(fc.double({ min: 0.92, max: 1.5, noNaN: true }), fc.nat(8), (noise, roundTripMs) => {
        const alike = advert({ peer: "alike", speed: { firstResultMs: 0, realTimeFactor: 0.1 * noise } });
        expect(chosen(STT, [alike, here], { roundTripMs: () => roundTripMs })).toBe(SELF);
      }),
    );
    // A small job is not sent anywhere for a few milliseconds, whoever could save them.
    const small = { ...STT, size: { audioMs: 50 } };
    expect(chosen(small, [advert({ peer: "quick", speed: { firstResultMs: 0, realTimeFactor: 0.01 } }), here])).toBe(
      SELF,
    );
    // A fifth better is better, and what somebody is in the middle of stays where it is.
    const better = advert({ peer: "better", speed: { firstResultMs: 0, realTimeFactor: 0.08 } });
    expect(chosen(STT, [better, here], { roundTripMs: () => 0 })).toBe("better");
    const alike = advert({ peer: "alike" });
    const stay = { ...STT, stickTo: { peer: "alike", within: "session" as const } };
    expect(chosen(stay, [alike, here])).toBe("alike");
  });

  it("waits for its sound to go there and back all the while where voices are looked for in it", () => {
    const vad = advert({ peer: "far", capability: "vad" });
    const decision = decide({ capability: "vad" }, fleet([vad], { roundTripMs: () => 10 }));
    expect(decision.best?.expected.networkMs).toBe(20);
  });

  it("takes longer where the machine is busy with something else", () => {
    const decision = decide(STT, fleet([advert({ busyElsewhere: 0.5 })]));
    expect(decision.best?.expected.workMs).toBe(2_000);
  });

  it("waits for as many as are before it, less what was worked on since they were told", () => {
    const two = advert({ concurrency: 2, running: 2, queued: 2, backlogMs: 4_000 });
    // Four jobs of a second each at two places: three leave before there is one.
    expect(decide(STT, fleet([two])).best?.expected.queueMs).toBe(1_500);
    expect(decide(STT, fleet([two], { nowMs: 1_000 })).best?.expected.queueMs).toBe(750);
    expect(decide(STT, fleet([two], { nowMs: 9_000 })).best?.expected.queueMs).toBe(0);
    expect(decide(STT, fleet([{ ...two, queued: 0, running: 1 }])).best?.expected.queueMs).toBe(0);
  });

  it("waits also for what was sent before it and is in no advert yet", () => {
    const idle = advert({ peer: "fast" });
    const other = advert({ peer: "other", speed: { realTimeFactor: 0.12, firstResultMs: 0 } });
    const inFlight: Fleet["inFlight"] = (peer) => (peer === "fast" ? { jobs: 1, workMs: 1_000 } : undefined);
    expect(chosen(STT, [idle, other])).toBe("fast");
    expect(chosen(STT, [idle, other], { inFlight })).toBe("other");
  });
});

describe("nobody is asked", () => {
  type Case = [rule: string, request: RouteRequest, other: Partial<Advert>, parts?: Partial<Fleet>];
  const cases: readonly Case[] = [
    ["privacy", { ...STT, privacy: "host" }, {}],
    ["privacy", { ...STT, privacy: "house" }, { reach: "outside" }],
    ["policy", STT, {}, { policy: { stt: { localOnly: true } } }],
    ["policy", STT, {}, { policy: { "*": { prefer: ["box"], preferredOnly: true } } }],
    ["version", STT, { jobs: { oldest: 1, newest: 1 } }],
    ["version", STT, { jobs: { oldest: 900, newest: 901 } }],
    ["excluded", { ...STT, exclude: ["b"] }, {}],
    ["model", { ...STT, model: "whisper" }, {}],
    ["language", { ...STT, language: "de-AT" }, { languages: ["en-GB", "fr"] }],
    ["voice", { capability: "tts", voice: "Emma" }, { capability: "tts", voices: [{ name: "Karl", language: "de" }] }],
    [
      "voice",
      { capability: "tts", voice: "emma", language: "de" },
      {
        capability: "tts",
        languages: [],
        voices: [
          { name: "Emma", language: "en" },
          { name: "Karl", language: "de" },
        ],
      },
    ],
    ["mode", STT, { modes: ["batch"] }],
    ["class", { capability: "llm", class: "planning" }, { capability: "llm", classes: ["chat"] }],
    ["hardware", { ...STT, needs: ["gpu"] }, { hardware: ["npu"] }],
    [
      "memory",
      { capability: "llm" },
      { capability: "llm", memory: { isLoaded: false, modelBytes: 8e9, bytesPerToken: 1e5, freeBytes: 8e9 } },
    ],
    ["stopped", STT, { concurrency: 0 }],
    ["unreachable", STT, {}, { roundTripMs: () => Infinity }],
    ["breaker", STT, {}, { breaker: () => ({ state: "open", failures: 3, untilMs: 500 }) }],
    ["breaker", STT, {}, { breaker: () => ({ state: "half-open", failures: 3, isTried: true }) }],
    ["busy", STT, { running: 1, backlogMs: 5_000 }],
    ["busy", { ...STT, refusedBy: ["b"] }, {}],
    ["busy", STT, { running: 1, queued: 2, queueCapacity: 2, backlogMs: 10 }],
  ];
  it.each<Case>(cases)("against the rule of %s: %j", (rule, request, other, parts) => {
    const decision = decide(request, fleet([advert({ peer: "b", ...other })], parts));
    expect(decision.best).toBeUndefined();
    expect(rules(decision)).toEqual({ b: rule });
    expect(decision.excluded[0]?.why.length).toBeGreaterThan(10);
  });

  it("for want of a version that both know: which of the two is to be upgraded is said", () => {
    const why = (jobs: JobVersions): string | undefined =>
      decide(STT, fleet([advert({ peer: "b", jobs })])).excluded[0]?.why;
    expect(why({ oldest: 1, newest: 1 })).toMatch(
      /^it speaks version 1 of .*, this peer versions 2 to 3: it is to be upgraded$/,
    );
    expect(why({ oldest: 900, newest: 901 })).toMatch(
      /^it speaks versions 900 to 901 of .*: this peer is to be upgraded$/,
    );
    expect(chosen(STT, [advert({ peer: "b", jobs: { oldest: 1, newest: 901 } })])).toBe("b");
    expect(chosen(STT, [advert({ peer: SELF, jobs: { oldest: 900, newest: 901 } })])).toBe(SELF);
  });

  it("whose engine here sends what it is given elsewhere, when it must stay on this host", () => {
    const here = advert({ peer: SELF, capability: "llm", reach: "house" });
    expect(rules(decide({ capability: "llm", privacy: "host" }, fleet([here])))).toEqual({ [SELF]: "privacy" });
    expect(chosen({ capability: "llm", privacy: "house" }, [here])).toBe(SELF);
    expect(chosen({ capability: "llm", privacy: "host" }, [{ ...here, reach: "host" }])).toBe(SELF);
  });

  it("and it is said whether others can, are busy, or have failed", () => {
    const refusal = (adverts: readonly Advert[], parts: Partial<Fleet> = {}) =>
      decide({ ...STT, language: "en" }, fleet(adverts, parts)).refusal;
    expect(refusal([])).toMatchObject({ code: "no-engine" });
    expect(refusal([advert({ languages: ["de"] })])).toMatchObject({ code: "no-engine" });
    expect(refusal([advert({ languages: ["de"] }), advert({ peer: "b", running: 1, backlogMs: 4_500 })])).toMatchObject(
      {
        code: "engines-busy",
        retryAfterMs: 500,
      },
    );
    expect(refusal([advert()], { roundTripMs: () => Infinity })).toMatchObject({ code: "engines-failing" });
    expect(refusal([advert()])).toBeUndefined();
  });
});

describe("a named model", () => {
  it.each([
    ["llama3:8b", "llama3:8b"],
    ["llama3:8b", "LLAMA3"],
    ["ollama:llama3:8b", "llama3:8b"],
    ["ollama:llama3:8b", "llama3"],
  ])("%s is what somebody means who says %s", (model, wanted) => {
    expect(chosen({ capability: "llm", model: wanted }, [advert({ capability: "llm", model })])).toBe("a");
  });

  it.each(["llama3:70b", "llama", "lama3:8b"])("llama3:8b is not %s", (wanted) => {
    const adverts = [advert({ capability: "llm", model: "llama3:8b" })];
    expect(chosen({ capability: "llm", model: wanted }, adverts)).toBeUndefined();
  });
});

describe("the owner's policy", () => {
  const box = advert({
    peer: "p1",
    name: "GPU box",
    hardware: ["gpu"],
    speed: { realTimeFactor: 0.3, firstResultMs: 0 },
  });
  const pi = advert({ peer: "p2", name: "Pi", speed: { realTimeFactor: 0.2, firstResultMs: 0 } });
  const laptop = advert({ peer: "p3", name: "laptop" });
  const prefer = { stt: { prefer: ["gpu box", "Pi"] } };

  it("has the GPU box do it, else the Pi, else anybody", () => {
    const adverts = [laptop, pi, box];
    expect(order(decide(STT, fleet(adverts)))).toEqual(["p3", "p2", "p1"]);
    expect(order(decide(STT, fleet(adverts, { policy: prefer })))).toEqual(["p1", "p2", "p3"]);
    const busy = { ...box, running: 1, backlogMs: 20_000 };
    expect(chosen(STT, [laptop, pi, busy], { policy: prefer })).toBe("p2");
    expect(chosen({ ...STT, exclude: ["p1", "p2"] }, adverts, { policy: prefer })).toBe("p3");
  });

  it.each([
    ["GPU BOX", "p1"],
    ["p2", "p2"],
    ["tag:gpu", "p1"],
    ["elsewhere", "p3"],
  ])("means by %s %s", (target, peer) => {
    expect(chosen(STT, [pi, box, laptop], { policy: { "*": { prefer: [target], preferredOnly: true } } })).toBe(peer);
  });

  it("multiplies: one that counts as four times as fast is chosen before one that is twice as fast", () => {
    expect(chosen(STT, [pi, laptop], { policy: { stt: { weights: { pi: 4 } } } })).toBe("p2");
    expect(chosen(STT, [pi, laptop], { policy: { stt: { weights: { pi: 4, p2: 0.25 } } } })).toBe("p3");
    expect(chosen(STT, [pi, laptop], { policy: { tts: { weights: { pi: 4 } } } })).toBe("p3");
  });
});

describe("who has begun", () => {
  const had = advert({ peer: "had", speed: { realTimeFactor: 0.11, firstResultMs: 0 } });
  const better = advert({ peer: "better", speed: { realTimeFactor: 0.1, firstResultMs: 0 } });
  const best = advert({ peer: "best", speed: { realTimeFactor: 0.05, firstResultMs: 0 } });
  const session: RouteRequest = { ...STT, stickTo: { peer: "had", within: "session" } };
  const turn: RouteRequest = { ...STT, stickTo: { peer: "had", within: "turn" } };

  it("goes on with a session until another is clearly better", () => {
    expect(chosen(STT, [had, better])).toBe("better");
    expect(chosen(session, [had, better])).toBe("had");
    expect(chosen(session, [had, better, best])).toBe("best");
  });

  it("goes on with a turn as long as it can", () => {
    expect(chosen(turn, [had, better, best])).toBe("had");
    expect(chosen({ ...turn, exclude: ["had"] }, [had, better, best])).toBe("best");
  });
});

describe("heavy work", () => {
  const plain = advert({
    peer: "plain",
    capability: "llm",
    speed: { firstResultMs: 0, tokensPerSecond: 50, promptTokensPerSecond: 500 },
  });
  const gpu = { ...plain, peer: "gpu", hardware: ["gpu", "high_mem"], speed: { ...plain.speed, tokensPerSecond: 40 } };

  it("prefers machines with a GPU and much memory, also when they are a little slower", () => {
    expect(chosen({ capability: "llm", size: { promptTokens: 100, tokens: 200 } }, [plain, gpu])).toBe("plain");
    expect(chosen({ capability: "llm", size: { promptTokens: 6_000, tokens: 200 } }, [plain, gpu])).toBe("gpu");
  });

  it("that can wait is not done from a battery while somebody has the mains", () => {
    const battery = advert({ peer: "battery", power: "battery", speed: { realTimeFactor: 0.08, firstResultMs: 0 } });
    expect(chosen(STT, [battery, advert()])).toBe("battery");
    expect(chosen({ ...STT, mode: "batch" }, [battery, advert()])).toBe("a");
  });
});

it("a decision stays as it is when what it was made from changes", () => {
  const known = fleet([advert(), advert({ peer: "b", languages: ["de"] })]);
  const decision = decide({ ...STT, language: "en" }, known);
  known.services.put(advert({ running: 1, backlogMs: 100_000 }), 5);
  known.services.removePeer("b");
  expect(order(decision)).toEqual(["a"]);
  expect(decision.best?.expected.queueMs).toBe(0);
  expect(rules(decision)).toEqual({ b: "language" });
});
