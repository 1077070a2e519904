/** What a client finds that takes up a session: where the answer stands that another one had begun to hear or read. Pure. */
import { MAX_SO_FAR_CHARS, type Continued, type CutAnswer } from "@parley/sdk";
import type { CutTurn } from "./turn-log.ts";

/** @param isHere the client has come in at the very peer where the session lives: what may not leave that host is told to nobody else */
export function continuedOf(
  session: { readonly clientId: string | undefined; readonly turns: number; readonly cut: CutTurn | undefined },
  isHere: boolean,
): Continued {
  const { clientId, turns, cut } = session;
  const answer = cut === undefined ? undefined : cutAnswerOf(cut, isHere);
  return { turns, ...(clientId === undefined ? {} : { clientId }), ...(answer === undefined ? {} : { answer }) };
}

/** Undefined where nobody can go on with it: it is too long, nothing was asked yet, or it must stay on its host. */
function cutAnswerOf({ about, question, text, sentences, heard }: CutTurn, isHere: boolean): CutAnswer | undefined {
  const { workId, kind, privacy } = about;
  if (question === "" || text.length > MAX_SO_FAR_CHARS || (privacy === "host" && !isHere)) return undefined;
  return {
    workId,
    kind,
    question,
    text,
    spoken: sentences[heard] ?? 0,
    index: heard + 1,
    ...(privacy === undefined ? {} : { privacy }),
  };
}
