/** Once all is well again a session knows all that was asked in it: each once, wherever it was answered, and in order. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import { readQuestion } from "../script.ts";

const NAME = "histories-are-whole";
const LAST = /^(?<client>.*)last$/;

export function historiesAreWhole(): Invariant {
  const asked = new Map<string, string[]>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "asked") {
        const { client, turn } = happening;
        if (turn.verb === "say") return;
        asked.set(client, [...(asked.get(client) ?? []), turn.question]);
      }
      if (happening.type !== "thought") return;
      const shown = happening.questions.filter((question) => readQuestion(question) !== undefined);
      const { client = "" } = LAST.exec(readQuestion(shown.at(-1) ?? "")?.name ?? "")?.groups ?? {};
      if (client === "") return;
      const right = asked.get(client) ?? [];
      demand(
        shown.join() === right.join(),
        NAME,
        () => `${client} has asked: ${right.join(", ")}; its session knows: ${shown.join(", ")}`,
      );
    },
  };
}
