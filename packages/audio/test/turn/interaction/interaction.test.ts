import { describe, expect, test } from "vitest";
import { OUTSIDE_STATE, createInteraction } from "../../../src/turn/index.ts";
import { interactionMachine } from "../../../src/turn/interaction/machine.ts";
import type { InteractionEffect, InteractionEvent, InteractionOptions } from "../../../src/turn/index.ts";

/** A conversation by hand: events a millisecond apart unless time is let pass; effects as short words. */
function talk(options: Partial<InteractionOptions> = {}) {
  const conversation = createInteraction(options);
  let nowMs = 0;
  const say = (effects: readonly InteractionEffect[]): string[] => effects.map(brief);
  return {
    conversation,
    on: (event: InteractionEvent): string[] => say(conversation.send(event, (nowMs += 1))),
    pass: (ms: number): string[] => say(conversation.advance((nowMs += ms))),
  };
}

function brief(effect: InteractionEffect): string {
  switch (effect.type) {
    case "open-ears":
      return `open-ears ${effect.turn} from ${effect.fromMs} (${effect.opening}, ${effect.capture})`;
    case "transcribe":
      return `transcribe ${effect.turn}/${effect.generation} ${effect.fromMs}-${effect.toMs}${effect.speculative ? " early" : ""}`;
    case "think":
      return `think ${effect.turn}/${effect.generation} "${effect.text}"${effect.speculative ? " early" : ""}`;
    case "end-turn":
      return `end-turn ${effect.turn} ${effect.outcome} ${effect.heardMs}`;
    case "signal":
      return `signal ${effect.signal}`;
    default:
      return ["generation" in effect ? `${effect.type} ${effect.turn}/${effect.generation}` : effect.type].join("");
  }
}

const WAKE: InteractionEvent = { type: "wake", word: "parley", score: 0.9, endMs: 800 };

/** As far as the first sound of the first answer. */
function speaking(options: Partial<InteractionOptions> = {}) {
  const it = talk(options);
  it.on(WAKE);
  it.on({ type: "won" });
  it.on({ type: "speech-start", startMs: 900 });
  it.on({ type: "ended", toMs: 2000 });
  it.on({ type: "transcript", generation: 1, text: "tell me a story" });
  it.on({ type: "text", generation: 1 });
  expect(it.on({ type: "audio", generation: 1 })).toEqual(["play 1/1"]);
  return it;
}

describe("a turn", () => {
  test("goes from the wake word to the answer, and leaves ears open for more", () => {
    const it = talk();
    expect(it.on(WAKE)).toEqual(["open-ears 1 from 800 (wake, endpoint)", "arbitrate"]);
    expect(it.on({ type: "won" })).toEqual(["signal listening"]);
    expect(it.on({ type: "speech-start", startMs: 900 })).toEqual([]);
    expect(it.on({ type: "ended", toMs: 2000 })).toEqual(["close-ears", "signal captured", "transcribe 1/1 800-2000"]);
    expect(it.on({ type: "transcript", generation: 1, text: "hello" })).toEqual(['think 1/1 "hello"']);
    expect(it.on({ type: "text", generation: 1 })).toEqual([]);
    expect(it.conversation.state).toBe("responding");
    expect(it.on({ type: "audio", generation: 1 })).toEqual(["play 1/1"]);
    expect(it.on({ type: "answered", generation: 1, heardMs: 1500 })).toEqual([
      "end-turn 1 complete 1500",
      "open-ears 2 from now (follow-up, endpoint)",
    ]);
    expect(it.pass(6000)).toEqual(["close-ears", "end-turn 2 unheard 0"]);
    expect(it.conversation.state).toBe("idle");
  });

  test("another host's is not answered", () => {
    const it = talk();
    it.on(WAKE);
    expect(it.on({ type: "lost" })).toEqual(["close-ears", "end-turn 1 yielded 0"]);
    expect(it.conversation.state).toBe("idle");
  });

  test("is answered when the other hosts say nothing", () => {
    const it = talk();
    it.on(WAKE);
    expect(it.pass(1000)).toEqual(["signal listening"]);
    expect(it.conversation.place).toBe("listening_for_command.waiting");
  });

  test("whose end came while hosts were settling is not lost", () => {
    const it = talk();
    it.on(WAKE);
    it.on({ type: "speech-start", startMs: 810 });
    it.on({ type: "ended", toMs: 1100 });
    expect(it.on({ type: "won" })).toContain("transcribe 1/1 800-1100");
  });

  test("in which nothing is said ends by telling so, when it was asked for", () => {
    const it = talk();
    it.on({ type: "hotkey", fromMs: 10 });
    expect(it.pass(5000)).toEqual(["close-ears", "end-turn 1 unheard 0", "signal nothing-heard"]);
  });

  test("that is too long is answered as far as it goes, and its rest is the next", () => {
    const it = talk({ mode: "open", maxUtteranceMs: 1000 });
    it.on({ type: "speech-start", startMs: 0 });
    expect(it.pass(1000)).toContain("transcribe 1/1 0-now");
    expect(it.on({ type: "barge-in", startMs: 1002 })).toEqual([]);
    expect(it.on({ type: "transcript", generation: 1, text: "once upon a time" })).toEqual([
      "cancel-work 1/1",
      "end-turn 1 interrupted 0",
      "open-ears 2 from 1002 (interruption, endpoint)",
    ]);
  });
});

