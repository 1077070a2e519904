/** What may leave this machine. */
import * as z from "zod";
import { section, setting } from "./setting.ts";

/** How far something may go. */
export const FARTHEST = ["host", "house", "any"] as const;

const farthest = (what: string) =>
  setting(z.enum(FARTHEST), {
    meaning:
      `How far ${what} may go: host, not beyond this machine; house, to the other peers of the house and to servers on ` +
      "its own network; any, also to a server elsewhere that somebody has set up here.",
    default: "any",
  });

export const privacySection = section(
  "What may leave this machine, whichever other peer would be better or faster at it. A client may ask for less than this, never for more.",
  {
    stt: farthest("what is heard and said (finding who speaks when, and what they say)"),
    tts: farthest("text that is to be spoken"),
    llm: farthest("what is thought about"),
    wake: farthest("what a microphone hears while a wake word is waited for"),
  },
);
