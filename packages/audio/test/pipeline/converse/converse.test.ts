import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VoiceFrames } from "../../../src/engines/index.ts";
import { AudioError } from "../../../src/index.ts";
import { normaliseHeard } from "../../../src/turn/index.ts";
import type { Verdict, WakeHeard } from "../../../src/pipeline/converse/index.ts";
import {
  FRAME_MS,
  MS_PER_CHAR,
  plainTts,
  Room,
  toneStt,
  toneVad,
  toneWake,
  VirtualClock,
  VirtualPlayback,
} from "./kit.ts";

const echoed = (question: string): string => `You said ${question}.`;

describe("a conversation", () => {
  it("answers what was asked, once, after the person has finished", async () => {
    const room = new Room(echoed);
    await room.say("500 what time is it 3000");
    await room.untilQuiet();
    expect(await room.end()).toBeUndefined();
    expect(room.of("turn")).toMatchObject([
      {
        outcome: "complete",
        question: "What time is it",
        reply: "You said What time is it.",
        heard: "You said What time is it.",
      },
    ]);
    expect(room.playback.stops).toEqual([]);
  });

  it("takes a pause behind an unfinished sentence for part of one turn", async () => {
    const room = new Room(echoed);
    await room.say("500 i would like 1500 tea 3000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn").map(({ question, outcome }) => [question, outcome])).toEqual([
      ["I would like tea", "complete"],
    ]);
  });

  it.each([
    ["command", ["stop", "tea and coffee please"]],
    ["dictation", ["stop tea and coffee please"]],
  ] as const)("takes in %s mode what is said behind a pause of 1.2 s for %j", async (mode, questions) => {
    const room = new Room(echoed, { mode });
    await room.say("500 stop 1200 tea and coffee please 6000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn").map(({ question }) => question.toLowerCase())).toEqual(questions);
  });

  it("writes down what is dictated for more than a minute as one", async () => {
    const room = new Room(echoed, { mode: "dictation" });
    const words = "tea coffee story sea time please wait yes about long".split(" ");
    // Ten in another order each time: what is said twice in a row is written once.
    const minute = Array.from({ length: 60 }, (_, n) => `${words[(n + 3 * Math.floor(n / 10)) % 10]} 900`).join(" ");
    await room.say(`500 ${minute} stop 8000`);
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn")).toHaveLength(1);
    expect(room.of("turn")[0]?.question.split(" ")).toHaveLength(61);
  });

  it("keeps of a reply that was interrupted exactly the words that were heard", async () => {
    const story =
      "Once there was a ship on the sea. It sailed for a long time and saw no land at all. Then it came home.";
    const room = new Room((question) => (question.includes("story") ? story : echoed(question)));
    await room.say("500 tell me a long story 4000");
    expect(room.conversation.state).toBe("speaking");
    await room.say("stop 1500");
    await room.untilQuiet();
    await room.end();
    const [first, second] = room.of("turn");
    expect(first).toMatchObject({ outcome: "interrupted", reply: story });
    expect(second).toMatchObject({ outcome: "complete", question: "Stop" });
    const heardMs = room.playback.stops[0]?.heardMs ?? 0;
    expect(story.startsWith(first?.heard ?? "-")).toBe(true);
    // To the word, as far as word times are estimates.
    expect(Math.abs((first?.heard.length ?? 0) - heardMs / MS_PER_CHAR)).toBeLessThan(12);
  });

  it.each([
    ["before it begins to sound", -2],
    ["with its first sound", 1],
    ["before they can have answered it", 13],
  ])("takes a reply back when the person went on %s: one question, one answer", async (_, frames) => {
    // The same conversation tells where the reply begins.
    const first = new Room(echoed);
    await first.say("500 tell me a story");
    let silent = 0;
    for (; first.conversation.state !== "speaking"; silent += 1) await first.say(String(FRAME_MS));
    await first.end();
    const room = new Room(echoed);
    await room.say(`500 tell me a story ${(silent + frames) * FRAME_MS} about the sea please 5000`);
    await room.untilQuiet();
    await room.end();
    const question = "Tell me a story about the sea please";
    expect(room.of("turn")).toMatchObject([
      { turn: 1, outcome: "complete", question, reply: echoed(question), heard: echoed(question) },
    ]);
    if (frames > 0) expect(room.playback.stops).toHaveLength(1);
    expect(room.of("turn")[0]?.firstAudioMs).toBeLessThan(1500);
  });

  it("is interrupted by who has heard the reply begin", async () => {
    const room = new Room(echoed);
    await room.say("500 tell me a story");
    while (room.conversation.state !== "speaking") await room.say(String(FRAME_MS));
    await room.say("704 no stop 4000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn").map(({ outcome, question }) => [outcome, question])).toEqual([
      ["interrupted", "Tell me a story"],
      ["complete", "No stop"],
    ]);
  });

  it("is silent, and answers no more, when it is told to stop before it can have been heard", async () => {
    const room = new Room(echoed);
    await room.say("500 tell me a story");
    while (room.conversation.state !== "speaking") await room.say(String(FRAME_MS));
    await room.say("128 stop 4000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn")).toMatchObject([{ outcome: "cancelled", question: "Tell me a story stop" }]);
    expect(room.asked).toEqual(["Tell me a story"]);
    expect(room.playback.isPlaying).toBe(false);
  });

  it("takes a written answer back, too, when the person goes on as it comes", async () => {
    const room = new Room(echoed, { parts: { voice: undefined } });
    await room.say("500 tell me a story");
    const told = (): boolean => room.of("text").some(({ delta }) => delta === "story.");
    while (!told()) await room.say(String(FRAME_MS));
    await room.say("160 about the sea please 4000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn").map(({ outcome, question, reply }) => [outcome, question, reply])).toEqual([
      ["complete", "Tell me a story about the sea please", "You said Tell me a story about the sea please."],
    ]);
  });

  it("ducks for a cough and comes back", async () => {
    const room = new Room(() => "This is a reply that is long enough to be coughed at, and it goes on for a while.");
    await room.say("500 tell me a story 2500 ~ 4000");
    await room.untilQuiet();
    await room.end();
    expect(room.playback.gains.map(({ gainDb }) => Math.sign(gainDb))).toEqual([-1, 0]);
    expect(room.playback.stops).toEqual([]);
    expect(room.of("turn")).toMatchObject([{ outcome: "complete" }]);
  });

  it("recognises what was said again when the recogniser dies over it", async () => {
    const crash = new AudioError("engine-crashed", "gone", { nextStep: "wait" });
    const clock = new VirtualClock();
    const stt = toneStt(clock, 100, (call) => (call < 3 ? crash : undefined));
    const room = new Room(echoed, { clock, parts: { stt } });
    await room.say("500 tea and coffee please 4000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn")).toMatchObject([{ outcome: "complete", question: "Tea and coffee please" }]);
  });

  it("hears on where it stopped when the detector dies in the middle of a word", async () => {
    let starts = 0;
    const mortal: VoiceFrames = {
      ...toneVad,
      async *frames(audio, call) {
        const dies = starts++ < 2;
        for await (const frame of toneVad.frames(audio, call)) {
          yield frame;
          if (dies && frame.atMs > 700) throw new AudioError("engine-crashed", "gone", { nextStep: "wait" });
        }
      },
    };
    const room = new Room(echoed, { parts: { vad: mortal } });
    await room.say("500 tell me about the sea 4000");
    await room.untilQuiet();
    await room.end();
    expect(starts).toBe(3);
    expect(room.of("turn")).toMatchObject([{ outcome: "complete", question: "Tell me about the sea" }]);
    expect(room.of("problem")).toHaveLength(2);
  });

  it.each([
    ["with a pause behind it", "500 tea 3000 yes 600 tell me a story 5000"],
    ["in one breath", "500 tea 3000 yes tell me a story 5000"],
  ])("answers only what is said behind a wake word, %s", async (_, script) => {
    const wake = { engine: toneWake("yes"), rules: { words: { yes: { threshold: 0.5 } } } };
    const room = new Room(echoed, { parts: { wake }, interaction: { mode: "wake", followUpMs: 0 } });
    await room.say(script);
    await room.untilQuiet();
    await room.end();
    expect(room.of("wake")).toMatchObject([{ word: "yes" }]);
    expect(room.of("turn")).toMatchObject([{ turn: 1, outcome: "complete", question: "Tell me a story" }]);
  });

  it("gives way to another host that heard the wake word better", async () => {
    const wake = { engine: toneWake("yes"), rules: { words: { yes: { threshold: 0.5 } } } };
    const heard: WakeHeard[] = [];
    const arbitrate = async function* (hit: WakeHeard): AsyncGenerator<Verdict> {
      heard.push(hit);
      yield "lost";
    };
    const room = new Room(echoed, { parts: { wake, arbitrate }, interaction: { mode: "wake" } });
    await room.say("500 yes 300 tell me a story 5000");
    await room.end();
    expect(heard).toMatchObject([{ word: "yes", score: 1 }]);
    expect(room.of("turn")).toMatchObject([{ outcome: "yielded", question: "", reply: "" }]);
    expect(room.asked).toEqual([]);
  });

  it("takes its answer back when it turns out that another host answers as well, and answers the next one", async () => {
    const wake = { engine: toneWake("yes"), rules: { words: { yes: { threshold: 0.5 } } } };
    const late = Promise.withResolvers<void>();
    let calls = 0;
    const arbitrate = async function* (): AsyncGenerator<Verdict> {
      yield "won";
      if (calls++ > 0) return;
      await late.promise;
      yield "lost";
    };
    const room = new Room(echoed, { parts: { wake, arbitrate }, interaction: { mode: "wake", followUpMs: 0 } });
    await room.say("500 yes 100 tell me");
    expect(room.of("state").at(-1)).toMatchObject({ state: "listening_for_command" });
    late.resolve();
    await room.say("a story 3000 yes 300 what time is it 5000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn")).toMatchObject([
      { turn: 1, outcome: "yielded", reply: "" },
      { turn: 2, outcome: "complete", question: "What time is it" },
    ]);
  });

  it("says that it failed when nobody can think, and goes on with the next turn", async () => {
    let calls = 0;
    const room: Room = new Room(echoed, {
      parts: {
        async *think(question) {
          if (calls++ === 0) throw new AudioError("engine-busy", "no room", { nextStep: "wait" });
          yield `You said ${question}.`;
        },
      },
    });
    await room.say("500 one two 4000 yes please 4000");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn").map(({ outcome }) => outcome)).toEqual(["failed", "complete"]);
    expect(room.of("signal").map(({ signal }) => signal)).toContain("failed");
  });

  const never = (): Promise<never> => new Promise(() => undefined);
  it.each([
    {
      wait: "transcribeMs",
      stage: "transcribe",
      parts: () => ({ stt: { id: "deaf", languages: ["en"], transcribe: never } }),
    },
    {
      wait: "thinkMs",
      stage: "think",
      parts: () => ({
        async *think(): AsyncGenerator<string> {
          yield await never();
        },
      }),
    },
    {
      wait: "firstSoundMs",
      stage: "speak",
      parts: (clock: VirtualClock) => {
        const playback = new VirtualPlayback(clock);
        const tts = {
          id: "mute",
          sampleRateHz: 8000,
          voices: [{ name: "mute", language: "en" }],
          synthesize: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }),
        };
        return { voice: { tts, playback } };
      },
    },
  ] as const)("says which stage was waited for in vain, and how long: $wait", async ({ wait, stage, parts }) => {
    const clock = new VirtualClock();
    const room = new Room(echoed, { clock, parts: parts(clock), interaction: { mode: "open", [wait]: 7000 } });
    await room.say("500 one two 12000");
    await room.end();
    expect(room.of("problem")).toMatchObject([
      { turn: 1, stage, error: { code: "job-timed-out", details: { wait, afterMs: 7000 } } },
    ]);
    expect(room.events.findIndex(({ type }) => type === "problem")).toBeLessThan(
      room.events.findIndex(({ type }) => type === "turn"),
    );
    expect(room.of("turn")).toMatchObject([{ outcome: "failed" }]);
  });

  it("says that a loudspeaker gave no sign of life", async () => {
    const clock = new VirtualClock();
    const playback = new VirtualPlayback(clock);
    // It is asked how far it got every 250 ms; here that comes too late.
    const room = new Room(() => "A long story about the sea.", {
      clock,
      parts: { voice: { tts: plainTts(clock), playback } },
      interaction: { mode: "open", playbackMs: 200 },
    });
    await room.say("500 one two 4000");
    await room.end();
    expect(room.of("problem")).toMatchObject([{ stage: "speak", error: { code: "job-timed-out" } }]);
  });

  it("loses no word and answers every turn once, in order, whatever is said and whenever", async () => {
    const word = fc.constantFrom("tea", "coffee", "stop", "yes", "i", "would", "like", "the", "and", "please", "story");
    const pause = fc.integer({ min: 32, max: 2500 }).map(String);
    const sign = fc.oneof({ weight: 5, arbitrary: word }, { weight: 2, arbitrary: pause }, fc.constant("~"));
    await fc.assert(
      fc.asyncProperty(fc.array(sign, { minLength: 1, maxLength: 25, size: "max" }), async (signs) => {
        const said = signs.filter((each) => each !== "~" && !Number.isFinite(Number(each)));
        // What is said again and again is taken for a recogniser that has lost itself.
        fc.pre(normaliseHeard(said.join(" ")).split(" ").length === Math.max(1, said.length));
        const room = new Room(echoed);
        await room.say(`500 ${signs.join(" ")} 5000`);
        await room.untilQuiet();
        expect(await room.end()).toBeUndefined();
        const turns = room.of("turn");
        expect(turns.map(({ turn }) => turn)).toEqual(turns.map((_, index) => index + 1));
        const heard = turns.flatMap(({ question }) =>
          question
            .toLowerCase()
            .split(/[^a-z]+/u)
            .filter(Boolean),
        );
        expect(heard).toEqual(said);
        for (const { outcome, reply, heard: part, question } of turns) {
          expect(reply.startsWith(part)).toBe(true);
          if (outcome === "complete" && question !== "") expect(reply).toBe(echoed(question));
        }
      }),
      { numRuns: 60 },
    );
  });
});
