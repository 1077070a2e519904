import { describe, expect, it } from "vitest";
import { voiceTurn, type TurnEvent } from "../../src/pipeline/index.ts";
import { all, countingTts, levelVad, recording, spellingStt, TO_THE_LETTER } from "./scripted.ts";

async function* echo(question: string): AsyncGenerator<string> {
  yield "You said: ";
  yield `${question}. `;
  yield "That was all of it.";
}

const parts = {
  hear: async () => ({ vad: levelVad, stt: spellingStt() }),
  think: echo,
  voice: async () => countingTts(),
};

function textOf(events: readonly TurnEvent[]): string {
  return events.map((event) => (event.type === "text" ? event.delta : "")).join("");
}

describe("a voice turn", () => {
  it("goes from sound to question to answer to sound", async () => {
    const events = await all(
      voiceTurn({ audio: recording(".hello..there.") }, parts, { partials: "off", speech: TO_THE_LETTER }),
    );
    expect(events.find((event) => event.type === "question")).toEqual({ type: "question", text: "Hello There" });
    expect(textOf(events)).toBe("You said: Hello There. That was all of it.");
    expect(events.some((event) => event.type === "audio")).toBe(true);
    expect(events.at(-1)?.type).toBe("done");
  });

  it("with a written question needs no ears, and without a voice makes no sound", async () => {
    const deaf = { ...parts, hear: () => Promise.reject(new Error("asked to hear")), voice: undefined };
    const events = await all(voiceTurn({ text: "hello" }, deaf));
    expect(events.map(({ type }) => type)).toEqual(["question", "text", "text", "text", "done"]);
  });

  it("without speech in the audio asks nothing and says what to do", async () => {
    const asked: string[] = [];
    const mute = {
      ...parts,
      think: (question: string) => {
        asked.push(question);
        return echo(question);
      },
    };
    await expect(all(voiceTurn({ audio: recording("......") }, mute))).rejects.toMatchObject({
      code: "no-speech",
      message: expect.stringContaining("0.6 s"),
    });
    expect(asked).toEqual([]);
  });

  it("times its stages in the order they happen", async () => {
    let clock = 0;
    const now = (): number => (clock += 1);
    const events = await all(voiceTurn({ audio: recording(".hello.") }, parts, { speech: TO_THE_LETTER, now }));
    const done = events.at(-1);
    if (done?.type !== "done") throw new Error("no end");
    const { inputEndMs, transcriptMs, firstTokenMs, firstSentenceMs, firstAudioMs, totalMs, inputAudioMs } =
      done.timings;
    const moments = [inputEndMs, transcriptMs, firstTokenMs, firstSentenceMs, firstAudioMs, totalMs];
    expect(moments).toEqual([...moments].sort((a, b) => Number(a) - Number(b)));
    expect(moments).not.toContain(undefined);
    expect(inputAudioMs).toBe(700);
  });

  it("fails as the thinker fails", async () => {
    async function* failing(): AsyncGenerator<string> {
      yield "Well, ";
      throw new Error("the model went away");
    }
    await expect(all(voiceTurn({ text: "hello" }, { ...parts, think: failing }))).rejects.toThrow(
      "the model went away",
    );
  });
});
