import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bargeInOptions, createBargeIn } from "../../../src/turn/index.ts";
import type { BargeInDecision, BargeInFrame, BargeInOptions } from "../../../src/turn/index.ts";
import { COUGHS, DOORS_AND_KEYS, SPEECH } from "./sounds.ts";
import type { Sound } from "./sounds.ts";

const FRAME_MS = 32;
const ROOM: Omit<BargeInFrame, "atMs"> = { speech: 0.01, levelDbfs: -60, echo: 0, wake: false };
const VOICE: Omit<BargeInFrame, "atMs"> = { speech: 0.98, levelDbfs: -30, echo: 0, wake: false };
const NOISE: Omit<BargeInFrame, "atMs"> = { speech: 0.05, levelDbfs: -25, echo: 0, wake: false };

/** `[how many, of what]` in a row, after a second of room. */
function hear(
  parts: readonly (readonly [number, Omit<BargeInFrame, "atMs">])[],
  options: Partial<BargeInOptions> = {},
  room = ROOM,
) {
  const watch = createBargeIn(options);
  const decisions: BargeInDecision[] = [];
  let atMs = -30 * FRAME_MS;
  for (const [count, frame] of [[30, room] as const, ...parts]) {
    for (let index = 0; index < count; index += 1, atMs += FRAME_MS) {
      const decision = watch.push({ ...frame, atMs });
      if (decision !== undefined) decisions.push(decision);
    }
  }
  return decisions;
}

function hearSound({ speech, levelDbfs }: Sound): readonly BargeInDecision[] {
  const room = { ...ROOM, levelDbfs: levelDbfs[0] ?? -60 };
  const frames = speech.map((one, index) => {
    return [1, { ...ROOM, speech: one, levelDbfs: levelDbfs[index] ?? -60 }] as const;
  });
  return hear([...frames, [20, room]], {}, room);
}

const kinds = (decisions: readonly BargeInDecision[]): string => decisions.map(({ type }) => type).join(" ");

describe("speech", () => {
  test("ducks within 150 ms of its onset, in quiet and in noise, and stops within 300 ms, or a hissed one a frame later", () => {
    const reactions = SPEECH.map((sound) => {
      const decisions = hearSound(sound);
      expect(kinds(decisions)).toBe("duck stop");
      return decisions.map(({ atMs }) => atMs - sound.onsetMs);
    });
    const sorted = (index: number): readonly number[] =>
      reactions.map((one) => one[index] ?? Number.NaN).toSorted((a, b) => a - b);
    const [ducks, stops] = [sorted(0), sorted(1)];
    console.log(`speech: ducks after ${ducks.join(" ")} ms, stops after ${stops.join(" ")} ms`);
    expect(ducks.at(-1)).toBeLessThanOrEqual(150);
    expect(stops.at(-2)).toBeLessThanOrEqual(300);
    expect(stops.at(-1)).toBeLessThanOrEqual(332);
  });

  test("stops after six frames that are surely speech, and says where it began", () => {
    expect(hear([[20, VOICE]])).toEqual([
      { type: "duck", atMs: 64, onsetMs: 0 },
      { type: "stop", atMs: 192, onsetMs: 0 },
    ]);
  });

  test("stops two frames sooner where it is known to have a voice, and late, but not never, where it is known to have none", () => {
    const stopOf = (periodicity: number): number | undefined =>
      hear([[60, { ...VOICE, periodicity }]]).find(({ type }) => type === "stop")?.atMs;
    expect(stopOf(0.95)).toBe(128);
    expect(stopOf(0.3)).toBeGreaterThan(500);
    expect(stopOf(0.3)).toBeLessThan(900);
  });

  test("that begins with a hiss below its vowel is as fast from there on as without", () => {
    const hiss = { ...VOICE, speech: 0.4, levelDbfs: -42, periodicity: 0.3 };
    const decisions = hear([
      [4, hiss],
      [20, { ...VOICE, periodicity: 0.9 }],
    ]);
    expect(decisions.find(({ type }) => type === "stop")?.atMs).toBe(4 * FRAME_MS + 128);
  });

  test("that falls for a consonant stops as soon as it rises again, not when it is as loud as before", () => {
    const vowel = { ...VOICE, levelDbfs: -20, periodicity: 0.9 };
    const word = [
      [3, vowel],
      [2, { ...vowel, levelDbfs: -42 }],
      [1, { ...vowel, levelDbfs: -37 }],
    ] as const;
    expect(hear(word).find(({ type }) => type === "stop")?.atMs).toBe(6 * FRAME_MS);
    expect(kinds(hear([...word.slice(0, 2), [1, { ...vowel, levelDbfs: -43 }]]))).not.toContain("stop");
  });

  test("that is hardly above the noise stops too", () => {
    expect(kinds(hear([[20, { ...VOICE, levelDbfs: -58 }]]))).toBe("duck stop");
  });

  test("stops once for each reply", () => {
    const watch = createBargeIn();
    const push = (count: number, from: number) =>
      Array.from({ length: count }, (_, index) => watch.push({ ...VOICE, atMs: (from + index) * FRAME_MS })).filter(
        Boolean,
      );
    expect(push(60, 0)).toHaveLength(2);
    watch.reset();
    expect(push(60, 60)).toHaveLength(2);
  });
});

