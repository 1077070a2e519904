import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  nextPartialAtMs,
  siblingModule,
  speechToText,
  startEngineHost,
  startStream,
  sttHost,
  type EngineHost,
  type EngineHostOptions,
  type SpeechToText,
} from "../../../src/engines/index.ts";
import { fixedDelaySttHost, wordErrors } from "../../../src/testing/index.ts";
import { recording } from "../../pipeline/scripted.ts";
import { collect, rejection } from "../host/hosts.ts";
import { joined, modelFolder, readClip } from "../models.ts";
import { speechToTextKeepsItsContract } from "./contract.ts";

const standIn: EngineHostOptions = {
  name: "stt",
  module: siblingModule(import.meta.url, "./stand-in-streaming-module"),
  options: {},
  maxJobs: 8,
};

function contractOf(
  options: EngineHostOptions,
  speech: () => Float32Array | Promise<Float32Array>,
  isSaid: (text: string) => boolean,
): void {
  let host: EngineHost;
  let sound: Float32Array;
  beforeAll(async () => {
    host = await startEngineHost(options);
    sound = await speech();
  });
  afterAll(async () => {
    await host.close();
  });
  speechToTextKeepsItsContract(() => ({
    stt: speechToText(host),
    speech: sound,
    isSaid,
    running: () => host.status().running,
  }));
}

const spelled = async (script: string): Promise<Float32Array> => joined(await collect(recording(script)));

describe("a recogniser of fixed delay, decoded again as the stretch grows", () => {
  contractOf(
    fixedDelaySttHost({ delayMs: 20, texts: ["what time is it"] }),
    () => spelled("..whattimeisit.."),
    (text) => text === "what time is it",
  );
});

describe("a stand-in for a recogniser that hears while somebody speaks", () => {
  contractOf(
    standIn,
    () => spelled("..turn_on_the_kitchen_light.."),
    (text) => text === "turn on the kitchen light",
  );

  it("gives the time of each word and how sure it is, and hears hot words", async () => {
    const host = await startEngineHost(standIn);
    try {
      const stt = speechToText(host);
      const { words, confidence } = await stt.transcribe(await spelled("..tea_please."));
      expect(words).toMatchObject([
        { text: "tea", startMs: 200 },
        { text: "please", startMs: 500 },
      ]);
      expect(words?.[0]?.endMs).toBeUndefined();
      expect(confidence).toBeCloseTo(0.8, 6);
      const stream = startStream(stt, { hotWords: ["parley"] });
      await stream.feed(await spelled("hey_parle?"));
      expect((await stream.end()).text).toBe("hey parley");
    } finally {
      await host.close();
    }
  });

  it("holds whoever feeds faster than it hears, and lets go when it dies", async () => {
    const host = await startEngineHost(standIn);
    const stream = startStream(speechToText(host));
    process.kill(host.status().pid, "SIGSTOP");
    let fed = 0;
    const feeding = (async () => {
      for (; fed < 500; fed += 1) await stream.feed(new Float32Array(1600));
    })();
    feeding.catch(() => undefined);
    await expect.poll(() => fed, { interval: 50 }).toBeGreaterThan(30);
    const held = fed;
    await new Promise((resolve) => setTimeout(resolve, 100));
    // What the host's window and the queue hold, and not a block more.
    expect(fed).toBe(held);
    expect(held).toBeLessThan(60);
    process.kill(host.status().pid, "SIGKILL");
    expect(await rejection(feeding)).toMatchObject({ code: "engine-crashed" });
    expect(await rejection(stream.end())).toMatchObject({ code: "engine-crashed" });
    expect(await rejection(collect(stream.events))).toMatchObject({ code: "engine-crashed" });
    await host.exited;
  });
});

const sttFolder = modelFolder("stt/moonshine-tiny-en-q8");
const speechFolder = modelFolder("speech");
const SAID = "We must find a new home in the stars.";

describe.skipIf(sttFolder === undefined || speechFolder === undefined)("Moonshine, hosted", () => {
  contractOf(
    sttHost({ folder: String(sttFolder), threads: 2 }),
    () => readClip(join(String(speechFolder), "wav/new-home-in-the-stars.wav")),
    (text) => wordErrors(text, SAID).errors === 0,
  );
});

describe("decoding again", () => {
  it("spends on partials no more than about three times the final decoding", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 40_000 }), (lengthMs) => {
        let decodedMs = 0;
        for (let atMs = 1000; atMs <= lengthMs; atMs = nextPartialAtMs(atMs)) decodedMs += atMs;
        expect(decodedMs).toBeLessThanOrEqual(3.1 * lengthMs);
      }),
    );
  });

  it("computes at most half as long as was spoken, however slow the engine", async () => {
    const run = fc.asyncProperty(
      fc.double({ min: 0.01, max: 5, noNaN: true }),
      fc.array(fc.integer({ min: 10, max: 4000 }), { minLength: 1, maxLength: 60 }),
      async (realTimeFactor, blocksMs) => {
        const decodedMs: number[] = [];
        const stt: SpeechToText = {
          id: "counted",
          languages: ["en"],
          async transcribe(samples) {
            decodedMs.push(samples.length / 16);
            return { text: "so far", language: "en", realTimeFactor };
          },
        };
        const stream = startStream(stt, { partials: "every" });
        let spokenMs = 0;
        let computedMs = 0;
        for (const ms of blocksMs) {
          const before = decodedMs.length;
          await stream.feed(new Float32Array(ms * 16));
          spokenMs += ms;
          // What the last decoding cost may still have to be earned.
          expect(computedMs * (decodedMs.length > before ? 1 : 0)).toBeLessThanOrEqual(0.5 * spokenMs + 1e-6);
          for (const each of decodedMs.slice(before)) computedMs += each * realTimeFactor;
        }
        stream.cancel();
      },
    );
    await fc.assert(run, { numRuns: 200 });
  });

  it("does not send a growing stretch to who must not be asked again and again", async () => {
    let calls = 0;
    const stt: SpeechToText = {
      id: "paid for",
      languages: ["en"],
      redecodes: false,
      async transcribe() {
        calls += 1;
        return { text: "all of it", language: "en", realTimeFactor: 0 };
      },
    };
    const stream = startStream(stt, { partials: "every" });
    for (let n = 0; n < 100; n += 1) await stream.feed(new Float32Array(1600));
    expect(calls).toBe(0);
    expect((await stream.end()).text).toBe("all of it");
    expect(calls).toBe(1);
  });
});
