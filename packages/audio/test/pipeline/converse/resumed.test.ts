import { describe, expect, it } from "vitest";
import { MS_PER_CHAR, Room } from "./kit.ts";

const ANSWER = "Once there was a ship on the sea. It sailed for a long time. Then it came home. ";
const FIRST = "Once there was a ship on the sea. ";
const SECOND = "It sailed for a long time. ";
const QUESTION = "tell me a story";

describe("a conversation that is taken up from elsewhere", () => {
  it("goes on with the answer where its listener has got to, and then is a conversation like any", async () => {
    const soFar = { text: FIRST + "It sa", spoken: FIRST.length, index: 1, heardMs: 0 };
    const room = new Room((question) => (question === QUESTION ? ANSWER : "Yes."), {
      resume: { question: QUESTION, soFar },
    });
    await room.say("1000");
    await room.untilQuiet();
    expect(room.asked).toEqual([QUESTION]);
    expect(room.of("question")).toEqual([]);
    expect(
      soFar.text +
        room
          .of("text")
          .map(({ delta }) => delta)
          .join(""),
    ).toBe(ANSWER);
    expect(room.of("sentence").map(({ index, from, to }) => ANSWER.slice(from, to) + index)).toEqual([
      `${SECOND}1`,
      "Then it came home. 2",
    ]);
    expect(room.of("turn")).toMatchObject([
      { turn: 1, outcome: "complete", question: QUESTION, reply: ANSWER, heard: ANSWER },
    ]);
    await room.say("what time is it 1000");
    await room.untilQuiet();
    expect(await room.end()).toBeUndefined();
    expect(room.of("turn")[1]).toMatchObject({
      turn: 2,
      outcome: "complete",
      question: "What time is it",
      heard: "Yes.",
    });
  });

  it("says of a sentence that was cut only the rest", async () => {
    const soFar = { text: ANSWER, spoken: FIRST.length, index: 1, heardMs: 10 * MS_PER_CHAR };
    const room = new Room(() => ANSWER, { resume: { question: QUESTION, soFar } });
    await room.untilQuiet();
    await room.end();
    const said = `${SECOND.trim()}Then it came home.`.length - 10;
    expect(room.of("turn")[0]?.heardMs).toBe(said * MS_PER_CHAR);
    expect(room.of("text")).toEqual([]);
  });

  it("is interrupted like any other: what was heard before counts", async () => {
    const soFar = { text: FIRST, spoken: FIRST.length, index: 1, heardMs: 0 };
    const room = new Room((question) => (question === QUESTION ? ANSWER : "Well then."), {
      resume: { question: QUESTION, soFar },
    });
    await room.say("1000 stop 1500");
    await room.untilQuiet();
    await room.end();
    const [told, next] = room.of("turn");
    expect(told).toMatchObject({ turn: 1, outcome: "interrupted", question: QUESTION });
    expect(told?.heard.startsWith(FIRST)).toBe(true);
    expect(told?.heard.length).toBeLessThan((FIRST + SECOND).length);
    expect(next).toMatchObject({ turn: 2, question: "Stop" });
  });

  it("takes what is said before its sound comes for something new: what was said elsewhere is not heard again", async () => {
    const soFar = { text: "", spoken: 0, index: 0, heardMs: 0 };
    const room = new Room((question) => (question === QUESTION ? ANSWER : "Tea it is."), {
      resume: { question: QUESTION, soFar },
    });
    await room.say("i would like tea 1500");
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn").map(({ question, outcome }) => [question, outcome])).toEqual([
      [QUESTION, "interrupted"],
      ["I would like tea", "complete"],
    ]);
  });

  it("is complete at once where nothing is left to be said", async () => {
    const soFar = { text: ANSWER, spoken: ANSWER.length, index: 3, heardMs: 0 };
    const room = new Room(() => ANSWER, { resume: { question: QUESTION, soFar } });
    await room.untilQuiet();
    await room.end();
    expect(room.of("turn")).toMatchObject([{ outcome: "complete", heard: ANSWER, heardMs: 0 }]);
  });
});
