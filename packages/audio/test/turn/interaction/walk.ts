/** Random conversations: whatever may come, at whatever time, of whatever age. */
import fc from "fast-check";
import type { InteractionEvent, InteractionOptions } from "../../../src/turn/index.ts";

/** Time passes, and something comes in; work is named by its age, 0 for the newest. */
export interface Step {
  readonly waitMs: number;
  /** Anything, or one of what the machine has a transition for where it is (its timers among them). */
  readonly what: InteractionEvent["type"] | "defined" | "timer";
  /** Which of these, 0 to 1. */
  readonly pick: number;
  readonly age: number;
  readonly text: string;
  readonly complete: number;
  readonly heardMs: number;
}

/** Short times, so that timers and events meet. */
export const SHORT: Partial<InteractionOptions> = {
  arbitrationMs: 60,
  noSpeechMs: 100,
  followUpMs: 120,
  joinGraceMs: 30,
  maxUtteranceMs: 300,
  windowMs: 90,
  minHoldMs: 20,
  transcribeMs: 110,
  thinkMs: 130,
  firstSoundMs: 140,
  playbackMs: 150,
  duckMs: 70,
  stopMs: 50,
};

/** Longer than all of these in a row. */
export const LONG_MS = 2000;

const WHAT = [
  "wake",
  "won",
  "lost",
  "press",
  "release",
  "hotkey",
  "speech-start",
  "may-end",
  "goes-on",
  "ended",
  "transcript",
  "text",
  "audio",
  "progress",
  "answered",
  "duck",
  "restore",
  "barge-in",
  "stopped",
  "failed",
  "cancel",
  "resume",
] as const satisfies readonly InteractionEvent["type"][];

export function isEventType(text: string): text is InteractionEvent["type"] {
  return WHAT.some((one) => one === text);
}

/** What most often leads on, so that walks do not stay at the beginning. */
const COURSE = ["wake", "won", "speech-start", "may-end", "ended", "transcript", "text", "audio"] as const;

const step: fc.Arbitrary<Step> = fc.record({
  waitMs: fc.oneof({ weight: 6, arbitrary: fc.nat(15) }, { weight: 1, arbitrary: fc.nat(200) }),
  what: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...WHAT) },
    { weight: 2, arbitrary: fc.constantFrom(...COURSE) },
    { weight: 8, arbitrary: fc.constant("defined" as const) },
  ),
  pick: fc.double({ min: 0, max: 0.999, noNaN: true }),
  age: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
  text: fc.constantFrom("tea", "what time is it", "tea", " "),
  complete: fc.constantFrom(0, 0.5, 0.9, 1),
  heardMs: fc.oneof(fc.constant(0), fc.nat(60), fc.nat(500)),
});

export const steps = fc.array(step, { minLength: 1, maxLength: 70, size: "max" });

export const options: fc.Arbitrary<Partial<InteractionOptions>> = fc
  .record({
    mode: fc.constantFrom("wake" as const, "wake" as const, "open" as const),
    interruptions: fc.constantFrom(
      "any-speech" as const,
      "any-speech" as const,
      "wake-word" as const,
      "never" as const,
    ),
    capture: fc.constantFrom("endpoint" as const, "endpoint" as const, "window" as const),
    followUpMs: fc.constantFrom(0, 120),
    joinGraceMs: fc.constantFrom(0, 30, 30),
    maxUtteranceMs: fc.constantFrom(80, 300, 300),
  })
  .map((chosen) => ({ ...SHORT, ...chosen }));

/** The event of this type, when `generation` is the newest that was told of and `nowMs` the newest sound. */
export function eventOf(
  what: InteractionEvent["type"],
  { age, text, complete, heardMs }: Step,
  generation: number,
  nowMs: number,
): InteractionEvent {
  const of = { generation: Math.max(0, generation - age) };
  switch (what) {
    case "wake":
      return { type: what, word: "parley", score: 0.9, endMs: nowMs };
    case "press":
    case "hotkey":
      return { type: what, fromMs: nowMs };
    case "release":
    case "may-end":
    case "ended":
      return { type: what, toMs: nowMs };
    case "speech-start":
      return { type: what, startMs: nowMs };
    case "barge-in":
      return { type: what, startMs: nowMs, heardMs };
    case "transcript":
      return { type: what, ...of, text, complete };
    case "text":
    case "audio":
      return { type: what, ...of };
    case "progress":
    case "answered":
    case "stopped":
      return { type: what, ...of, heardMs };
    case "resume":
      return { type: what, text };
    case "failed":
      return { type: what, ...of, stage: "think" };
    default:
      return { type: what };
  }
}

/**
 * A walk from words: events by their names, `+50` for time that passes, `timer` for the next that is due, `nothing` for an
 * empty transcript, `half` for one that is not a whole turn, `goes-on-late` for speech over the first sound of a reply, `~` behind what belongs to older work.
 */
export function way(script: string): readonly Step[] {
  const walk: Step[] = [];
  let waitMs = 0;
  for (const word of script.split(" ")) {
    if (word.startsWith("+")) {
      waitMs = Number(word.slice(1));
      continue;
    }
    const [name = ""] = word.split("~");
    const what = name === "nothing" || name === "half" ? "transcript" : name === "goes-on-late" ? "barge-in" : name;
    if (what !== "timer" && !isEventType(what)) throw new Error(`${word} is no event`);
    const text = word === "nothing" ? " " : "tea";
    walk.push({
      waitMs,
      what,
      pick: 0,
      age: word.endsWith("~") ? 1 : 0,
      text,
      complete: word === "half" ? 0.1 : 1,
      heardMs: name === "goes-on-late" ? 10 : 40,
    });
    waitMs = 0;
  }
  return walk;
}
