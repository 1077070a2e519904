/**
 * What peers say to each other's engines, as it travels: strictly checked and bounded. A job names the caller's own streams only;
 * what comes back is a stream of items, the last of which may be a failure in words.
 */
import {
  isActorRef,
  messageKinds,
  parseAddress,
  type ActorRef,
  type StreamOpening,
  type StreamRef,
} from "@parley/actors";
import {
  LONGEST_HOT_WORD_CHARS,
  LONGEST_STREAM_MS,
  MOST_HOT_WORDS,
  type HearingMode,
  type PartialPolicy,
} from "@parley/audio/engines";
import * as z from "zod";
import type { ChatMessage } from "../../providers/language-model.ts";
import type { Load, Terms } from "../../routing/index.ts";
import { unpackSpoken } from "./packed-sound.ts";
import { bytesOf, isSound, unpacked, type SoundItem } from "./sound.ts";

export type SoundRef = StreamRef<SoundItem>;
/** What is told of a job. */
export type AnswerRef = StreamRef<AnswerItem>;

/** Routing's `Terms`; without {@link moveAboveMs} it stays there. */
export type SentTerms = Omit<Terms, "moveAboveMs" | "hasTurn"> & {
  readonly moveAboveMs?: number | undefined;
  readonly hasTurn?: boolean | undefined;
};

interface Job {
  /** What whoever sends it expects of it; whoever is much busier says so, and it goes elsewhere. */
  readonly terms: SentTerms;
  /** Goes before what nobody waits for. */
  readonly urgent?: boolean | undefined;
  readonly replyTo: ActorRef<AnswerRef>;
  /** The caller's end of the answer, opened already: what is said goes there without having been asked for. */
  readonly answer: StreamOpening<AnswerItem>;
}

/** How an answer finds its way. */
export type WayBack = Pick<Job, "replyTo" | "answer">;

/** A stretch of speech: as a whole, or followed while it is said. */
export interface HearJob extends Job {
  readonly type: "hear";
  readonly isWhole: boolean;
  readonly sound: SoundRef;
  readonly mode?: HearingMode | undefined;
  readonly hotWords?: readonly string[] | undefined;
  readonly language?: string | undefined;
  readonly partials?: PartialPolicy | undefined;
  readonly knownMs?: number | undefined;
}

/** One sentence. */
export interface SpeakJob extends Job {
  readonly type: "speak";
  readonly text: string;
  readonly voice?: string | undefined;
  readonly speed?: number | undefined;
  /** Whoever asks takes packed sound. */
  readonly takesPacked?: boolean | undefined;
}

/** The assistant's next turn; goes on behind a last message of its own. */
export interface ThinkJob extends Job {
  readonly type: "think";
  readonly messages: readonly ChatMessage[];
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
  /** One of several rounds of the answer of that name; those before it are over. */
  readonly round?: string | undefined;
}

/** A live stream that is looked at: for voices, or for wake words. */
export interface FollowJob extends Job {
  readonly type: "follow";
  readonly sound: SoundRef;
}

/** What the engines of other peers are told. */
export type JobMessage = HearJob | SpeakJob | ThinkJob | FollowJob;

/** What comes back. `alive`: it is being worked on. */
export type AnswerItem =
  | { readonly type: "alive" }
  | { readonly type: "partial"; readonly text: string; readonly throughMs: number }
  /** A `Transcript`; the caller looks at it. */
  | { readonly type: "final"; readonly transcript: unknown }
  | { readonly type: "sound"; readonly sampleRateHz: number; readonly samples: Uint8Array }
  | PackedItem
  | { readonly type: "text"; readonly text: string }
  | FollowedItem
  | { readonly type: "refused"; readonly why: "full" | "late" | "busier"; readonly load: Load }
  | { readonly type: "failed"; readonly code: string; readonly message: string; readonly nextStep: string };

/** In the place of `sound`, to whoever takes it. */
export interface PackedItem {
  readonly type: "packed";
  readonly sampleRateHz: number;
  readonly samples: Uint8Array;
}

