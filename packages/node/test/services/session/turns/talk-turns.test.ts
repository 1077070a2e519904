import { describe, expect, it } from "vitest";
import type { SpokenSoFar } from "@parley/audio/pipeline";
import { TalkTurns } from "../../../../src/services/session/talk-turns.ts";
import { Turns } from "../../../../src/services/session/turns.ts";
import { about, FakeJournal, HandClock } from "./kit.ts";

function talk(journal = new FakeJournal()) {
  const turns: Turns = new Turns({
    journal,
    clock: new HandClock(),
    kept: () => turns.kept,
    state: () => undefined,
    finish: () => undefined,
  });
  let made = 0;
  const next = (): TalkTurns =>
    new TalkTurns({ turns, about: () => about(`t#${(made += 1)}`), audioFromMs: 1_000, heardMs: () => 0 });
  return { turns, next, journal };
}

const has = (question: string, text: string): { question: string; soFar: SpokenSoFar } => ({
  question,
  soFar: { text, spoken: 0, index: 0, heardMs: 0 },
});

/** A turn that is certain, and of whose answer `text` was made. */
function answering(live: TalkTurns, turn: number, question: string, text: string): void {
  const log = live.of(turn, question);
  live.note({ type: "question", turn, text: question, throughMs: 500 });
  live.note({ type: "state", state: "processing", turn });
  log.comes();
  log.wrote(text);
}

describe("the turns of a talk", () => {
  it("that were cut are gone on with where their client has got to, and what was heard is known by its place", () => {
    const { turns, next } = talk();
    const first = next();
    answering(first, 1, "tea?", "Yes. No.");
    first.close(true);
    const cut = turns.ofTalk("t", "tea?");
    expect(cut?.about.details.throughMs).toBe(1_500);
    const again = next();
    expect(again.resume(cut, has("tea?", "Yes."))).toMatchObject({ question: "tea?", isNews: false });
    expect(again.of(1, "tea?").begun.text).toBe("Yes. No.");
    again.close(false);
  });

  it("are news to a client that knows of another question, or of none", () => {
    for (const known of [has("te", "Ye"), undefined]) {
      const { turns, next } = talk();
      const first = next();
      answering(first, 1, "tea?", "Yes.");
      first.close(true);
      const resumed = next().resume(turns.ofTalk("t", known?.question), known);
      expect(resumed).toMatchObject({ question: "tea?", isNews: true, soFar: { text: "" } });
    }
  });

  it("of which their client has all that there is are not thought about again, unless more is said", () => {
    const { turns, next } = talk();
    const first = next();
    answering(first, 1, "tea?", "Yes.");
    expect(first.lengthOf(1)).toBeUndefined();
    first.of(1, "tea?").ends();
    first.close(true);
    const again = next();
    const whole = has("tea?", "Yes.");
    again.resume(turns.ofTalk("t", "tea?"), { ...whole, soFar: { ...whole.soFar, isWhole: true } });
    expect(again.of(1, "tea?").isWhole).toBe(true);
    expect(again.lengthOf(1)).toBe(4);
    expect(again.of(1, "tea or coffee?").isWhole).toBe(false);
    expect(again.lengthOf(1)).toBeUndefined();
    again.close(false);
  });

  it("keep the name that their client knows, where nobody else knows them; but none of another conversation", () => {
    for (const [turnId, name] of [
      ["t#known", "t#known"],
      ["u#known", "t#1"],
      ["known", "t#1"],
    ]) {
      const live = talk().next();
      live.resume(undefined, { ...has("tea?", "Ye"), turnId });
      expect(live.idOf(1)).toBe(name);
      live.close(false);
    }
  });

  it("are thought about where their client has less, or something else", () => {
    for (const text of ["Ye", "No."]) {
      const { turns, next } = talk();
      const first = next();
      answering(first, 1, "tea?", "Yes.");
      first.close(true);
      const again = next();
      again.resume(turns.ofTalk("t", "tea?"), has("tea?", text));
      expect(again.of(1, "tea?").isWhole).toBe(false);
      again.close(false);
    }
  });

  it("that ended while their client was away are not thought about again, nor said to who had stopped them", () => {
    const { turns, next } = talk();
    const first = next();
    answering(first, 1, "tea?", "Yes.");
    first.ended(1);
    const again = next();
    const resumed = again.resume(turns.ofTalk("t", "tea?"), has("tea?", "Yes."));
    expect(resumed).toMatchObject({ isNews: false, soFar: { spoken: 4 } });
    expect(again.isKnown(1)).toBe(true);
    expect(next().resume(turns.ofTalk("t", undefined), undefined)).toBeUndefined();
  });

  it("take nothing that is told of a thought that was taken back for their own", () => {
    const { next, journal } = talk();
    const live = next();
    answering(live, 1, "tea", "Old text.");
    const log = live.of(1, "tea or coffee");
    live.note({ type: "sentence", turn: 1, index: 0, text: "Old text.", from: 0, to: 9 });
    log.comes();
    log.wrote("Coffee.");
    live.note({ type: "question", turn: 1, text: "tea or coffee", throughMs: 900 });
    live.note({ type: "sentence", turn: 1, index: 0, text: "Coffee.", from: 0, to: 7 });
    expect(log.cut).toMatchObject({ question: "tea or coffee", text: "Coffee.", sentences: [7] });
    expect(journal.turn?.records.filter(({ type }) => type === "sentence")).toHaveLength(1);
    live.close(false);
  });

  it("are written down though the turn before them has not been told to its end", () => {
    const { next, journal } = talk();
    const live = next();
    answering(live, 1, "one?", "One.");
    answering(live, 2, "two?", "Two.");
    live.ended(1);
    expect(journal.turn?.accepted).toMatchObject({ workId: "t#2", question: "two?" });
    live.close(true);
  });
});
