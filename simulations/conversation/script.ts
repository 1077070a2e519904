/** What is said in a run, and what is answered to it: each answer follows from its question, and from what came of a tool. */

/** `say` is no question: its text is said, and the session remembers nothing of it. */
export const VERBS = ["tell", "explain", "press", "ring", "say"] as const;
export type Verb = (typeof VERBS)[number];

/** A turn as its client begins it. */
export interface PlannedTurn {
  /** Its name, which no other turn has. */
  readonly name: string;
  readonly question: string;
  readonly verb: Verb;
  readonly speak: boolean;
}

const REPLIES: Readonly<Record<Verb, (name: string, result: string) => readonly string[]>> = {
  tell: (name) => [
    `You have asked about ${name} now.`,
    "The kettle is on the stove.",
    "It is ten past nine in the evening.",
  ],
  explain: (name) => [
    `This will be a long answer to ${name} now.`,
    "First of all the water has to boil.",
    "Then the tea is put into the pot.",
    "After three minutes it is dark enough.",
    "Some people take a little milk with it.",
    "Others take a spoon of honey instead.",
  ],
  press: (name, result) => [
    `The button of ${name} says ${result}.`,
    "The lamp is green from now on.",
    "All is quiet again.",
  ],
  ring: (name, result) => [`The bell of ${name} says ${result}.`, "Somebody comes to the door already."],
  say: (name) => [`This is read out for ${name} now.`, "Nobody has thought about it.", "It is said all the same."],
};

/** The tool that a verb needs. */
export function toolOf(verb: Verb): "press" | "ring" | undefined {
  return verb === "press" || verb === "ring" ? verb : undefined;
}

export function questionOf(verb: Verb, name: string): string {
  return `Please ${verb} ${name}`;
}

/** What of a question names its turn. */
export function readQuestion(question: string): { readonly verb: Verb; readonly name: string } | undefined {
  const [, verb, name] = /^Please (\w+) (\w+)$/.exec(question) ?? [];
  const known = VERBS.find((each) => each === verb);
  return known === undefined || name === undefined ? undefined : { verb: known, name };
}

/** @param result of the tool, where there is one */
export function sentencesOf(verb: Verb, name: string, result = ""): readonly string[] {
  return REPLIES[verb](name, result);
}

/** What a tool gives. */
export function resultOf(name: string): string {
  return `${name} was done`;
}

/** What a tool may come to when its peers cannot agree, or die over it: it is said, and not done again. */
export const FAILED = "it was not done for certain";

/** All that may be answered. */
export function answersTo({ verb, name }: Pick<PlannedTurn, "verb" | "name">): readonly (readonly string[])[] {
  if (toolOf(verb) === undefined) return [sentencesOf(verb, name)];
  return [resultOf(name), FAILED].map((result) => sentencesOf(verb, name, result));
}

/** Sound of a sentence lasts so long. */
export function soundMsOf(sentence: string): number {
  return 20 * sentence.length;
}