/** Of a live stream: what was found in it step by step; so many steps as had come when it was sent. */
export type FollowedItem =
  | { readonly type: "frames"; readonly frames: { readonly atMs: number; readonly probability: number }[] }
  | { readonly type: "scores"; readonly steps: { readonly atMs: number; readonly scores: Scores }[] };
type Scores = Readonly<Record<string, number>>;

/** In one item: a second of the shortest. */
export const MOST_STEPS = 200;

const LONGEST_SENTENCE_CHARS = 20_000;
const MOST_MESSAGES = 10_000;
const LONGEST_MESSAGE_CHARS = 400_000;
const LONGEST_CONVERSATION_CHARS = 2_000_000;
const LONGEST_TEXT_CHARS = 100_000;
const MOST_WAKE_WORDS = 64;
/** A day of sound. */
const LATEST_MS = 86_400_000;

/** Blocks of sound on their way at once: about a megabyte. */
export const SOUND_WINDOW = 16;
/** Items of an answer on their way at once. */
export const ANSWER_WINDOW = 16;

const shortText = z.string().min(1).max(200);
const languageTag = z.string().min(1).max(100);
const atMs = z.number().min(0).max(LATEST_MS);
const share = z.number().min(0).max(1);
const sampleRateHz = z.int().min(8_000).max(192_000);

const amountMs = z.number().min(0).max(1e12);
const terms = z.strictObject({
  workMs: amountMs,
  patienceMs: amountMs,
  moveAboveMs: amountMs.optional(),
  hasTurn: z.boolean().optional(),
});
const count = z.int().min(0).max(1_000_000);

const opening = z.strictObject({ credit: z.int().min(0).max(ANSWER_WINDOW) });
const hear = z.strictObject({
  type: z.literal("hear"),
  terms,
  isWhole: z.boolean(),
  urgent: z.boolean().optional(),
  mode: z.enum(["command", "dictation"]).optional(),
  hotWords: z.array(z.string().min(1).max(LONGEST_HOT_WORD_CHARS)).max(MOST_HOT_WORDS).optional(),
  language: languageTag.optional(),
  partials: z.enum(["live", "every", "off"]).optional(),
  knownMs: z.number().min(0).max(LONGEST_STREAM_MS).optional(),
});
const speak = z.strictObject({
  type: z.literal("speak"),
  terms,
  urgent: z.boolean().optional(),
  text: z.string().min(1).max(LONGEST_SENTENCE_CHARS),
  voice: shortText.optional(),
  speed: z.number().min(0.5).max(2).optional(),
  takesPacked: z.boolean().optional(),
});
const message = z.strictObject({
  role: z.enum(["system", "user", "assistant"]),
  content: z.string().max(LONGEST_MESSAGE_CHARS),
});
const think = z.strictObject({
  type: z.literal("think"),
  terms,
  urgent: z.boolean().optional(),
  messages: z
    .array(message)
    .min(1)
    .max(MOST_MESSAGES)
    .refine(
      (all) => all.reduce((sum, { content }) => sum + content.length, 0) <= LONGEST_CONVERSATION_CHARS,
      "the conversation is too long",
    ),
  maxTokens: z.int().min(1).max(100_000).optional(),
  temperature: z.number().min(0).max(2).optional(),
  seed: z.int().min(0).optional(),
  round: shortText.optional(),
});
const follow = z.strictObject({ type: z.literal("follow"), terms, urgent: z.boolean().optional() });

const step = z.strictObject({
  atMs,
  scores: z
    .record(shortText, share)
    .refine((scores) => Object.keys(scores).length <= MOST_WAKE_WORDS, "too many words"),
});

