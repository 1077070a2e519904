/** What peers tell each other about a wake word, as it travels: bounded, checked, and each peer speaks for itself only. */
import * as z from "zod";
import type { ArbitrationMessage } from "@parley/audio/turn";
import { ALL } from "./arbitration.ts";

/** A message to one conversation of a peer, or to {@link ALL} of them. */
export interface ArbitrationNote {
  readonly type: "arbitration";
  readonly to: string;
  readonly message: ArbitrationMessage;
}

/** A peer id and a number. */
const participant = z
  .string()
  .max(160)
  .regex(/^[\w.-]{1,128}\/\d{1,15}$/);
const utterance = z.object({ host: participant, number: z.int().min(0) });
/** Far beyond what a bid can be worth. */
const score = z.number().min(-1_000_000).max(1_000_000);
/** A wake word that ended longer ago is nobody's business any more. */
const agoMs = z.number().min(0).max(60_000);

const noteSchema = z.object({
  type: z.literal("arbitration"),
  to: z.union([participant, z.literal(ALL)]),
  message: z.discriminatedUnion("type", [
    z.object({ type: z.literal("bid"), from: utterance, score, agoMs }),
    z.object({ type: z.literal("claim"), from: utterance, score, agoMs }),
    z.object({ type: z.literal("seen"), of: utterance, host: participant }),
  ]),
});

/**
 * The note that `peer` sent.
 * @throws TypeError when it is none, or speaks for a conversation of another peer
 */
export function readNote(note: unknown, peer: string): ArbitrationNote {
  const parsed = noteSchema.safeParse(note);
  if (!parsed.success) throw new TypeError(parsed.error.issues[0]?.message ?? "no note about a wake word");
  const { message } = parsed.data;
  const speaker = message.type === "seen" ? message.host : message.from.host;
  if (peerOf(speaker) !== peer) throw new TypeError(`${peer} speaks for ${speaker}`);
  return parsed.data;
}

/** The peer where a conversation is held. */
export function peerOf(participant: string): string {
  return participant.slice(0, participant.lastIndexOf("/"));
}
