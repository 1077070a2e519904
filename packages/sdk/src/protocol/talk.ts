/**
 * A live conversation over the protocol. The client streams its microphone as audio frames and plays what comes back; the
 * peer decides when somebody has finished, and when a reply ducks or stops. What was heard of a reply only the client
 * knows, so it reports it.
 */
import * as z from "zod/mini";
import { hearingManner, languageTag } from "./hearing.ts";
import { answerLength, sentencePlace } from "./resume.ts";
import { speechTimingShape } from "./timing.ts";

const turn = z.int().check(z.gte(0));
/** Replies of one conversation, numbered from 1. */
const reply = z.int().check(z.gte(1));
const ms = z.number().check(z.gte(0));

/** How a conversation is held. */
export const talkManner = {
  /** Whether answers are also spoken. */
  speak: z.boolean(),
  /** `open`: whatever is said is meant for Parley. `wake`: a wake word begins. `keys`: only keys do. */
  mode: z.enum(["open", "wake", "keys"]),
  /** What may interrupt a reply; keys always may. */
  interruptions: z.optional(z.enum(["any-speech", "wake-word", "never"])),
  /** After a reply, more may be said without a wake word for so long. */
  followUpMs: z.optional(z.int().check(z.gte(0), z.lte(60_000))),
  /** BCP 47 tag of what is spoken. */
  language: z.optional(languageTag),
  ...hearingManner,
};

/** A key of the client: push-to-talk goes down and up; `strike` begins, and ends what is being said; `cancel` wants no more. */
export const talkKeys = ["press", "release", "strike", "cancel"] as const;
export type TalkKey = (typeof talkKeys)[number];
export const talkKeySchema = z.object({
  commandId: z.uuid(),
  key: z.enum(talkKeys),
  /** Where in the microphone's stream, from its first sample; what the peer has heard when absent. */
  atMs: z.optional(ms),
});
export type TalkKeyStruck = Omit<z.infer<typeof talkKeySchema>, "commandId">;

/** How far a reply was heard; several times a second while it plays, and once when it has `finished` or was `stopped`. */
export const talkHeardSchema = z.object({
  commandId: z.uuid(),
  reply,
  heardMs: ms,
  state: z.enum(["playing", "finished", "stopped"]),
});
export type TalkHeard = z.infer<typeof talkHeardSchema>;

const failure = z.object({ code: z.string(), message: z.string(), nextStep: z.string() });

/** What happens in a conversation, in order. Audio frames belong to the `reply` that was announced last. */
export const talkEventSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("state"),
    turn,
    state: z.enum([
      "idle",
      "wakeword_detected",
      "listening_for_command",
      "processing",
      "responding",
      "speaking",
      "interrupting",
    ]),
  }),
  /** What a person is to be told, by a chime or in words. */
  z.object({ type: z.literal("signal"), signal: z.enum(["listening", "captured", "nothing-heard", "failed"]) }),
  z.object({ type: z.literal("wake"), word: z.string(), score: z.number(), atMs: ms }),
  z.object({ type: z.literal("partial"), turn, text: z.string() }),
  /** What is being answered. A turn that goes on gets another, longer one, and the answer begins anew. */
  z.object({ type: z.literal("question"), turn, text: z.string(), id: z.optional(z.string()) }),
  z.object({ type: z.literal("text"), turn, delta: z.string(), ...answerLength }),
  z.object({ type: z.literal("sentence"), turn, index: z.number(), text: z.string(), ...sentencePlace }),
  z.object({ type: z.literal("timing"), turn, index: z.number(), ...speechTimingShape }),
  /** The frames that follow are of this reply. */
  z.object({ type: z.literal("reply"), reply }),
  /** All of its sound was sent. */
  z.object({ type: z.literal("reply-end"), reply }),
  /** Be silent at once, drop its sound, and report how far it was heard. */
  z.object({ type: z.literal("stop"), reply }),
  z.object({ type: z.literal("duck"), gainDb: z.number(), fadeMs: ms }),
  z.object({ type: z.literal("restore"), fadeMs: ms }),
  /** A turn has ended; told once for each, in order. */
  z.object({
    type: z.literal("turn"),
    turn,
    outcome: z.enum(["complete", "interrupted", "failed", "unheard", "cancelled", "yielded"]),
    question: z.string(),
    reply: z.string(),
    /** What of the reply was heard. */
    heard: z.string(),
    heardMs: ms,
    tone: z.enum(["Happy", "Thinking", "Neutral", "Concerned"]),
    /** From the end of speech to the first sound that was sent. */
    firstAudioMs: z.optional(z.number()),
  }),
  /** Why a stage of a turn failed; the conversation goes on. */
  z.object({ type: z.literal("problem"), turn, stage: z.enum(["transcribe", "think", "speak"]), error: failure }),
]);
export type TalkEvent = z.infer<typeof talkEventSchema>;
