/** The tool that speaks: where the person is, or in another room. */
import * as z from "zod";
import type { Privacy } from "../../routing/index.ts";
import { defineTool, ToolError, type Tool } from "./tool.ts";

/** Who can speak. */
export interface Speakers {
  /** Speaks where this conversation is held. @throws ToolError */
  here(text: string, privacy: Privacy | undefined): Promise<string>;
  /** Speaks through the ears of the peer of that name. @throws ToolError when there is none, or it has none */
  at(peer: string, text: string, signal: AbortSignal): Promise<string>;
}

const MAX_SAID_CHARS = 1_000;

export function sayTool(speakers: Speakers): Tool {
  return defineTool({
    name: "say",
    description:
      "Speaks a text aloud, here or at another peer of the house. Your answer is spoken anyway: this is for announcements.",
    usage: '{"text": "what is said", "peer": "the name of the peer that says it; left out: here"}',
    repeats: "at-most-once",
    hasEffects: true,
    parameters: z.object({
      text: z.string().min(1).max(MAX_SAID_CHARS),
      peer: z.string().max(64).optional(),
    }),
    run: ({ text, peer }, { signal, privacy }) => {
      if (peer === undefined || peer.trim() === "") return speakers.here(text, privacy);
      if (privacy === "host") throw new ToolError("what was asked must not leave this host: it can be said here alone");
      return speakers.at(peer.trim(), text, signal);
    },
  });
}
