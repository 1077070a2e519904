/** What is said to test ears and answered by test engines: all answers to one verb are as long, so that their sound is the same. */
import type { TestEngines } from "@parley/node/testing";

const NAMES = "alfa kilo lima papa golf echo mike".split(" ");
const VERBS = ["tell", "explain", "press", "ring"] as const;
export type Verb = (typeof VERBS)[number];

/** The language, in tones. */
export const WORDS: readonly string[] = [...VERBS, "please", ...NAMES];

let named = 0;

/** Three words that nobody has said yet. */
export function newName(): string {
  named += 1;
  const digits = [0, 1, 2].map((place) => Math.floor(named / NAMES.length ** place) % NAMES.length);
  return digits.map((digit) => NAMES[digit]).join(" ");
}

/** What is asked about `name`: a second and a half of tones. */
export function questionOf(verb: Verb, name: string): string {
  return `please please please ${verb} please ${name}`;
}

/** As ears write it down. */
export function heardOf(verb: Verb, name: string): string {
  return questionOf(verb, name).replace(/^p/, "P");
}

/** What is answered when all goes well. */
export function answerOf(verb: Verb, name: string): string {
  return REPLIES[verb].replaceAll("{tail}", name).replaceAll("{result}", `${name} is done`);
}

/** What is answered to what. */
export const REPLIES: Readonly<Record<Verb, string>> = {
  tell: "About {tail}. The cat is out again. It is ten past nine.",
  // Long enough for somebody who comes in the middle of it.
  explain:
    "Well, {tail}. First the water is boiled. Then the tea is put in. After three minutes it is dark. Some take milk with it. " +
    "Others take a little honey. The cat takes neither. Now it may be drunk.",
  press: "So {result}. The lamp is green now.",
  ring: "Well, {result}. Somebody comes to the door.",
};

/** Has the model tell all that was said, as it was shown it. */
export const RECITE = "recite all";

/** @param notesPath where tools note their runs */
export function enginesOf(notesPath: string): TestEngines {
  return {
    fixed: ["vad", "stt", "llm", "tts"],
    isStarted: true,
    sttMs: 150,
    llmMs: 400,
    tokenMs: 20,
    ttsMs: 100,
    // Nearly as long as it sounds: whoever dies in the middle of a sentence has not sent the rest of it.
    chunkMs: 170,
    toneWords: WORDS,
    answers: [
      { asked: RECITE, reply: "{said}" },
      ...VERBS.map((verb) => ({
        asked: `${verb} `,
        ...(verb === "tell" ? {} : { call: verb }),
        reply: REPLIES[verb],
      })),
    ],
    replies: ["I do not know what was asked."],
    notedTools: { path: notesPath, runMs: 1_000 },
  };
}
