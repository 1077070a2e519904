/** A whole conversation of ten turns, in simulated time; its twin with real engines and a real peer is in `packages/node/test/voice`. */
import { describe, expect, it } from "vitest";
import { MS_PER_CHAR, Room, toneStt, VirtualClock } from "./kit.ts";

const STORY =
  "Once there was a ship on the sea. It sailed for a long time and saw no land at all. Then, one day, it came home.";

/** Who answers: what is asked decides, so that a turn that is answered twice is no other turn. */
function answer(question: string): string {
  const asked = question.toLowerCase();
  if (asked.includes("story")) return STORY;
  if (asked.includes("stop")) return "All right.";
  return `You said ${asked}, and I have heard every word of it.`;
}

/** What is said, and what becomes of it. */
const TURNS: readonly (readonly [script: string, question: string, outcome: "complete" | "interrupted"])[] = [
  ["500 what time is it", "what time is it", "complete"],
  ["i would like 1500 tea please", "i would like tea please", "complete"],
  ["tea please 500 no wait coffee", "tea please no wait coffee", "complete"],
  ["tell me a story 3500", "tell me a story", "interrupted"],
  ["stop", "stop", "complete"],
  // A cough into the answer.
  ["what is tea 1900 ~", "what is tea", "complete"],
  // Nobody speaks, and somebody coughs; nobody is answered.
  ["6000 ~ 2000 tell me a long story about the sea 4500", "tell me a long story about the sea", "interrupted"],
  ["stop", "stop", "complete"],
];
/** Too much for one turn: what is said behind its limit is the next, which is answered. */
const TOO_LONG = "please tell me what time it is and i would like tea and coffee and tell me about the sea and story";

describe("a conversation of ten turns", () => {
  it.each([
    ["fast", 100],
    ["slow", 450],
  ])("answers each turn once and in order, whatever happens, with a %s recogniser", async (_, sttMs) => {
    const clock = new VirtualClock();
    const interaction = { mode: "open", maxUtteranceMs: 5000 } as const;
    const room = new Room(answer, { clock, interaction, parts: { stt: toneStt(clock, sttMs) } });
    for (const [script, , outcome] of TURNS) {
      await room.say(script);
      if (outcome === "complete") await room.untilQuiet();
    }
    await room.say(TOO_LONG);
    await room.untilQuiet();
    expect(await room.end()).toBeUndefined();

    const turns = room.of("turn");
    expect(turns.map(({ turn }) => turn)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const asked = turns.map(({ question, outcome }) => [lower(question), outcome]);
    expect(asked.slice(0, TURNS.length)).toEqual(TURNS.map(([, question, outcome]) => [question, outcome]));
    for (const { question, reply, heard, outcome } of turns) {
      if (reply !== "") expect(reply).toBe(answer(question));
      if (outcome === "complete") expect([heard, reply]).toEqual([answer(question), answer(question)]);
    }

    const [spill, rest] = turns.slice(TURNS.length);
    expect(spill).toMatchObject({ outcome: "interrupted", reply: "", heard: "", heardMs: 0 });
    expect(rest).toMatchObject({ outcome: "complete" });
    // A word that is being said when the limit comes may be in both.
    const words = [spill, rest].map((turn) => lower(turn?.question ?? "").split(" "));
    if (words[0]?.at(-1) === words[1]?.[0]) words[0]?.pop();
    expect(words.flat().join(" ")).toBe(TOO_LONG);

    // The cough has stopped nothing, and what was stopped is kept as far as it was heard.
    const cut = turns.filter(({ outcome }) => outcome === "interrupted").slice(0, 2);
    expect(room.playback.stops).toHaveLength(cut.length);
    for (const [n, { heard, reply }] of cut.entries()) {
      const { heardMs } = room.playback.stops[n] ?? { heardMs: 0 };
      expect(reply.startsWith(heard)).toBe(true);
      expect(heard.length).toBeGreaterThan(5);
      expect(Math.abs(heard.length - heardMs / MS_PER_CHAR)).toBeLessThan(12);
    }
  });
});

function lower(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z ]/gu, "");
}