describe("what is no speech", () => {
  test("coughs, doors and keyboards duck at most, and the reply comes back", () => {
    for (const sound of [...COUGHS, ...DOORS_AND_KEYS]) {
      expect(kinds(hearSound(sound))).toMatch(/^(duck restore ?)*$/u);
    }
    expect(COUGHS.map((sound) => hearSound(sound)[0]?.type)).toEqual(COUGHS.map(() => "duck"));
  });

  test("a cough with a voice in it, as probable as speech but loudest in its breath, comes back", () => {
    const stroke = { ...VOICE, speech: 0.5, levelDbfs: -18, periodicity: 0.3 };
    const tone = { ...VOICE, speech: 0.96, levelDbfs: -20, periodicity: 0.9 };
    const cough = (known: boolean): string => {
      const of = ({ periodicity, ...frame }: typeof tone): Omit<BargeInFrame, "atMs"> =>
        known ? { ...frame, periodicity } : frame;
      return kinds(
        hear([
          [4, of(stroke)],
          [6, of(tone)],
          [20, { ...ROOM, ...(known ? { periodicity: 0.4 } : {}) }],
        ]),
      );
    };
    expect(cough(true)).toBe("duck restore");
    // Without looking for the voice it would stop.
    expect(cough(false)).toBe("duck stop");
  });

  test("a cough that breaks off as its evidence is complete comes back, and so does a fit of them", () => {
    const tone = { ...VOICE, speech: 0.97, levelDbfs: -22, periodicity: 0.95 };
    const gone = { ...tone, levelDbfs: -60, speech: 0.95 };
    const fallen = { ...tone, levelDbfs: -32 };
    // Four frames of it are not enough, five would be.
    const once = [
      [4, tone],
      [1, fallen],
      [1, gone],
      [1, { ...gone, speech: 0.6 }],
      [8, ROOM],
    ] as const;
    expect(kinds(hear(once))).toBe("duck restore");
    expect(kinds(hear([...once, ...once, ...once]))).not.toContain("stop");
    expect(kinds(hear([[5, tone]]))).toBe("duck stop");
  });

  test("a bang does not hide who speaks behind it, however loud it was", () => {
    const bang = { ...NOISE, levelDbfs: -2 };
    const stopped = hear([
      [4, bang],
      [20, { ...VOICE, periodicity: 0.9 }],
    ]).find(({ type }) => type === "stop");
    expect(stopped?.atMs).toBeLessThanOrEqual(4 * FRAME_MS + 192);
  });

  test("what rumbles where no voices are is none", () => {
    const rumble = { ...NOISE, bandDbfs: -60 };
    const room = { ...ROOM, bandDbfs: -60 };
    expect(kinds(hear([[20, rumble]], {}, room))).toBe("");
    expect(kinds(hear([[20, { ...rumble, bandDbfs: -40 }]], {}, room))).toContain("duck");
  });

  test("a click does nothing", () => {
    expect(
      hear([
        [1, NOISE],
        [20, ROOM],
      ]),
    ).toEqual([]);
  });

  test("coughs in a row do not add up", () => {
    const cough = [
      [5, { ...VOICE, speech: 0.9 }],
      [8, ROOM],
    ] as const;
    const fit = [...cough, ...cough, ...cough, ...cough, ...cough, ...cough];
    expect(kinds(hear(fit))).not.toContain("stop");
  });

  test("the reply comes back 200 ms after the sound", () => {
    expect(
      hear([
        [10, NOISE],
        [20, ROOM],
      ]),
    ).toEqual([
      { type: "duck", atMs: 64, onsetMs: 0 },
      { type: "restore", atMs: 10 * FRAME_MS + 7 * FRAME_MS, onsetMs: 0 },
    ]);
  });

  test("a noise that stays becomes part of the room", () => {
    expect(kinds(hear([[400, NOISE]]))).toBe("duck restore");
    expect(
      kinds(
        hear([
          [400, NOISE],
          [20, { ...VOICE, levelDbfs: -15 }],
        ]),
      ),
    ).toBe("duck restore duck stop");
  });

  test("knocking does not pump the reply up and down", () => {
    const knock = [
      [3, NOISE],
      [9, ROOM],
    ] as const;
    expect(kinds(hear([...knock, ...knock]))).toBe("duck restore");
  });
});

