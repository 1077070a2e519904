/** A language model that is no model: it answers by rules, and uses the tool `lights` as any other model would. */
import type { LanguageModel } from "@parley/node";
import { ROOMS } from "./lights.ts";

/** What Parley tells a model of a tool that it has used. */
const RESULT = /^\[Result of lights: (.*)\]$/;

export function houseRules(): LanguageModel {
  return {
    id: "house-rules",
    async *generate(messages) {
      const asked = messages.findLast(({ role }) => role === "user")?.content ?? "";
      // Piece by piece, as models do: the first sentence is spoken while the next one is written.
      for (const word of answerTo(asked).split(/(?<= )/)) yield word;
    },
  };
}

function answerTo(asked: string): string {
  const result = RESULT.exec(asked)?.[1];
  if (result !== undefined) return `It is done: ${result}.`;
  const words = asked.toLowerCase();
  const room = ROOMS.find((each) => words.includes(each));
  const wish = /\b(on|off)\b/.exec(words)?.[1];
  if (room !== undefined && wish !== undefined) {
    return `<tool>${JSON.stringify({ name: "lights", arguments: { room, isOn: wish === "on" } })}</tool>`;
  }
  return `I look after the lights. Say for instance: turn on the light in the ${ROOMS[0]}.`;
}