describe("work begun early", () => {
  const pausing = () => {
    const it = talk();
    it.on(WAKE);
    it.on({ type: "won" });
    it.on({ type: "speech-start", startMs: 900 });
    expect(it.on({ type: "may-end", toMs: 2000 })).toEqual(["transcribe 1/1 800-2000 early"]);
    return it;
  };

  test("is confirmed, and plays at once when the sound is there", () => {
    const it = pausing();
    expect(it.on({ type: "transcript", generation: 1, text: "stop", complete: 0.9 })).toEqual([
      'think 1/1 "stop" early',
    ]);
    expect(it.on({ type: "audio", generation: 1 })).toEqual([]);
    expect(it.on({ type: "ended", toMs: 2000 })).toEqual(["confirm 1/1", "close-ears", "signal captured", "play 1/1"]);
  });

  test("is taken back when the person goes on, and its late results count for nothing", () => {
    const it = pausing();
    expect(it.on({ type: "goes-on" })).toEqual(["cancel-work 1/1"]);
    expect(it.conversation.isCurrent(1)).toBe(false);
    expect(it.on({ type: "transcript", generation: 1, text: "I would like" })).toEqual([]);
    expect(it.on({ type: "ended", toMs: 5000 })).toContain("transcribe 1/2 800-5000");
    expect(it.on({ type: "transcript", generation: 1, text: "I would like" })).toEqual([]);
    expect(it.on({ type: "transcript", generation: 2, text: "I would like some tea" })).toEqual([
      'think 1/2 "I would like some tea"',
    ]);
  });

  test("does not think about half a sentence", () => {
    const it = pausing();
    expect(it.on({ type: "transcript", generation: 1, text: "I would like", complete: 0.1 })).toEqual([]);
    expect(it.on({ type: "ended", toMs: 2000 })).toContain('think 1/1 "I would like"');
  });
});

