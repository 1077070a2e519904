import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  framesHost,
  siblingModule,
  speechToText,
  startEngineHost,
  sttHost,
  voiceFrames,
  type EngineHostOptions,
} from "../../../src/engines/index.ts";
import { listen, type ListenEvent } from "../../../src/pipeline/index.ts";
import { energyVadHost, wordErrors } from "../../../src/testing/index.ts";
import { joined, modelFolder, readClip } from "../../engines/models.ts";
import { all, recording } from "../scripted.ts";
import { restarting } from "./restarting.ts";

const sttFolder = modelFolder("stt/moonshine-tiny-en-q8");
const vadFolder = modelFolder("vad/silero-v5");
const speechFolder = modelFolder("speech");
const present = [sttFolder, vadFolder, speechFolder].every((folder) => folder !== undefined);

const standIn: EngineHostOptions = {
  name: "stt",
  module: siblingModule(import.meta.url, "../../engines/hearing/stand-in-streaming-module"),
  options: {},
  maxJobs: 8,
};

async function ears(options: EngineHostOptions) {
  const host = await startEngineHost(options);
  onTestFinished(async () => void (await host.close()));
  return voiceFrames(host);
}

async function recogniser(options: EngineHostOptions) {
  const engine = await restarting(options);
  onTestFinished(() => engine.close());
  return engine;
}

function texts(events: readonly ListenEvent[]): string {
  return events.flatMap((event) => (event.type === "segment" ? [event.verbatim] : [])).join(" ");
}

/** `audio` a little faster than it is spoken; `at` is told of each block. */
async function* spoken(audio: AsyncIterable<Float32Array>, at: (block: number) => void): AsyncGenerator<Float32Array> {
  let block = 0;
  for await (const samples of audio) {
    at(block);
    block += 1;
    await sleep(20);
    yield samples;
  }
}

describe("a recogniser that is killed in the middle of what is said", () => {
  it("hears all of it when it hears while somebody speaks", async () => {
    const vad = await ears(energyVadHost());
    const engine = await recogniser(standIn);
    const script = "...turn_on_the_kitchen_light_and_the_radio.........tell_me_more.....";
    const killed: number[] = [];
    const audio = spoken(recording(script), (block) => {
      if (block !== 20 && block !== 58) return;
      expect(engine.running()).toBe(1);
      killed.push(engine.pid());
      process.kill(engine.pid(), "SIGKILL");
    });
    const events = await all(listen(audio, { vad, stt: speechToText(engine) }, { partials: "live" }));
    expect(texts(events)).toBe("turn on the kitchen light and the radio tell me more");
    expect(killed).toHaveLength(2);
    expect(engine.starts()).toBeGreaterThanOrEqual(2);
  });

  it("hears all of it when it stops answering", async () => {
    const vad = await ears(energyVadHost());
    const engine = await recogniser({ ...standIn, pingEveryMs: 50, stallAfterMs: 300 });
    const audio = spoken(recording("...turn_on_the_kitchen_light........"), (block) => {
      if (block === 12) process.kill(engine.pid(), "SIGSTOP");
    });
    const events = await all(listen(audio, { vad, stt: speechToText(engine) }));
    expect(texts(events)).toBe("turn on the kitchen light");
    expect(engine.starts()).toBe(2);
  });

  it.skipIf(!present)(
    "hears all of it when it is Moonshine, over a partial and over the whole",
    async () => {
      const vad = await ears(framesHost({ folder: String(vadFolder) }));
      const engine = await recogniser(sttHost({ folder: String(sttFolder), threads: 2 }));
      const jfk = readClip(join(String(speechFolder), "wav/jfk.wav"));
      const sound = joined([jfk.subarray(0, 8 * 16_000), new Float32Array(16_000)]);
      async function* blocks(): AsyncGenerator<Float32Array> {
        for (let at = 0; at < sound.length; at += 1600) yield sound.subarray(at, at + 1600);
      }
      const stt = speechToText(engine);
      const unhurt = texts(await all(listen(blocks(), { vad, stt })));
      expect(wordErrors(unhurt, "my fellow americans ask not what your country can do for you").errors).toBeLessThan(6);
      let kills = 0;
      const killer = setInterval(() => {
        // While it decodes: the first time a partial, the second time what comes next.
        if (engine.running() === 0 || kills >= 2) return;
        kills += 1;
        process.kill(engine.pid(), "SIGKILL");
      }, 15);
      onTestFinished(() => clearInterval(killer));
      const events = await all(
        listen(
          spoken(blocks(), () => undefined),
          { vad, stt },
        ),
      );
      expect(kills).toBe(2);
      expect(texts(events)).toBe(unhurt);
    },
    120_000,
  );
});
