/** What is said in a run: words that test ears understand, and what test engines answer to them. */
import type { TestEngines } from "@parley/node/testing";

/** Three of them name a turn. */
const NAMES = "alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa".split(
  " ",
);
const NAMED_BY = 3;

/** What is asked: a short answer, a long one, and two that need a tool. */
export const VERBS = ["tell", "explain", "press", "ring"] as const;
export type Verb = (typeof VERBS)[number];

/** Asked, in writing, when all turns are over: what does the session remember? */
export const RECITE = "please recite";

/** As real ears may spell what sounds alike. */
const SPELLED: Readonly<Record<string, string>> = { alpha: "alfa", gulf: "golf", juliet: "juliett" };

/** What real ears have heard, without what two of them may write otherwise: capitals, marks, and the spelling of names. */
export function plain(heard: string): string {
  const words = heard.toLowerCase().match(/[a-z0-9']+/g) ?? [];
  return words.map((word) => SPELLED[word] ?? word).join(" ");
}

/** The names of the turns that stand as questions in what was recited, in their order. */
export function recitedIn(answer: string): readonly string[] {
  const asked = new RegExp(
    `\\b(?:${VERBS.join("|")}) ((?:${NAMES.join("|")})(?: (?:${NAMES.join("|")})){${NAMED_BY - 1}})\\b`,
    "gi",
  );
  return [...answer.matchAll(asked)].map(([, name = ""]) => name.toLowerCase());
}

/** The language of the run, in tones. */
export const WORDS: readonly string[] = [...VERBS, "please", ...NAMES];

/** So many different turns can be named. */
export const MOST_TURNS = NAMES.length ** NAMED_BY;

/** The words that name turn `number`: no other turn has them. */
export function nameOf(number: number): string {
  const digits = Array.from({ length: NAMED_BY }, (_, n) => Math.floor(number / NAMES.length ** n) % NAMES.length);
  return digits.map((digit) => NAMES[digit]).join(" ");
}

/** What stands in an answer where a tool of turn `of` was run. */
export function resultOf(of: string): string {
  return `${of} is done`;
}

const REPLIES: Readonly<Record<Verb, string>> = {
  tell: "You asked about {tail}. The kettle is on. It is ten past nine.",
  explain:
    "This is long, {tail}. First the water boils. Then the tea is put in. After three minutes it is dark. Some take milk with it. " +
    "Others take a little honey. The cat takes neither. Now it may be drunk.",
  press: "So {result}. The lamp is green now. All is quiet.",
  ring: "Well, {result}. Somebody comes to the door. It is a friend.",
};

/** Which engines peers run: of fixed delay, or real ones that hear and speak. What is answered is scripted in both. */
export const ENGINES = ["fixed", "real"] as const;
export type Engines = (typeof ENGINES)[number];

/** Engines of 150, 200 and 100 ms, of which each does what it does anywhere: what differs was made by the way. */
export function enginesOf(notesPath: string, which: Engines): TestEngines {
  return {
    fixed: which === "real" ? ["llm"] : ["vad", "stt", "llm", "tts"],
    isStarted: true,
    sttMs: 150,
    llmMs: 200,
    tokenMs: 20,
    ttsMs: 100,
    chunkMs: 80,
    toneWords: WORDS,
    answers: [
      { asked: RECITE, reply: "{asked}" },
      ...VERBS.map((verb) => ({
        asked: `${verb} `,
        ...(verb === "press" || verb === "ring" ? { call: verb } : {}),
        reply: REPLIES[verb],
      })),
    ],
    replies: ["I do not know what was asked."],
    notedTools: { path: notesPath, runMs: 300 },
  };
}
