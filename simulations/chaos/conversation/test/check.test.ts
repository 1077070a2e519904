import { describe, expect, it } from "vitest";
import type { NotedRun } from "@parley/node/testing";
import { check, type GivenTurn, type History } from "../check.ts";
import type { PlannedTurn } from "../schedule.ts";
import { nameOf, recitedIn, resultOf } from "../words.ts";

const TELL: PlannedTurn = { number: 0, client: 0, kind: "ask", text: `please tell ${nameOf(0)}` };
const PRESS: PlannedTurn = { number: 1, client: 0, kind: "talk", text: `please press ${nameOf(1)}` };
const RING: PlannedTurn = { number: 2, client: 0, kind: "ask", text: `please ring ${nameOf(2)}` };

const told: GivenTurn = {
  number: 0,
  failure: undefined,
  transcript: TELL.text,
  answer: "One. Two. Three.",
  sentences: ["One.", "Two.", "Three."],
  soundMs: 900,
};
const pressed: GivenTurn = {
  number: 1,
  failure: undefined,
  transcript: PRESS.text,
  answer: `So ${resultOf(nameOf(1))}. All is quiet.`,
  sentences: [`So ${resultOf(nameOf(1))}.`, "All is quiet."],
  soundMs: 2_000,
};
const rung: GivenTurn = {
  ...pressed,
  number: 2,
  transcript: RING.text,
  answer: `Well, ${resultOf(nameOf(2))}.`,
  sentences: [],
};

function runs(tool: string, turn: number, key = "k", peer = "peer-1"): NotedRun[] {
  const about = { tool, of: nameOf(turn), key, peer };
  return [
    { ...about, point: "begun" },
    { ...about, point: "done" },
  ];
}

const good: History = {
  plan: [TELL, PRESS, RING],
  undisturbed: [told, pressed, rung],
  given: [rung, told, pressed],
  runs: [...runs("press", 1), ...runs("ring", 2)],
  recited: [{ client: 0, undisturbed: [0, 1, 2].map(nameOf), given: [0, 1, 2].map(nameOf) }],
};
const nothing = {
  misremembered: [],
  lost: [],
  repeatedSentences: [],
  repeatedToolRuns: [],
  differing: [],
  unknownCalls: [],
};

/** @param spelled of turn 1, what it was understood as */
function heard(spelled: string, change: Partial<GivenTurn> = {}): History {
  const name = nameOf(1).replace("alfa", spelled);
  const answer = `So ${resultOf(name)}, All is quiet.`;
  const given = { ...pressed, transcript: `Please, press ${name}.`, answer, sentences: [answer], ...change };
  const ran = runs("press", 1).map((run) => ({ ...run, of: name }));
  return { ...good, given: [told, given, rung], runs: [...ran, ...runs("ring", 2)], isReal: true };
}

/** A history in which turn `number` went otherwise. */
function otherwise(number: number, change: Partial<GivenTurn>): History {
  return { ...good, given: good.given.map((turn) => (turn.number === number ? { ...turn, ...change } : turn)) };
}

