/** What commands show of a peer's own ears. */
import * as z from "zod";

export const earsSchema = z.object({
  state: z.enum(["off", "opening", "listening", "waiting", "over"]),
  mode: z.enum(["wake", "open", "keys"]),
  words: z.array(z.string()),
  sound: z.string().optional(),
  conversation: z.string().optional(),
  lastHeard: z.object({ word: z.string(), atMs: z.number(), outcome: z.string().optional() }).optional(),
  failure: z.object({ message: z.string(), nextStep: z.string() }).optional(),
  arbitration: z.object({ others: z.number() }),
});
export type Ears = z.output<typeof earsSchema>;

/** One line, or two. */
export function earsText(ears: Ears, nowMs: number): string {
  return `${stateText(ears)}${lastText(ears, nowMs)}\n`;
}

function stateText({ state, mode, words, sound = "", conversation, failure, arbitration: { others } }: Ears): string {
  const why = failure === undefined ? "" : `: ${sentence(failure.message)} ${failure.nextStep}`;
  switch (state) {
    case "off":
      return "off";
    case "opening":
      return "opening";
    case "waiting":
      return `not listening, trying again${why}`;
    case "over":
      return `over: all of ${sound} was heard`;
    case "listening": {
      const what = { wake: words.map((word) => `"${word}"`).join(" or "), open: "whatever is said", keys: "keys" }[
        mode
      ];
      const busy =
        conversation === undefined || conversation === "idle" ? "" : ` (${conversation.replaceAll("_", " ")})`;
      const shared = others === 0 ? "" : `, as ${others === 1 ? "one other does" : `${others} others do`}`;
      return `listening for ${what} through ${sound}${busy}${shared}${failure === undefined ? "" : `; not quite well${why}`}`;
    }
  }
}

function lastText({ lastHeard }: Ears, nowMs: number): string {
  if (lastHeard === undefined) return "";
  const { word, atMs, outcome } = lastHeard;
  const seconds = Math.max(0, Math.round((nowMs - atMs) / 1000));
  const became = outcome === "yielded" ? ", another host answered" : "";
  return `; last heard "${word}" ${seconds} s ago${became}`;
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}