describe("interrupting", () => {
  test("stops the reply, listens from the first word, and keeps what was heard", () => {
    const it = speaking();
    it.on({ type: "progress", generation: 1, heardMs: 400 });
    expect(it.on({ type: "duck" })).toEqual(["duck"]);
    expect(it.on({ type: "barge-in", startMs: 9000 })).toEqual([
      "stop 1/1",
      "cancel-work 1/1",
      "open-ears 2 from 9000 (interruption, endpoint)",
    ]);
    expect(it.conversation.isCurrent(1)).toBe(false);
    expect(it.on({ type: "stopped", generation: 1, heardMs: 650 })).toEqual(["end-turn 1 interrupted 650"]);
    expect(it.conversation.place).toBe("listening_for_command.hearing");
  });

  test("by who spoke before they can have heard the reply is none: it is taken back, and the turn goes on", () => {
    for (const heardMs of [0, 500]) {
      const it = speaking();
      it.on({ type: "progress", generation: 1, heardMs: 200 });
      expect(it.on({ type: "barge-in", startMs: 2900, heardMs })).toEqual([
        "stop 1/1",
        "cancel-work 1/1",
        "open-ears 1 from 800 (wake, endpoint)",
      ]);
      expect(it.on({ type: "stopped", generation: 1, heardMs: 450 })).toEqual([]);
      expect(it.conversation.place).toBe("listening_for_command.hearing");
      expect(it.on({ type: "ended", toMs: 4000 })).toContain("transcribe 1/2 800-4000");
      it.on({ type: "transcript", generation: 2, text: "tell me a story about the sea" });
      it.on({ type: "audio", generation: 2 });
      expect(it.on({ type: "answered", generation: 2, heardMs: 900 })).toContain("end-turn 1 complete 900");
    }
    const late = speaking();
    expect(late.on({ type: "barge-in", startMs: 2900, heardMs: 501 })).toContain(
      "open-ears 2 from 2900 (interruption, endpoint)",
    );
  });

  test("of a turn that goes on ends it, when it is cancelled meanwhile", () => {
    const it = speaking();
    it.on({ type: "barge-in", startMs: 2900, heardMs: 0 });
    expect(it.on({ type: "cancel" })).toEqual(["close-ears"]);
    expect(it.on({ type: "stopped", generation: 1, heardMs: 450 })).toEqual(["end-turn 1 cancelled 450"]);
    expect(it.conversation.state).toBe("idle");
  });

  test("does not wait for a playback that is gone", () => {
    const it = speaking();
    it.on({ type: "progress", generation: 1, heardMs: 400 });
    it.on({ type: "cancel" });
    expect(it.pass(500)).toEqual(["end-turn 1 interrupted 400"]);
    expect(it.conversation.state).toBe("idle");
  });

  test("a noise ducks and comes back", () => {
    const it = speaking();
    expect([it.on({ type: "duck" }), it.on({ type: "restore" })]).toEqual([["duck"], ["restore"]]);
    it.on({ type: "duck" });
    expect(it.pass(3000)).toEqual(["restore"]);
  });

  test.each([
    ["never", [] as InteractionEvent[]],
    ["wake-word", [WAKE]],
    ["any-speech", [WAKE, { type: "barge-in", startMs: 1 }]],
  ] as const)("by %s", (interruptions, allowed) => {
    for (const event of [WAKE, { type: "barge-in", startMs: 1 }] as const) {
      const it = speaking({ interruptions });
      it.on(event);
      const may = allowed.some((one) => one.type === event.type);
      expect(it.conversation.state).toBe(may ? "interrupting" : "speaking");
    }
  });

  test("what is said before the answer is heard joins the question", () => {
    const it = talk();
    it.on(WAKE);
    it.on({ type: "won" });
    it.on({ type: "speech-start", startMs: 900 });
    it.on({ type: "ended", toMs: 2000 });
    it.on({ type: "transcript", generation: 1, text: "I would like" });
    expect(it.on({ type: "barge-in", startMs: 3000 })).toEqual([
      "cancel-work 1/1",
      "open-ears 1 from 800 (wake, endpoint)",
    ]);
    expect(it.on({ type: "ended", toMs: 4000 })).toContain("transcribe 1/2 800-4000");
  });
});

describe("keys", () => {
  test("a held key listens until it is let go, without a wake word, and leaves no ears open", () => {
    const it = talk();
    expect(it.on({ type: "press", fromMs: 50 })).toEqual(["open-ears 1 from 50 (key, held)"]);
    it.on({ type: "speech-start", startMs: 60 });
    expect(it.on({ type: "ended", toMs: 300 })).toEqual([]);
    it.pass(400);
    expect(it.on({ type: "release", toMs: 500 })).toContain("transcribe 1/1 50-500");
    it.on({ type: "transcript", generation: 1, text: "hello" });
    expect(it.on({ type: "answered", generation: 1, heardMs: 0 })).toEqual(["end-turn 1 complete 0"]);
  });

  test("a key struck by mistake asks nothing", () => {
    const it = talk();
    it.on({ type: "press", fromMs: 50 });
    expect(it.on({ type: "release", toMs: 60 })).toEqual(["close-ears", "end-turn 1 cancelled 0"]);
  });

  test("a key that was held counts as held by the sound, also when press and release come late and together", () => {
    const it = talk();
    it.on({ type: "press", fromMs: 50 });
    expect(it.on({ type: "release", toMs: 850 })).toContain("transcribe 1/1 50-850");
  });

  test("a window listens for its time, whatever is said", () => {
    const it = talk({ capture: "window" });
    it.on({ type: "hotkey", fromMs: 5 });
    it.on({ type: "speech-start", startMs: 60 });
    expect(it.on({ type: "ended", toMs: 300 })).toEqual([]);
    expect(it.pass(4000)).toContain("transcribe 1/1 5-now");
  });
});

describe("the machine", () => {
  test("has the seven states, each with its face to the outside", () => {
    expect(Object.keys(interactionMachine.states)).toEqual(Object.keys(OUTSIDE_STATE));
  });

  test.each(["noSpeechMs", "maxUtteranceMs", "stopMs"])("takes no %s that is no time", (name) => {
    for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createInteraction({ [name]: value })).toThrow(new RegExp(`^${name} must be`, "u"));
    }
  });

  test("time does not run backwards", () => {
    const { conversation } = talk();
    conversation.send({ type: "hotkey", fromMs: 0 }, 1000);
    conversation.advance(0);
    expect(conversation.nextDueMs).toBe(6000);
  });
});
