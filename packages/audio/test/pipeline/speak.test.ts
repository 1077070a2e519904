import { describe, expect, it } from "vitest";
import { AudioError } from "../../src/index.ts";
import { speak } from "../../src/pipeline/index.ts";
import { all, countingTts } from "./scripted.ts";

async function* tokens(text: string): AsyncGenerator<string> {
  for (const word of text.split(/(?<= )/)) yield word;
}

describe("speaking", () => {
  it("passes the text on exactly and says each sentence once, in order", async () => {
    const text = "The first sentence is here. The second one follows it. And a third.";
    const events = await all(speak(tokens(text), countingTts()));
    expect(events.map((event) => (event.type === "text" ? event.delta : "")).join("")).toBe(text);
    const sentences = events.flatMap((event) => (event.type === "sentence" ? [event] : []));
    expect(sentences.map(({ index }) => index)).toEqual(sentences.map((_, i) => i));
    expect(
      sentences
        .map((sentence) => sentence.text)
        .join(" ")
        .replaceAll(/\s+/g, " "),
    ).toBe(text);
    const lengths = events.flatMap((event) => (event.type === "audio" ? [event.pcm.samples.length] : []));
    expect(lengths).toEqual(sentences.map((sentence) => sentence.text.length));
  });

  it("is heard while the rest is still being written", async () => {
    const heard = Promise.withResolvers<void>();
    async function* writer(): AsyncGenerator<string> {
      yield "This is the first sentence, which is whole. And ";
      // The rest is written only once the first was heard: without that, this never ends.
      await heard.promise;
      yield "this is the rest of it.";
    }
    const order: string[] = [];
    for await (const event of speak(writer(), countingTts())) {
      order.push(event.type);
      if (event.type === "audio") heard.resolve();
    }
    expect(order.indexOf("audio")).toBeLessThan(order.lastIndexOf("text"));
  });

  it("stops the writer when the voice fails, and says so", async () => {
    let released = false;
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield "One more sentence to be said aloud. ";
      } finally {
        released = true;
      }
    }
    const tts = countingTts({
      onCall: () => {
        throw new AudioError("engine-crashed", "gone", { nextStep: "wait" });
      },
    });
    await expect(all(speak(endless(), tts))).rejects.toMatchObject({ code: "engine-crashed" });
    expect(released).toBe(true);
  });

  it("says what was written before the writer failed, then fails as the writer did", async () => {
    async function* failing(): AsyncGenerator<string> {
      yield "This sentence is whole and is said. This one is ";
      throw new Error("the model went away");
    }
    await expect(all(speak(failing(), countingTts()))).rejects.toThrow("the model went away");
  });

  it("holds the writer when nobody reads", async () => {
    let written = 0;
    async function* eager(): AsyncGenerator<string> {
      for (;;) {
        written += 1;
        yield "A sentence of some length to be said. ";
      }
    }
    const events = speak(eager(), countingTts());
    await events.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(written).toBeLessThan(200);
    await events.return();
  });

  it("asks the voice for the voice and speed it was given", async () => {
    const asked: unknown[] = [];
    const tts = countingTts();
    const spying = {
      ...tts,
      synthesize: (text: string, options: object = {}) => {
        asked.push({ ...options, signal: undefined });
        return tts.synthesize(text, options);
      },
    };
    await all(speak(tokens("Hello."), spying, { voice: "plain", speed: 1.5 }));
    expect(asked).toEqual([{ voice: "plain", speed: 1.5, signal: undefined }]);
  });
});
