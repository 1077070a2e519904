/** What a peer tells of its side of the house without having been asked. */
import type { Message } from "../protocol/envelope.ts";
import { SERVER_ID } from "../protocol/limits.ts";

/** The conversation goes on with one peer alone, or with the whole house again. */
export interface SideEvent {
  /** For the person. */
  readonly text: string;
}

type SideNews = { readonly name: "apart" | "together"; readonly event: SideEvent };

/** Undefined: it is none. */
export function houseNews(message: Message): SideNews | undefined {
  if (message.type !== "EVENT" || message.source.clientId !== SERVER_ID) return undefined;
  const { eventType: name, eventData } = message.payload;
  if (name !== "apart" && name !== "together") return undefined;
  const text = eventData["text"];
  return { name, event: { text: typeof text === "string" ? text : "" } };
}
