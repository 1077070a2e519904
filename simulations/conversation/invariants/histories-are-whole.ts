/**
 * Once all is well again a session knows all that was asked in it: each once, wherever it was answered, and in order, unless another side of
 * it waits to be handed over.
 */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import { readQuestion } from "../script.ts";

const NAME = "histories-are-whole";
const LAST = /^(?<client>.*)last$/;

export function historiesAreWhole(): Invariant {
  const asked = new Map<string, string[]>();
  let divided: ReadonlySet<string> = new Set();
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "asked") {
        const { client, turn } = happening;
        asked.set(client, [...(asked.get(client) ?? []), turn.question]);
      }
      if (happening.type === "calm") ({ divided } = happening);
      if (happening.type !== "thought") return;
      const shown = happening.questions.filter((question) => readQuestion(question) !== undefined);
      const { client = "" } = LAST.exec(readQuestion(shown.at(-1) ?? "")?.name ?? "")?.groups ?? {};
      if (client === "") return;
      const right = asked.get(client) ?? [];
      const ordered = (all: readonly string[]): readonly string[] => (divided.has(client) ? all.toSorted() : all);
      demand(
        ordered(shown).join() === ordered(right).join(),
        NAME,
        () => `${client} has asked: ${right.join(", ")}; its session knows: ${shown.join(", ")}`,
      );
    },
  };
}