describe("our own voice", () => {
  test("does not interrupt us, however much like speech it is", () => {
    expect(hear([[200, { ...VOICE, echo: 0.95 }]])).toEqual([]);
  });

  test("does not hide another's", () => {
    const own = { ...VOICE, echo: 0.95 };
    expect(
      kinds(
        hear([
          [50, own],
          [20, { ...VOICE, levelDbfs: -20, echo: 0.3 }],
        ]),
      ),
    ).toBe("duck stop");
  });
});

describe("behind an echo canceller", () => {
  const ours = { ...ROOM, echo: 1, periodicity: 0.3 };
  const doubtful = { ...VOICE, speech: 0.7, echo: 0, periodicity: 0.93 };
  const stopOf = (echo: number, frame: Omit<BargeInFrame, "atMs">): number | undefined =>
    hear([
      [30, { ...ours, echo }],
      [60, frame],
    ]).find(({ type }) => type === "stop")?.atMs;

  test("a voice of which the detector is not sure is one sooner than in a quiet room", () => {
    const [sooner, later] = [stopOf(1, doubtful), stopOf(0, doubtful)];
    expect(sooner).toBeLessThanOrEqual(30 * FRAME_MS + 192);
    expect(later).toBeGreaterThan(30 * FRAME_MS + 400);
  });

  test("what has little of a voice is none the sooner, and what is surely speech no sooner than elsewhere", () => {
    const cough = { ...doubtful, periodicity: 0.6 };
    expect(stopOf(1, cough)).toBeGreaterThanOrEqual(stopOf(0, cough) ?? Number.NaN);
    const sure = { ...VOICE, speech: 0.99, periodicity: 0.6 };
    expect(stopOf(1, sure)).toBeGreaterThanOrEqual(stopOf(0, sure) ?? Number.NaN);
  });
});

describe("policies", () => {
  const words = [
    [20, VOICE],
    [1, { ...VOICE, wake: true }],
  ] as const;

  test.each([
    ["any-speech", "duck stop"],
    ["wake-word", "duck stop"],
    ["never", ""],
  ] as const)("%s", (policy, wanted) => {
    expect(kinds(hear(words, { policy }))).toBe(wanted);
  });

  test("a wake word stops at once, whatever the policy, and only it does when it is needed", () => {
    expect(hear(words, { policy: "wake-word" }).at(-1)).toMatchObject({ type: "stop", atMs: 21 * FRAME_MS });
    expect(kinds(hear([[200, VOICE]], { policy: "wake-word" }))).toBe("duck");
    expect(kinds(hear([[1, { ...ROOM, wake: true }]]))).toBe("stop");
  });

  test("options that make no sense are refused", () => {
    for (const wrong of [
      { frameMs: 0 },
      { sureSpeech: 0.5 },
      { echoUpTo: 1 },
      { quietMs: -1 },
      { duckAfterMs: Number.NaN },
    ]) {
      expect(() => bargeInOptions(wrong)).toThrow(RangeError);
    }
  });
});

describe("whatever the microphone gives", () => {
  const value = fc.oneof(fc.double({ min: -120, max: 20 }), fc.constantFrom(Number.NaN, -Infinity, Infinity, 0, 1));
  const probability = fc.oneof(fc.double({ min: 0, max: 1 }), fc.constantFrom(Number.NaN, 0, 1, 0.97));
  const frame = fc.record({ speech: probability, levelDbfs: value, echo: probability, wake: fc.constant(false) });
  const stretch = fc.tuple(fc.integer({ min: 1, max: 30 }), frame);

  test("ducking and coming back take turns, nothing follows a stop, and no stop is without speech", () => {
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 20 }), (stretches) => {
        const said = kinds(hear(stretches));
        expect(said).toMatch(/^(duck restore ?)*(duck ?)?(stop)?$/u);
        const mayBe = stretches.some(([, one]) => one.speech > 0.5 && !(one.echo >= 0.75));
        if (!mayBe) expect(said).not.toContain("stop");
      }),
      { numRuns: 500 },
    );
  });

  test("after two seconds of quiet the reply is back", () => {
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 10 }), (stretches) => {
        const heard = hear([...stretches, [120, { ...ROOM, levelDbfs: -120 }]]).map(({ type }) => type);
        if (!heard.includes("stop")) expect(heard.at(-1)).not.toBe("duck");
      }),
      { numRuns: 300 },
    );
  });
});
