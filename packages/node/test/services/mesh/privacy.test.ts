/** What must not leave a host does not, whoever is better at it: every byte between the peers is looked at. */
import { isAudioError } from "@parley/audio";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Capability, Privacy, Reach } from "../../../src/routing/index.ts";
import type { Ask } from "../../../src/services/mesh/routed/placing.ts";
import { Village, type NewResident, type Resident, type Script } from "./village.ts";

/** Found again wherever it goes. */
const SECRET = "nobody-else-may-hear-of-the-marzipan";
/** Of more than 16 bits: what has no more is packed where it goes, and would not be found. */
const SOUND = new Float32Array(24_000).fill(0.123_456);
const TRACE = Buffer.from(SOUND.slice(0, 8).buffer);

type Kind = Exclude<Capability, "wake">;
const KINDS = ["stt", "tts", "llm", "vad"] as const;

/** What this peer is asked for, and where that may go. */
interface Case {
  readonly kind: Kind;
  /** Three ways to say that it must not leave. */
  readonly by: "request" | "configuration" | "policy" | "policy for all";
  readonly own: { readonly isReady: boolean; readonly reach: Reach; readonly isGiving: boolean } | undefined;
  readonly others: readonly { readonly firstMs: number }[];
  /** Its own engine stands still. */
  readonly isStuck: boolean;
  /** Somebody else says beside that it may go to the house. */
  readonly isLooserElsewhere: boolean;
}

const cases: fc.Arbitrary<Case> = fc.record({
  kind: fc.constantFrom(...KINDS),
  by: fc.constantFrom("request" as const, "configuration" as const, "policy" as const, "policy for all" as const),
  own: fc.option(
    fc.record({
      isReady: fc.boolean(),
      reach: fc.constantFrom<Reach>("host", "house", "outside"),
      isGiving: fc.boolean(),
    }),
    { nil: undefined },
  ),
  others: fc.array(fc.record({ firstMs: fc.integer({ min: 1, max: 500 }) }), { minLength: 1, maxLength: 3 }),
  isStuck: fc.boolean(),
  isLooserElsewhere: fc.boolean(),
});

async function done(hall: Resident, kind: Kind, ask: Ask, signal: AbortSignal): Promise<void> {
  const { house } = hall;
  async function* sound(): AsyncGenerator<Float32Array> {
    yield SOUND;
  }
  switch (kind) {
    case "stt": {
      const stt = await house.speechToText(ask, signal);
      await stt.transcribe(SOUND, { signal });
      const stream = stt.startStream?.({ signal });
      await stream?.feed(SOUND);
      await stream?.end();
      return;
    }
    case "tts":
      for await (const _ of (await house.textToSpeech(ask, signal)).synthesize(SECRET, { voice: "mouth", signal }));
      return;
    case "llm":
      for await (const _ of house.languageModel(ask).generate([{ role: "user", content: SECRET }], { signal }));
      return;
    case "vad":
      for await (const _ of (await house.voiceFrames(ask, signal)).frames(sound(), { signal }));
  }
}

async function run(one: Case, privacy: Privacy | undefined) {
  const village = new Village();
  const leaks: string[] = [];
  const { kind, by, own, others, isStuck, isLooserElsewhere } = one;
  const looser: Privacy | undefined = isLooserElsewhere && privacy !== undefined ? "house" : undefined;
  const configured = by === "configuration" ? privacy : looser;
  const asked = by === "request" ? privacy : looser;
  const script: Script | undefined = own && { isReady: own.isReady, reach: own.reach, isStuck };
  const engines = (given: Script | undefined): NewResident["engines"] => (given === undefined ? {} : { [kind]: given });
  try {
    const residents = await village.build(
      {
        name: "hall",
        engines: engines(script) ?? {},
        isGiving: own?.isGiving === true,
        privacy: configured === undefined ? {} : { [kind]: configured },
      },
      ...others.map((given, n) => ({ name: `peer-${n}`, engines: engines(given) ?? {} })),
    );
    const [hall, ...rest] = residents;
    if (hall === undefined) throw new Error("one was asked for");
    if (by === "policy" && privacy !== undefined) village.policy = JSON.stringify({ [kind]: { localOnly: true } });
    if (by === "policy for all" && privacy !== undefined) village.policy = JSON.stringify({ "*": { localOnly: true } });
    village.onBytes = (from, bytes) => {
      if (bytes.includes(SECRET) || bytes.includes(TRACE)) leaks.push(from);
    };
    const ask = asked === undefined ? {} : { privacy: asked };
    const stop = new AbortController();
    village.clock.after(5_000, () => stop.abort());
    let error: unknown;
    await village.clock.until(
      done(hall, kind, ask, stop.signal).catch((failure: unknown) => {
        error = failure;
      }),
      30_000,
    );
    return {
      error,
      leaks,
      hall: hall.logs[kind].began,
      elsewhere: rest.reduce((sum, { logs }) => sum + logs[kind].began, 0),
    };
  } finally {
    await village.close();
  }
}

describe("what never leaves this host", () => {
  it("never does: not for who is faster, nor when its own engine is missing, slow or stuck, nor to a server of its own", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const { error, leaks, hall, elsewhere } = await run(one, "host");
        expect([leaks, elsewhere]).toEqual([[], 0]);
        const mayBeAsked = one.own?.reach === "host";
        if (!mayBeAsked) expect(hall).toBe(0);
        if (mayBeAsked && !one.isStuck) expect(error).toBeUndefined();
        else expect(isAudioError(error, "model-missing", "job-cancelled")).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("would have left it otherwise: the same is done by others where nothing forbids it", async () => {
    for (const kind of KINDS) {
      const one: Case = {
        kind,
        by: "request",
        own: undefined,
        others: [{ firstMs: 10 }],
        isStuck: false,
        isLooserElsewhere: false,
      };
      const { error, leaks, elsewhere } = await run(one, undefined);
      expect([kind, error]).toEqual([kind, undefined]);
      expect(leaks.length).toBeGreaterThan(0);
      expect(elsewhere).toBeGreaterThan(0);
    }
  });
});
