/**
 * Once all is well again a session knows all that was asked in it: each once, wherever it was answered, and in order. Where two clients have
 * spoken in it, one after the other, the order is that of the clocks of their peers.
 */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import { readQuestion } from "../script.ts";

const NAME = "histories-are-whole";
const LAST = /^(?<client>.*)last$/;

/** What was asked in one session. */
interface Line {
  readonly asked: string[];
  /** It may have been lost with its client. */
  readonly uncertain: Set<string>;
  isShared: boolean;
}

export function historiesAreWhole(): Invariant {
  const lines = new Map<string, Line>();
  const lineOf = (client: string): Line => {
    const line = lines.get(client) ?? { asked: [], uncertain: new Set<string>(), isShared: false };
    lines.set(client, line);
    return line;
  };
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "asked" && happening.turn.verb !== "say") {
        lineOf(happening.client).asked.push(happening.turn.question);
      }
      if (happening.type === "taken") {
        for (const { uncertain } of lines.values()) uncertain.add(happening.turn.question);
      }
      if (happening.type === "took-up") {
        const line = lineOf(happening.from);
        line.isShared = true;
        lines.set(happening.client, line);
      }
      if (happening.type !== "thought") return;
      const shown = happening.questions.filter((question) => readQuestion(question) !== undefined);
      const { client = "" } = LAST.exec(readQuestion(shown.at(-1) ?? "")?.name ?? "")?.groups ?? {};
      if (client === "") return;
      const { asked, uncertain, isShared } = lineOf(client);
      const right = asked.filter((question) => !uncertain.has(question) || shown.includes(question));
      const ordered = (all: readonly string[]): readonly string[] => (isShared ? all.toSorted() : all);
      demand(
        ordered(shown).join() === ordered(right).join(),
        NAME,
        () => `${client} has asked: ${right.join(", ")}; its session knows: ${shown.join(", ")}`,
      );
    },
  };
}
