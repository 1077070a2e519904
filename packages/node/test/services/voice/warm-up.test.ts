import type { TextToSpeech } from "@parley/audio/engines";
import { describe, expect, it, onTestFinished } from "vitest";
import { ModelEngine } from "../../../src/services/model-engine.ts";
import { fixedPhrasesOf } from "../../../src/services/voice/fixed-phrases.ts";
import { VoiceService } from "../../../src/services/voice/voice-service.ts";
import { fixedDelaySources, temporaryFolder, testConfig } from "../../support.ts";

interface Said {
  readonly texts: string[];
  /** Each waits for one of these, if there is one. */
  readonly gates: Promise<void>[];
}

async function voiceService(said: Said, flags = {}): Promise<VoiceService> {
  const folder = await temporaryFolder();
  const tts: TextToSpeech = {
    id: "noting",
    sampleRateHz: 8000,
    voices: [
      { name: "ann", language: "en" },
      { name: "uwe", language: "de" },
    ],
    async *synthesize(text, { signal, voice } = {}) {
      said.texts.push(`${voice} ${text}`);
      await Promise.race([
        said.gates.shift(),
        new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("aborted")))),
      ]);
      yield { sampleRateHz: 8000, samples: new Float32Array(8) };
    },
  };
  const engine = new ModelEngine<TextToSpeech>({
    service: "tts",
    source: fixedDelaySources().tts,
    adapt: () => tts,
    onStage: () => undefined,
    onEvent: () => undefined,
    patient: true,
  });
  const service = new VoiceService({
    config: testConfig(folder.path, flags),
    engine,
    generation: () => "1",
    warmsUp: true,
    onProblem: (problem) => {
      throw problem;
    },
    idleMs: 1,
  });
  onTestFinished(async () => {
    await service.close();
    await folder.remove();
  });
  return service;
}

const speak = async (service: VoiceService, text: string): Promise<void> => {
  for await (const _ of service.say(text, {}));
};

describe("a voice with nothing to do", () => {
  it("makes the fixed phrases of its language, in the configured voice, so that they are said at once", async () => {
    const said: Said = { texts: [], gates: [] };
    const service = await voiceService(said, { "voice.language": "de" });
    await service.use();
    await expect.poll(() => said.texts).toEqual(fixedPhrasesOf("de").map((phrase) => `uwe ${phrase}`));
    await speak(service, "Gerne!");
    expect(said.texts).toHaveLength(fixedPhrasesOf("de").length);
  });

  it("lets go of them as soon as somebody speaks, and takes them up again afterwards", async () => {
    const said: Said = { texts: [], gates: [Promise.withResolvers<void>().promise] };
    const service = await voiceService(said);
    await service.use();
    await expect.poll(() => said.texts).toHaveLength(1);
    const [first = ""] = fixedPhrasesOf("en");
    expect(said.texts).toEqual([`ann ${first}`]);
    await speak(service, "The time is now.");
    await expect
      .poll(() => said.texts)
      .toEqual([`ann ${first}`, "ann The time is now.", ...fixedPhrasesOf("en-US").map((phrase) => `ann ${phrase}`)]);
  });

  it("makes none where nothing is kept", async () => {
    const said: Said = { texts: [], gates: [] };
    const service = await voiceService(said, { "voice.cache_mib": "0" });
    await speak(service, "Hello.");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(said.texts).toEqual(["ann Hello."]);
  });
});
