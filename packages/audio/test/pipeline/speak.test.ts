import { describe, expect, it } from "vitest";
import { AudioError } from "../../src/index.ts";
import { speak } from "../../src/pipeline/index.ts";
import { all, countingTts } from "./scripted.ts";

async function* tokens(text: string): AsyncGenerator<string> {
  for (const word of text.split(/(?<= )/)) yield word;
}

/** Returns once `count` has not changed for a while. */
async function settled(count: () => number): Promise<void> {
  for (let before = -1; before !== count();) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
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
    await settled(() => written);
    expect(written).toBeLessThan(1100);
    await events.return();
  });

  it("makes the next chunk while one is being played", async () => {
    const begun = new Map<string, PromiseWithResolvers<void>>();
    const whenBegun = (text: string): PromiseWithResolvers<void> => {
      const known = begun.get(text) ?? Promise.withResolvers<void>();
      begun.set(text, known);
      return known;
    };
    const tts = countingTts({ onCall: (text) => whenBegun(text).resolve() });
    const sentences = ["The first sentence is here.", "The second one follows it.", "And a third comes last."];
    let played = -1;
    for await (const event of speak(tokens(sentences.join(" ")), tts)) {
      if (event.type !== "audio") continue;
      played += 1;
      // "Playing" it ends only when the next one was begun: without that, this never ends.
      const next = sentences[played + 1];
      if (next !== undefined) await whenBegun(next).promise;
    }
    expect(played).toBe(2);
  });

  it("runs only so far ahead of who plays it, however much is written", async () => {
    const made: string[] = [];
    const sixSeconds = countingTts({ onCall: (text) => void made.push(text) });
    const tts = {
      ...sixSeconds,
      async *synthesize(text: string) {
        for await (const { sampleRateHz } of sixSeconds.synthesize(text)) {
          for (let n = 0; n < 6; n++) yield { sampleRateHz, samples: new Float32Array(sampleRateHz) };
        }
      },
    };
    const events = speak(tokens("One more sentence to be said. ".repeat(30)), tts);
    for await (const event of events) {
      if (event.type !== "audio") continue;
      // The first second of the first is being played: 5 s of it wait, and so the next is made, and no more.
      await settled(() => made.length);
      expect(made).toHaveLength(2);
      break;
    }
  });

  it("does not wait for a slow writer to make the first chunk a long one", async () => {
    const late = Promise.withResolvers<() => void>();
    const clock = {
      after: (ms: number, then: () => void) => {
        if (ms > 0) late.resolve(then);
        return () => undefined;
      },
    };
    const heard = Promise.withResolvers<void>();
    async function* slow(): AsyncGenerator<string> {
      yield "Well, as ";
      (await late.promise)();
      // The rest is written only once the first was heard: without that, this never ends.
      await heard.promise;
      yield "I said, it is late.";
    }
    const said: string[] = [];
    for await (const event of speak(slow(), countingTts(), { clock })) {
      if (event.type === "sentence") said.push(event.spoken.written);
      if (event.type === "audio") heard.resolve();
    }
    expect(said).toEqual(["Well, ", "as I said, it is late."]);
  });

  it("takes the first clause that comes when it is late already, and leaves a quick writer alone", async () => {
    let takenBack = 0;
    let fire: () => void = () => undefined;
    const clock = {
      after: (_: number, then: () => void) => {
        fire = then;
        return () => void (takenBack += 1);
      },
    };
    async function* slow(): AsyncGenerator<string> {
      yield "So";
      fire();
      yield ", then";
      yield " it goes on like this, and on.";
    }
    const chunks = async (text: AsyncIterable<string>): Promise<string[]> =>
      (await all(speak(text, countingTts(), { clock }))).flatMap((event) =>
        event.type === "sentence" ? [event.spoken.written] : [],
      );
    expect(await chunks(slow())).toEqual(["So, ", "then it goes on like this, and on."]);
    takenBack = 0;
    expect(await chunks(tokens("Sure, I can help you with that. Good."))).toEqual([
      "Sure, I can help you with that. ",
      "Good.",
    ]);
    expect(takenBack).toBeGreaterThan(0);
    // Too late to change anything.
    fire();
  });

  it("speaks with a voice of the language that is asked for, and refuses one that nobody speaks", async () => {
    const asked: unknown[] = [];
    const tts = {
      ...countingTts(),
      voices: [
        { name: "plain", language: "en" },
        { name: "uwe", language: "de-DE" },
      ],
      synthesize: (text: string, options: { readonly voice?: string } = {}) => {
        asked.push(options.voice);
        return countingTts().synthesize(text);
      },
    };
    const [sentence] = (await all(speak(tokens("Es kostet 3,50 €."), tts, { language: "de-AT" }))).flatMap((event) =>
      event.type === "sentence" ? [event.text] : [],
    );
    expect(asked).toEqual(["uwe"]);
    expect(sentence).toMatch(/Euro/);
    await expect(all(speak(tokens("Bonjour."), tts, { language: "fr" }))).rejects.toMatchObject({
      code: "input-refused",
    });
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
