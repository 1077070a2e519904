import { describe, expect, it } from "vitest";
import { speechToText, startEngineHost, sttHost, textToSpeech, ttsHost } from "../../src/engines/index.ts";
import { resamplePcm } from "../../src/format/index.ts";
import { KOKORO_ENGLISH_VOICES } from "../../src/models/prepare/kokoro-metadata.ts";
import { createEnvelopeMeter, createSpeakable, heardText, timeSpeech } from "../../src/turn/index.ts";
import { joined, modelFolder } from "../engines/models.ts";

const sttFolder = modelFolder("stt/moonshine-tiny-en-q8");
const ttsFolder = modelFolder("tts/kokoro-82m-w8");
const espeakFolder = modelFolder("tts/espeak-ng-data-en");

const WRITTEN =
  "The tickets cost $3.50, and **the museum** opens tomorrow morning at nine. Would you like to go there by train?";
/** Half a second of silence behind the cut, so that the recogniser does not guess at the end of a word. */
const SILENCE = new Float32Array(8000);

describe.skipIf(sttFolder === undefined || ttsFolder === undefined || espeakFolder === undefined)(
  "what was heard of a real voice that was cut off",
  () => {
    it("is what a recogniser hears in it, within a word", async () => {
      const stt = await startEngineHost(sttHost({ folder: String(sttFolder), threads: 2 }));
      const tts = await startEngineHost(
        ttsHost({
          folder: String(ttsFolder),
          espeakFolder: String(espeakFolder),
          threads: 2,
          voices: [...KOKORO_ENGLISH_VOICES],
        }),
      );
      try {
        const voice = textToSpeech(tts);
        const spoken = createSpeakable({ language: "en-US" })(WRITTEN);
        const parts: Float32Array[] = [];
        for await (const { samples } of voice.synthesize(spoken.text, { voice: "af_heart" })) parts.push(samples);
        const { samples } = resamplePcm({ sampleRateHz: voice.sampleRateHz, samples: joined(parts) }, 16_000);
        const meter = createEnvelopeMeter(16_000);
        meter.push(samples);
        const timing = timeSpeech(spoken, { durationMs: samples.length / 16, levels: meter.levels(), language: "en" });
        expect(heardText([timing], timing.words[5]?.endMs ?? 0)).toBe("The tickets cost $3.50,");
        // Places where whole words end, so that what is written can be counted in what is heard.
        for (const [word, reaches] of [
          [8, "The tickets cost $3.50, and **the museum**"],
          [13, "The tickets cost $3.50, and **the museum** opens tomorrow morning at nine."],
          [18, "The tickets cost $3.50, and **the museum** opens tomorrow morning at nine. Would you like to go"],
        ] as const) {
          const playedMs = timing.words[word]?.endMs ?? 0;
          expect(heardText([timing], playedMs)).toBe(reaches);
          const cut = joined([samples.subarray(0, Math.round(playedMs * 16)), SILENCE]);
          const { text } = await speechToText(stt).transcribe(cut);
          // The last three words said, one of which the cut may have torn: among the last four that are heard.
          const heard =
            text
              .toLowerCase()
              .match(/[a-z0-9.$]+/gu)
              ?.slice(-4) ?? [];
          const said = spoken.words
            .slice(word - 2, word + 1)
            .map((each) => each.text.toLowerCase().replaceAll(/[^a-z]/gu, ""));
          const found = said.filter((each) => heard.some((other) => other.replaceAll(/[^a-z]/gu, "") === each));
          expect(found.length, heard.join(" ")).toBeGreaterThanOrEqual(2);
        }
      } finally {
        await Promise.all([stt.close(), tts.close()]);
      }
    }, 240_000);
  },
);