const item = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("alive") }),
  z.strictObject({ type: z.literal("partial"), text: z.string().max(LONGEST_TEXT_CHARS), throughMs: atMs }),
  z.strictObject({ type: z.literal("final"), transcript: z.unknown() }),
  z.strictObject({
    type: z.literal("sound"),
    sampleRateHz,
    samples: z.instanceof(Uint8Array).refine(isSound, "no block of sound"),
  }),
  z.strictObject({ type: z.literal("packed"), sampleRateHz, samples: z.instanceof(Uint8Array) }),
  z.strictObject({ type: z.literal("text"), text: z.string().max(LONGEST_TEXT_CHARS) }),
  z.strictObject({
    type: z.literal("frames"),
    frames: z
      .array(z.strictObject({ atMs, probability: share }))
      .min(1)
      .max(MOST_STEPS),
  }),
  z.strictObject({ type: z.literal("scores"), steps: z.array(step).min(1).max(MOST_STEPS) }),
  z.strictObject({
    type: z.literal("refused"),
    why: z.enum(["full", "late", "busier"]),
    load: z.strictObject({
      concurrency: count,
      running: count,
      queued: count,
      backlogMs: amountMs,
      queueCapacity: count,
    }),
  }),
  z.strictObject({
    type: z.literal("failed"),
    code: shortText,
    message: z.string().max(2_000),
    nextStep: z.string().max(2_000),
  }),
]);

type Accepts<Message> = (message: unknown, from: string) => Message;

/** @throws ActorError `bad-message` */
export const acceptsHear: Accepts<HearJob> = (given, from) =>
  messageKinds<HearJob>("hearing", {
    hear: (each) => ({
      ...hear.parse(without(each, "sound", "replyTo", "answer")),
      sound: ownRef(each, "sound", from),
      ...wayBack(each, from),
    }),
  })(given);

/** @throws ActorError `bad-message` */
export const acceptsSpeak: Accepts<SpeakJob> = (given, from) =>
  messageKinds<SpeakJob>("speaking", {
    speak: (each) => ({ ...speak.parse(without(each, "replyTo", "answer")), ...wayBack(each, from) }),
  })(given);

/** @throws ActorError `bad-message` */
export const acceptsThink: Accepts<ThinkJob> = (given, from) =>
  messageKinds<ThinkJob>("thinking", {
    think: (each) => ({ ...think.parse(without(each, "replyTo", "answer")), ...wayBack(each, from) }),
  })(given);

/** @throws ActorError `bad-message` */
export const acceptsFollow: Accepts<FollowJob> = (given, from) =>
  messageKinds<FollowJob>("looking", {
    follow: (each) => ({
      ...follow.parse(without(each, "sound", "replyTo", "answer")),
      sound: ownRef(each, "sound", from),
      ...wayBack(each, from),
    }),
  })(given);

/** What another peer's engine says; what comes packed is unpacked. @throws TypeError when it is nothing that one says */
export function readItem(value: unknown): Exclude<AnswerItem, PackedItem> {
  const parsed = item.safeParse(value);
  if (!parsed.success) throw new TypeError(parsed.error.issues[0]?.message ?? "no item of an answer");
  const { data } = parsed;
  if (data.type !== "packed") return data;
  const samples = bytesOf(unpacked(unpackSpoken, data.samples));
  return { type: "sound", sampleRateHz: data.sampleRateHz, samples };
}

function wayBack(given: unknown, from: string): WayBack {
  const answer: unknown = Reflect.get(Object(given), "answer");
  const { credit } = opening.parse(without(answer, "sink"));
  return { replyTo: ownRef(given, "replyTo", from), answer: { sink: ownRef(answer, "sink", from), credit } };
}

export function without(given: unknown, ...keys: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(Object(given)).filter(([key]) => !keys.includes(key)));
}

/**
 * A reference that leads to `from` itself: nobody has others told, or read, by this peer. What it takes cannot be seen in it: who
 * receives the wrong thing there refuses it.
 * @throws TypeError
 */
export function ownRef<Message>(given: unknown, key: string, from: string): ActorRef<Message> {
  const ref: unknown = Reflect.get(Object(given), key);
  if (!isRefTo<Message>(ref)) throw new TypeError(`${key} is no reference`);
  if (parseAddress(ref.address).peer !== from) throw new TypeError(`${key} leads to another peer`);
  return ref;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- see above
function isRefTo<Message>(value: unknown): value is ActorRef<Message> {
  return isActorRef(value);
}
