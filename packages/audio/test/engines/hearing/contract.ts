/** What everyone may rely on of a `SpeechToText`, whatever engine is behind it. */
import { expect, it } from "vitest";
import { startStream, type SpeechToText, type StreamEvent } from "../../../src/engines/index.ts";
import { collect, rejection } from "../host/hosts.ts";

/** A recogniser, and something that it understands. */
export interface Given {
  readonly stt: SpeechToText;
  readonly speech: Float32Array;
  /** Whether `text` is what was said. */
  readonly isSaid: (text: string) => boolean;
  /** Jobs that its engine computes at the moment. */
  readonly running: () => number;
}

function* pieces(samples: Float32Array, size: number): Generator<Float32Array> {
  for (let at = 0; at < samples.length; at += size) yield samples.subarray(at, at + size);
}

/** The suite; `given` is asked for in each test, when everything has started. */
export function speechToTextKeepsItsContract(given: () => Given): void {
  it("hears the same in a stretch as in a stream of it, however it is cut", async () => {
    const { stt, speech, isSaid } = given();
    const whole = await stt.transcribe(speech);
    expect(isSaid(whole.text), whole.text).toBe(true);
    for (const size of [speech.length, 1600, 5003]) {
      const stream = startStream(stt, { partials: "off" });
      for (const piece of pieces(speech, size)) await stream.feed(piece);
      expect((await stream.end()).text).toBe(whole.text);
    }
  });

  it("tells what it has understood on the way, in order, and the final last", async () => {
    const { stt, speech } = given();
    const stream = startStream(stt, { partials: "every" });
    const events = collect(stream.events);
    for (const piece of pieces(speech, 3200)) await stream.feed(piece);
    const transcript = await stream.end();
    const told = await events;
    expect(told.at(-1)).toEqual({ type: "final", transcript });
    const partials = told.filter((event): event is Extract<StreamEvent, { type: "partial" }> => event.type !== "final");
    expect(partials.length).toBeGreaterThan(stt.redecodes === false ? -1 : 0);
    let beforeMs = 0;
    for (const { text, throughMs } of partials) {
      expect(text.trim()).not.toBe("");
      expect(throughMs).toBeGreaterThanOrEqual(beforeMs);
      expect(throughMs).toBeLessThanOrEqual(speech.length / 16);
      beforeMs = throughMs;
    }
  });

  it("hears nothing in nothing", async () => {
    const stream = startStream(given().stt);
    expect(await stream.end()).toMatchObject({ text: "" });
  });

  it("computes no more after a cancel, and hears the next stretch", async () => {
    const { stt, speech, isSaid, running } = given();
    const stream = startStream(stt, { partials: "live" });
    const events = collect(stream.events);
    for (const piece of pieces(speech.subarray(0, speech.length / 2), 1600)) await stream.feed(piece);
    stream.cancel();
    expect(await rejection(stream.feed(speech))).toMatchObject({ code: "job-cancelled" });
    expect(await rejection(stream.end())).toMatchObject({ code: "job-cancelled" });
    for (const event of await events) expect(event.type).toBe("partial");
    await expect.poll(running, { timeout: 20_000 }).toBe(0);
    expect(isSaid((await stt.transcribe(speech)).text)).toBe(true);
  });

  it("is over after its end", async () => {
    const { stt, speech } = given();
    const stream = startStream(stt, { partials: "off" });
    await stream.feed(speech.subarray(0, 8000));
    await stream.end();
    expect(await rejection(stream.feed(speech))).toMatchObject({ code: "job-cancelled" });
    expect(await rejection(stream.end())).toMatchObject({ code: "job-cancelled" });
  });

  it("stops when its signal aborts", async () => {
    const { stt, speech } = given();
    const abort = new AbortController();
    const stream = startStream(stt, { partials: "off", signal: abort.signal });
    await stream.feed(speech.subarray(0, 8000));
    abort.abort();
    expect(await rejection(stream.end())).toMatchObject({ code: "job-cancelled" });
    expect(await rejection(stt.transcribe(speech, { signal: abort.signal }))).toMatchObject({ code: "job-cancelled" });
  });

  it("refuses more than it may hold, and hot words that are none", async () => {
    const { stt } = given();
    const stream = startStream(stt, { partials: "off" });
    expect(await rejection(stream.feed(new Float32Array(331 * 16_000)))).toMatchObject({ code: "audio-too-long" });
    stream.cancel();
    const tooMany = Array.from({ length: 101 }, (_, n) => `word ${n}`);
    for (const hotWords of [tooMany, [" "], ["x".repeat(65)]]) {
      expect(() => startStream(stt, { hotWords })).toThrow(expect.objectContaining({ code: "input-refused" }));
    }
  });

  it("gives times of words only in order and inside the sound", async () => {
    const { stt, speech } = given();
    const { words = [], confidence = 1 } = await stt.transcribe(speech);
    expect(confidence).toBeGreaterThanOrEqual(0);
    expect(confidence).toBeLessThanOrEqual(1);
    let beforeMs = 0;
    for (const { startMs, endMs = startMs } of words) {
      expect(startMs).toBeGreaterThanOrEqual(beforeMs);
      expect(endMs).toBeGreaterThanOrEqual(startMs);
      expect(endMs).toBeLessThanOrEqual(speech.length / 16);
      beforeMs = startMs;
    }
  });
}
