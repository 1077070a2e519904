/**
 * What a client may ask of a peer, and what it hears while the work runs. A request is the parameters of a COMMAND; what
 * happens during the work comes as EVENTs and audio frames; the end comes as the COMMAND_RESULT.
 */
import * as z from "zod/mini";
import { hearingManner, languageTag, segmentShape } from "./hearing.ts";
import { privacyManner } from "./privacy.ts";
import { answerLength, resumeManner, sentencePlace } from "./resume.ts";
import { names } from "./shapes.ts";
import { talkHeardSchema, talkKeySchema, talkManner } from "./talk.ts";
import { speechTimingShape } from "./timing.ts";

/** Longest text of one request, in characters. */
export const MAX_REQUEST_CHARS = 20_000;

const stream = z.int().check(z.gte(1), z.lte(0xffff_ffff));
const speakingVoice = {
  voice: z.optional(z.string().check(z.maxLength(64))),
  speed: z.optional(z.number().check(z.gte(0.5), z.lte(2))),
  /** BCP 47 tag: a voice that speaks it, where none is named. */
  language: z.optional(languageTag),
};
/** How the sound comes: samples, or pieces of an Ogg Opus file. Samples when absent. */
const audio = z.optional(z.enum(["pcm", "opus"]));
const requestText = z.string().check(z.minLength(1), z.maxLength(MAX_REQUEST_CHARS));
const partials = z.optional(z.enum(["live", "every", "off"]));

/** One question, answered in text and, when `speak` is set, in sound. Audio comes in as frames of `stream`. */
const askSchema = z.object({
  input: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("text"), text: requestText }),
    z.object({ kind: z.literal("audio"), partials }),
  ]),
  speak: z.boolean(),
  audio,
  stream,
  ...speakingVoice,
  ...hearingManner,
  ...privacyManner,
  ...resumeManner,
});
/** Speech to text. */
const listenSchema = z.object({
  stream,
  partials,
  language: z.optional(languageTag),
  ...hearingManner,
  ...privacyManner,
});
/** Text to sound. */
const saySchema = z.object({
  text: requestText,
  /** What `text` is: taken as it is written, or a whole SSML document. Text when absent. */
  format: z.optional(z.enum(["text", "ssml"])),
  /** `text` is the same for everybody and no secret: its sound may be kept on the peer's disk. */
  keep: z.optional(z.boolean()),
  audio,
  stream,
  ...speakingVoice,
  ...privacyManner,
  ...resumeManner,
});
/** A live conversation; audio goes both ways, see `talk.ts`. */
const talkSchema = z.object({
  stream,
  ...speakingVoice,
  ...talkManner,
  ...privacyManner,
  ...resumeManner,
  /** Where the first sample that is sent here stands in the whole of the microphone's sound, all peers together; 0 when absent. */
  audioFromMs: z.optional(z.number().check(z.gte(0))),
});
/** The audio of `commandId` is complete. */
const endInputSchema = z.object({ commandId: z.uuid() });
const cancelSchema = z.object({ commandId: z.uuid() });
const statusSchema = z.object({});
/** Groups and channels that the client belongs to from now on, or no more. */
const membershipSchema = z.object({ groups: z.optional(names), channels: z.optional(names) });

/** The commands a peer knows. */
export const commandNames = [
  "ask",
  "listen",
  "say",
  "talk",
  "talk.key",
  "talk.heard",
  "input.end",
  "cancel",
  "status",
  "join",
  "leave",
] as const;
export type CommandName = (typeof commandNames)[number];

/** A COMMAND's payload, as far as it says what is to be done. */
export const requestSchema = z.discriminatedUnion("command", [
  z.object({ command: z.literal("ask"), parameters: askSchema }),
  z.object({ command: z.literal("listen"), parameters: listenSchema }),
  z.object({ command: z.literal("say"), parameters: saySchema }),
  z.object({ command: z.literal("talk"), parameters: talkSchema }),
  z.object({ command: z.literal("talk.key"), parameters: talkKeySchema }),
  z.object({ command: z.literal("talk.heard"), parameters: talkHeardSchema }),
  z.object({ command: z.literal("input.end"), parameters: endInputSchema }),
  z.object({ command: z.literal("cancel"), parameters: cancelSchema }),
  z.object({ command: z.literal("status"), parameters: statusSchema }),
  z.object({ command: z.literal("join"), parameters: membershipSchema }),
  z.object({ command: z.literal("leave"), parameters: membershipSchema }),
]);
export type Request = z.infer<typeof requestSchema>;
export type CommandParameters<C extends CommandName> = Extract<Request, { command: C }>["parameters"];

/** Milliseconds from the start of the request; absent when the stage was not part of it. */
const timingsSchema = z.object({
  /** Length of the audio that came in. */
  inputAudioMs: z.optional(z.number()),
  /** The last of the input had arrived. */
  inputEndMs: z.optional(z.number()),
  transcriptMs: z.optional(z.number()),
  firstTokenMs: z.optional(z.number()),
  firstSentenceMs: z.optional(z.number()),
  firstAudioMs: z.optional(z.number()),
  answerMs: z.optional(z.number()),
  totalMs: z.number(),
  /** Length of the audio that went out. */
  outputAudioMs: z.optional(z.number()),
});
export type Timings = z.infer<typeof timingsSchema>;

/** What happens while work runs, in order. `timing` comes when a sentence's sound is complete; its times count from that sound's first sample. */
export const workEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("speech-start"), atMs: z.number() }),
  z.object({ type: z.literal("partial"), segment: z.number(), text: z.string() }),
  z.object({ type: z.literal("segment"), ...segmentShape }),
  z.object({ type: z.literal("question"), text: z.string() }),
  z.object({ type: z.literal("text"), delta: z.string(), ...answerLength }),
  z.object({ type: z.literal("sentence"), index: z.number(), text: z.string(), ...sentencePlace }),
  z.object({ type: z.literal("timing"), index: z.number(), ...speechTimingShape }),
  z.object({ type: z.literal("done"), timings: timingsSchema }),
]);
/** A sound-free event of running work. */
export type WorkEvent = z.infer<typeof workEventSchema>;

/** A piece of the spoken answer. */
export interface SpeechEvent {
  readonly type: "audio";
  readonly sampleRateHz: number;
  readonly samples: Float32Array;
}

/** A piece of the spoken answer for who has asked for Opus: all of them joined are an Ogg Opus file. */
export interface OpusEvent {
  readonly type: "opus";
  readonly bytes: Uint8Array;
}

/** Everything a caller can hear of its work. */
export type TurnEvent = WorkEvent | SpeechEvent | OpusEvent;
