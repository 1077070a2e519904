import { describe, expect, it } from "vitest";
import type { VoiceFrames } from "@parley/audio/engines";
import { toFrames } from "@parley/audio/format";
import { joinedSounds, laughter, Leak, pinkNoise, rms, speakingRms, withRms } from "@parley/audio/testing";
import { heldAgainst, type EchoScene, type Reaction } from "../../src/testing/conversation/index.ts";

const FRAME = 512;
const SECONDS = 14;

/** The worst of all detectors: whatever is above the room is surely speech. */
const anySound: VoiceFrames = {
  id: "any-sound",
  frameMs: 32,
  async *frames(audio) {
    let atMs = 0;
    for await (const frame of toFrames(audio, FRAME, "pad")) {
      yield { atMs, probability: rms(frame) > 0.004 ? 0.97 : 0.01 };
      atMs += 32;
    }
  },
};

/** Somebody's voice, as syllables go, for so long. */
function voice(seed: number, seconds: number, level: number): Float32Array {
  const parts: Float32Array[] = [];
  for (let length = 0, n = seed; length < 16_000 * seconds; n += 1) {
    const part = laughter(n);
    parts.push(part);
    length += part.length;
  }
  const whole = joinedSounds(parts).subarray(0, 16_000 * seconds);
  const factor = level / speakingRms(whole);
  return whole.map((sample) => sample * factor);
}

const REPLY = voice(100, SECONDS, 0.1);
const ROOM = withRms(pinkNoise(16_000 * SECONDS, 7), 0.0008);

function echo(gainDb: number, how: Partial<EchoScene> = {}): EchoScene {
  const leak = new Leak({ delayMs: 90, gainDb, fadeMs: 250, seed: 3 });
  return { leak, reply: REPLY, cleans: true, tells: true, ...how };
}

const kinds = (done: readonly Reaction[]): readonly string[] => done.map(({ type }) => type);

describe("over a long reply that leaks into the microphone", () => {
  it.each([-20, -10, 0])("at %d dB our own voice does not stop it", async (gainDb) => {
    expect(kinds(await heldAgainst({ vad: anySound, sound: ROOM, echo: echo(gainDb) }))).not.toContain("stop");
  });

  it("nor where the clocks of both cards differ and the delay jumps", async () => {
    const how = { driftPpm: 100, jump: { atMs: 7000, byMs: 60 } };
    expect(kinds(await heldAgainst({ vad: anySound, sound: ROOM, echo: echo(-6, how) }))).not.toContain("stop");
  });

  it("but does where nobody takes it out or says what it is", async () => {
    const how = { cleans: false, tells: false };
    expect(kinds(await heldAgainst({ vad: anySound, sound: ROOM, echo: echo(-6, how) }))).toContain("stop");
  });

  it.each([
    ["cleaned", true],
    ["as it is", false],
  ])("somebody who speaks over it stops it, the microphone %s", async (_, cleans) => {
    const atMs = 6000;
    const sound = ROOM.slice();
    for (const [n, sample] of voice(500, 2, 0.08).entries())
      sound[16 * atMs + n] = (sound[16 * atMs + n] ?? 0) + sample;
    const done = await heldAgainst({ vad: anySound, sound, echo: echo(-6, { cleans }) });
    const stop = done.find(({ type }) => type === "stop");
    expect(stop?.atMs).toBeGreaterThan(atMs);
    expect(stop?.atMs).toBeLessThan(atMs + 2000);
  });
});
