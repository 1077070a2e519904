/** Bugs to be planted in the packages, each in lines that stand exactly once in a file below `packages/node/src`, or that of `of`. */
import { bug, bugOf, type PlantedBug } from "../../kit/planted.ts";

const SDK = "@parley/sdk";

export const PLANTED_BUGS: readonly PlantedBug[] = [
  bug(
    1,
    "what a tool has done elsewhere is not known to who goes on",
    "assistant/tools/toolbox.ts",
    "for (const { key, name, outcome } of calls) {",
    "for (const { key, name, outcome } of calls.slice(calls.length)) {",
  ),
  bugOf(
    SDK,
    2,
    "a client forgets what it has read of an answer",
    "client/work/having.ts",
    "this.#text += event.delta;",
    "this.#text = event.delta;",
  ),
  bug(
    3,
    "keys of turns that have ended are kept",
    "cluster/journal/keys/store.ts",
    "  if (isOfRecords) return;",
    "  if (isOfRecords || journal !== undefined) return;",
  ),
  bug(
    4,
    "journals take what an older owner writes",
    "cluster/state/journals.ts",
    "if (passed.refusal !== undefined) return { state, result: passed.refusal };",
    "if (passed.refusal !== undefined) return change(state, state.journals.get(session));",
  ),
  bug(
    5,
    "what the client has of an answer is not looked at",
    "services/session/work/work.ts",
    "const soFar = spokenSoFar(has);",
    "const soFar = undefined;",
  ),
  bug(
    6,
    "a turn that has ended leaves nothing to know in the next one",
    "services/session/turns.ts",
    "this.#options.journal?.settle(this.#options.kept());",
    "this.#options.journal?.settle(null);",
  ),
  bug(
    7,
    "a tool's key is another each time it is thought about",
    "services/session/session.ts",
    "this.#mind.think({ text, threadId, turn: workId,",
    "this.#mind.think({ text, threadId, turn: `${workId} ${performance.now()}`,",
  ),
  bug(
    8,
    "a client is not told that its session has gone",
    "services/session/visit.ts",
    "    if (this.#over.signal.aborted) return;\n    this.close();\n    hearer.over(end);",
    "    if (this.#over.signal.aborted) return;\n    this.close();",
  ),
  bug(
    9,
    "a turn that was cut ends, and is asked anew when its client is back",
    "services/session/session.ts",
    "if (!isComplete && isLeft(options.signal)) {",
    "if (!isComplete && !isLeft(options.signal)) {",
  ),
  bug(
    10,
    "a turn whose client is gone for now is remembered as if it were over, and gone on with all the same",
    "services/session/turns.ts",
    "    else this.#wait(log.cut);",
    "    else {\n      this.#wait(log.cut);\n      this.#options.finish(log.cut);\n    }",
  ),
  bugOf(
    SDK,
    11,
    "a client forgets how much of a sentence it has heard",
    "client/work/having.ts",
    "[this.#text, this.#spoken, this.#index, this.#heardMs];",
    "[this.#text, this.#spoken, this.#index, 0];",
  ),
  bugOf(
    SDK,
    12,
    "a client gives up what it has asked once its connection is lost",
    "client/work/works.ts",
    "|| !work.course.lost())",
    "|| work.course.lost())",
  ),
  bugOf(
    SDK,
    13,
    "a client is told of a sentence again when it was cut",
    "client/work/having.ts",
    "const isNew = event.index >= this.#sentences;",
    "const isNew = event.index >= 0;",
  ),
];
