import { describe, expect, test } from "vitest";
import { EchoDelay } from "../../../src/pipeline/echo/delay.ts";
import { joinedSounds, laughter, speakingRms } from "../../../src/testing/index.ts";
import { babble, throughRoom } from "./acoustics.ts";

const RATE = 16_000;
const FRAME = 160;

function follow(reference: Float32Array, microphone: Float32Array) {
  const delay = new EchoDelay();
  const changesMs: number[] = [];
  for (let at = 0; at + FRAME <= microphone.length; at += FRAME) {
    const isChange = delay.push(reference.subarray(at, at + FRAME), microphone.subarray(at, at + FRAME), true);
    if (isChange) changesMs.push(at / 16);
  }
  return { changesMs, delayMs: delay.delayMs };
}

/** A voice that shakes as throats do: unlike a machine's tones it is alike to itself at one delay only. */
function voice(seconds: number, seed: number): Float32Array {
  const parts = Array.from({ length: 2 * seconds }, (_, n) => laughter(seed * 100 + n));
  const whole = joinedSounds(parts).slice(0, seconds * RATE);
  const factor = 0.1 / speakingRms(whole);
  return whole.map((sample) => sample * factor);
}

const room = (delayMs: number) => ({ delayMs, gain: 0.5, reverberationMs: 250, seed: 5 });

describe("the delay of our own voice", () => {
  test.each([0, 35, 140, 250])("of %i ms is found, and nothing changes", (delayMs) => {
    const reference = voice(4, 21);
    const found = follow(reference, throughRoom(reference, room(delayMs)));
    expect(Math.abs((found.delayMs ?? -100) - delayMs)).toBeLessThan(2);
    expect(found.changesMs).toEqual([]);
  });

  test("that jumps is noticed within half a second, once", () => {
    const reference = voice(8, 22);
    const joined = throughRoom(reference, room(60));
    joined.set(throughRoom(reference, room(120)).subarray(4 * RATE), 4 * RATE);
    const { changesMs, delayMs } = follow(reference, joined);
    expect(changesMs).toHaveLength(1);
    expect(changesMs[0]).toBeGreaterThan(4000);
    expect(changesMs[0]).toBeLessThan(4500);
    expect(Math.abs((delayMs ?? 0) - 120)).toBeLessThan(2);
  });

  test("is no other while somebody speaks over us as loudly", () => {
    const reference = voice(8, 23);
    const microphone = throughRoom(reference, room(80));
    for (const [n, sample] of babble(4, 77, 210).entries()) {
      microphone[4 * RATE + n] = (microphone[4 * RATE + n] ?? 0) + 0.7 * sample;
    }
    expect(follow(reference, microphone).changesMs).toEqual([]);
  });

  test("is none where only somebody else is heard, as behind headphones", () => {
    const { delayMs, changesMs } = follow(voice(6, 24), babble(6, 78, 210));
    expect(delayMs).toBeUndefined();
    expect(changesMs).toEqual([]);
  });
});
