import { describe, expect, test } from "vitest";
import { createBargeIn, createEndpointer, createInteraction } from "../../../src/turn/index.ts";
import type { InteractionEffect, InteractionEvent } from "../../../src/turn/index.ts";

const FRAME_MS = 32;
/** What a recogniser and a model on this machine would take. */
const TRANSCRIBE_MS = 150;
const THINK_MS = 200;
const REPLY_MS = 4000;

/** What is heard for a while: a voice with the words it ends with, a cough, our own voice comes by itself. */
interface Scene {
  readonly ms: number;
  readonly kind: "quiet" | "voice" | "cough";
  /** All that was said of this turn when the scene is over. */
  readonly words?: string;
}

/**
 * A driver as thin as can be: frames to the end-pointer or to the barge-in watch, whichever the state asks for, their
 * findings to the machine, its effects to engines that take a fixed time.
 */
function converse(scenes: readonly Scene[]) {
  const machine = createInteraction({ mode: "open" });
  const ears = createEndpointer();
  const watch = createBargeIn();
  const later: { readonly atMs: number; readonly run: () => void }[] = [];
  const log: string[] = [];
  let nowMs = 0;
  let words = "";
  let playing: { readonly generation: number; readonly sinceMs: number } | undefined;

  const after = (ms: number, run: () => void): void => void later.push({ atMs: nowMs + ms, run });
  const tell = (event: InteractionEvent): void => {
    for (const effect of machine.send(event, nowMs)) carryOut(effect);
  };
  const carryOut = (effect: InteractionEffect): void => {
    if (effect.type === "open-ears") ears.reset();
    else if (effect.type === "transcribe") {
      const { generation } = effect;
      const text = words;
      const throughMs = nowMs;
      after(TRANSCRIBE_MS, () => {
        ears.partial({ text, throughMs });
        tell({ type: "transcript", generation, text, complete: ears.complete ?? 0.5 });
      });
    } else if (effect.type === "think") {
      const { generation } = effect;
      after(THINK_MS, () => tell({ type: "audio", generation }));
    } else if (effect.type === "play") {
      const { generation } = effect;
      watch.reset();
      playing = { generation, sinceMs: nowMs };
      log.push(`answers “${words}” ${nowMs - lastVoiceMs} ms after it was said`);
      words = "";
      after(REPLY_MS, () => {
        if (playing?.generation !== generation) return;
        playing = undefined;
        tell({ type: "answered", generation, heardMs: REPLY_MS });
      });
    } else if (effect.type === "stop") {
      const { generation } = effect;
      const heardMs = nowMs - (playing?.sinceMs ?? nowMs);
      playing = undefined;
      tell({ type: "stopped", generation, heardMs });
    } else if (effect.type === "duck" || effect.type === "restore") log.push(effect.type);
    else if (effect.type === "end-turn") log.push(`turn ${effect.turn} ${effect.outcome}`);
  };

  let lastVoiceMs = 0;
  let inStretch = false;
  for (const { ms, kind, words: said } of scenes) {
    const voiced = kind === "voice";
    for (const endMs = nowMs + ms; nowMs < endMs;) {
      const atMs = nowMs;
      nowMs += FRAME_MS;
      for (const due of later.filter((one) => one.atMs <= nowMs)) {
        later.splice(later.indexOf(due), 1);
        due.run();
      }
      for (const effect of machine.advance(nowMs)) carryOut(effect);
      if (voiced) lastVoiceMs = nowMs;
      if (voiced && !inStretch) tell({ type: "speech-start", startMs: atMs });
      inStretch = voiced;
      if (machine.state === "listening_for_command") {
        for (const event of ears.push({ atMs, voiced })) tell(event);
      } else if (machine.state !== "idle") {
        const speech = voiced ? 0.97 : kind === "cough" ? 0.6 : 0.02;
        const levelDbfs = kind === "quiet" ? -60 : -25;
        const decided = watch.push({ atMs, speech, levelDbfs, echo: 0, wake: false });
        if (decided?.type === "stop") tell({ type: "barge-in", startMs: decided.onsetMs });
        else if (decided !== undefined) tell({ type: decided.type });
      }
    }
    if (said !== undefined) words = said;
  }
  return { log, state: machine.state };
}

describe("ears, watch and machine together", () => {
  test("a pause within a sentence is one turn, answered once", () => {
    const { log } = converse([
      { ms: 800, kind: "voice", words: "I would like" },
      { ms: 1500, kind: "quiet" },
      { ms: 500, kind: "voice", words: "I would like some tea please" },
      { ms: 8000, kind: "quiet" },
    ]);
    expect(log).toEqual([
      expect.stringMatching(/^answers “I would like some tea please” \d+ ms after it was said$/u),
      "turn 1 complete",
    ]);
  });

  test("a whole question is answered sooner than its engines take in a row after a fixed silence", () => {
    const { log } = converse([
      { ms: 1200, kind: "voice", words: "what time is it" },
      { ms: 8000, kind: "quiet" },
    ]);
    const [, ms] = /(\d+) ms/u.exec(log[0] ?? "") ?? [];
    // 160 ms until work begins, then the engines; frames and rounding add one each.
    expect(Number(ms)).toBeLessThanOrEqual(160 + TRANSCRIBE_MS + THINK_MS + 3 * FRAME_MS);
  });

  test("a cough ducks the answer and it goes on; a word stops it, and is answered", () => {
    const { log, state } = converse([
      { ms: 1200, kind: "voice", words: "tell me a long story" },
      { ms: 2000, kind: "quiet" },
      { ms: 200, kind: "cough" },
      { ms: 700, kind: "quiet" },
      { ms: 600, kind: "voice", words: "no, a short one please" },
      { ms: 8000, kind: "quiet" },
    ]);
    expect(log.map((line) => line.replace(/ \d+ ms.*/u, ""))).toEqual([
      "answers “tell me a long story”",
      "duck",
      "restore",
      "duck",
      "turn 1 interrupted",
      "answers “no, a short one please”",
      "turn 2 complete",
    ]);
    expect(state).toBe("idle");
  });
});