describe("the checker of conversations", () => {
  it.for([
    ["a question that is forgotten", [0, 2]],
    ["one that is there twice", [0, 1, 1, 2]],
    ["another order", [1, 0, 2]],
    ["nothing", []],
  ] as const)("finds a history that has %s", ([, numbers]) => {
    const [recited] = good.recited;
    if (recited === undefined) throw new Error("one client");
    const { misremembered } = check({ ...good, recited: [{ ...recited, given: numbers.map(nameOf) }] });
    expect(misremembered).toMatchObject([{ turn: 2 }]);
    const blank = { ...recited, undisturbed: [], given: [] };
    expect(check({ ...good, recited: [blank] }).misremembered).toMatchObject([{ turn: 2 }]);
  });

  it("reads questions, and not answers, in what was recited", () => {
    const said = `Please tell ${nameOf(3)} / You asked about ${nameOf(3)}. / please echo golf press ${nameOf(20)} / So ${resultOf(nameOf(20))}.`;
    expect(recitedIn(said)).toEqual([nameOf(3), nameOf(20)]);
  });

  it("finds nothing where all went as it does undisturbed", () => {
    expect(check(good)).toEqual(nothing);
  });

  it("finds a turn that failed, and one that nobody told of", () => {
    expect(check(otherwise(0, { failure: "connection-lost" })).lost).toEqual([{ turn: 0, what: "connection-lost" }]);
    expect(check({ ...good, given: [told, pressed] }).lost).toHaveLength(1);
    expect(check({ ...good, undisturbed: [told, pressed] }).lost).toHaveLength(1);
  });

  it("finds a sentence that was said twice, in words or in sound alone", () => {
    const twice = otherwise(0, { sentences: ["One.", "Two.", "Two.", "Three."] });
    expect(check(twice)).toEqual({ ...nothing, repeatedSentences: [{ turn: 0, what: "said again: Two." }] });
    expect(check(otherwise(0, { soundMs: 1_200 })).repeatedSentences).toEqual([
      { turn: 0, what: "300 ms of sound too much" },
    ]);
  });

  it("finds a tool that ran twice, or took effect under two keys; one key may come again", () => {
    const again = { ...good, runs: [...good.runs, ...runs("press", 1, "k", "peer-2")] };
    expect(check(again)).toEqual({
      ...nothing,
      repeatedToolRuns: [{ turn: 1, what: "press ran 2 times (peer-1, peer-2)" }],
    });
    expect(check({ ...good, runs: [...good.runs, ...runs("ring", 2, "other")] }).repeatedToolRuns).toHaveLength(1);
    expect(check({ ...good, runs: [...good.runs, ...runs("ring", 2)] })).toEqual(nothing);
  });

  it("finds transcripts and answers that differ, and sound that is missing", () => {
    expect(check(otherwise(0, { transcript: "please tell" })).differing).toHaveLength(1);
    expect(check(otherwise(0, { answer: "One. Three." })).differing).toHaveLength(1);
    expect(check(otherwise(0, { soundMs: 600 })).differing).toEqual([{ turn: 0, what: "sound: 300 ms are missing" }]);
  });

  it("tells a call whose end nobody knows from an answer that differs", () => {
    const unknown = "unknown: it is not known whether this was done; ask the person";
    const asked = otherwise(1, { answer: `So ${unknown}. All is quiet.`, soundMs: 5_000 });
    expect(check(asked)).toEqual({ ...nothing, unknownCalls: [{ turn: 1, what: unknown }] });
    expect(check(otherwise(1, { answer: "So failed: it was not done. All is quiet." })).differing).toHaveLength(1);
  });

  it("finds an answer that says that something was done which never was", () => {
    const never = { ...good, runs: runs("ring", 2) };
    expect(check(never).differing).toHaveLength(1);
    expect(check({ ...good, runs: good.runs.filter(({ point }) => point === "begun") }).differing).toHaveLength(2);
  });

  it("takes what real ears spell otherwise for the same, and other words not", () => {
    expect(check(heard("Alpha"))).toEqual(nothing);
    expect(check(heard("Delta")).differing).not.toEqual([]);
    expect(check({ ...heard("Alpha"), isReal: false }).differing).not.toEqual([]);
  });

  it("compares what a real voice has said with how long it told each sentence to be, and not with another time", () => {
    const { answer, sentences, soundMs } = pressed;
    const said = { answer, sentences, toldMs: soundMs };
    expect(check(heard("alfa", said))).toEqual(nothing);
    expect(check(heard("alfa", { ...said, soundMs: soundMs + 200, toldMs: soundMs + 200 }))).toEqual(nothing);
    expect(check(heard("alfa", { ...said, soundMs: soundMs + 400 })).repeatedSentences).toHaveLength(1);
    expect(check(heard("alfa", { ...said, soundMs: soundMs - 400 })).differing).toHaveLength(1);
    expect(check(heard("alfa", { answer, sentences: [...sentences, ...sentences] })).repeatedSentences).not.toEqual([]);
  });
});
