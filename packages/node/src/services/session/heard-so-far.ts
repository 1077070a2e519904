/** What came of an answer that was cut and is not gone on with. */
import type { CutTurn } from "./turn-log.ts";

/** What its person has of it: in a conversation what was heard, else what was sent. */
export function heardOf({ about, text, sentences, heard }: CutTurn): string {
  return about.kind === "talk" && about.details.speaks !== false ? text.slice(0, sentences[heard] ?? 0) : text;
}
