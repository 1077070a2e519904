/**
 * What the peer that a client has reached and the client's session say to each other, as it travels: a visit is opened with one message,
 * and is two streams from then on, each in order. What another host says is checked, and bounded; what only newer software knows is left out.
 */
import {
  isActorRef,
  messageKinds,
  parseAddress,
  type ActorRef,
  type SourceMessage,
  type StreamRef,
} from "@parley/actors";
import {
  checkMessage,
  continuedSchema,
  errorCodes,
  MAX_FRAME_BYTES,
  requestSchema,
  SESSION_TIMEOUT_MS,
  type Continued,
  type MessageOf,
  type ProtocolErrorCode,
  type Request,
} from "@parley/sdk";
import * as z from "zod";
import { without } from "../mesh/wire.ts";
import { packFrame, unpackFrame } from "./packed-audio.ts";
import type { SessionReport } from "./report.ts";
import { branchSchema, type Branch, type Merged } from "./branch.ts";

/** Who comes, as the peer that let them in vouches for it. */
export interface VisitCard {
  /** Of this one visit. */
  readonly visitId: string;
  readonly clientId: string;
  /** Whose client it is. A session is one account's for ever. */
  readonly account: string;
  /** It wants its conversations kept beyond their sessions. */
  readonly remembers: boolean;
  /** Where the person is: an IANA name such as `Europe/Berlin`. */
  readonly timeZone?: string | undefined;
  /** The client takes answers piece by piece. */
  readonly streams: boolean;
  /**
   * It takes up a session of its account that there is already; absent: its own, which begins where there is none. `machine`: the
   * account is that of a machine, and only what came in there before goes on there.
   */
  readonly continues?: "house" | "machine" | undefined;
  /** How long its client was there before it came to the session; 0 when absent. */
  readonly waitedMs?: number | undefined;
  readonly comes?: Coming | undefined;
  /** The peer that it has reached takes {@link PackedAudio}. */
  readonly takesPacked?: boolean | undefined;
}

/** Which of several visits is the later one, whatever clocks say. */
export interface Coming {
  /** Only those of one chain can be compared: what one running client makes. */
  readonly chain: string;
  /** Of its connections. */
  readonly nth: number;
  /** How often the session was asked for by that connection before: an answer may have been late. */
  readonly asked: number;
}

/** Work that streams. */
export type WorkRequest = Extract<Request, { readonly command: "ask" | "listen" | "say" | "talk" }>;
/** What is said about work that runs. */
export type WorkRemark = Extract<Request, { readonly command: "cancel" | "input.end" | "talk.key" | "talk.heard" }>;

/** What comes in for a session. */
export type SessionIn =
  | {
      readonly type: "command";
      readonly commandId: string;
      /** Under which it stands in logs; the command's id when absent. */
      readonly correlationId?: string | undefined;
      readonly request: WorkRequest;
    }
  | { readonly type: "remark"; readonly request: WorkRemark }
  | { readonly type: "question"; readonly message: MessageOf<"MESSAGE"> }
  | AudioItem;

/** A frame: to a session as its client has sent it, whatever that is. */
export interface AudioItem {
  readonly type: "audio";
  readonly bytes: Uint8Array;
}

/** In the place of `audio`, either way between two hosts, where the other one takes it: `packed-audio.ts`. */
interface PackedAudio {
  readonly type: "packed";
  readonly bytes: Uint8Array;
}

/** Why something is not taken. */
export interface SessionRefusal {
  readonly code: ProtocolErrorCode;
  readonly reason: string;
}

/** What a session says to its client. */
export type SessionSays = MessageOf<(typeof SAYS)[number]>;

/** What goes out to the client. */
export type SessionOut =
  | { readonly type: "message"; readonly message: SessionSays }
  | AudioItem
  /** Without `inReplyTo` the client has broken the protocol, and its connection ends. */
  | { readonly type: "refused"; readonly inReplyTo?: string | undefined; readonly refusal: SessionRefusal }
  /** The last item: the session goes on with a newer visit; or it was ended by somebody who looks after the house. */
  | { readonly type: "over"; readonly why?: "ended" | undefined };

/** What goes between two hosts. */
export type SentIn = SessionIn | PackedAudio;
export type SentOut = SessionOut | PackedAudio;

/** What becomes of an `open`. */
export type Opened =
  | {
      readonly type: "opened";
      readonly out: StreamRef<SentOut>;
      readonly continued?: Continued | undefined;
      /** The session's host takes {@link PackedAudio}. */
      readonly takesPacked?: boolean | undefined;
    }
  /** The session is somebody else's; or a client that came later has it; or there is none that could be continued. */
  | { readonly type: "refused"; readonly why: "account" | "unknown" | "newer" };

/** What a session is told. */
export type SessionMessage =
  | {
      readonly type: "open";
      readonly visit: VisitCard;
      readonly input: StreamRef<SentIn>;
      readonly replyTo: ActorRef<Opened>;
    }
  | { readonly type: "look"; readonly replyTo: ActorRef<SessionReport> }
  /** It ends, and nothing of it is kept for whoever comes next. Told once that is so; false: there was none. */
  | { readonly type: "end"; readonly replyTo: ActorRef<boolean> }
  /** What was said to another side of the house comes to what was said here. */
  | { readonly type: "merge"; readonly branch: Branch; readonly replyTo: ActorRef<Merged> };

/** Items that may be under way at once, each way. */
export const WINDOW = 16;
/** A client may say nothing for a session's whole time, and its peer then ends it; a host that is gone is noticed by other means. */
export const SILENT_MS = 7 * 24 * SESSION_TIMEOUT_MS;

const SAYS = ["MESSAGE", "COMMAND_RESULT", "EVENT", "ERROR"] as const;
const SAID: ReadonlySet<string> = new Set(SAYS);
const REMARKS: ReadonlySet<string> = new Set(["cancel", "input.end", "talk.key", "talk.heard"]);
const WORKS: ReadonlySet<string> = new Set(["ask", "listen", "say", "talk"]);

const name = z.string().min(1).max(128);
const card = z.object({
  visitId: name,
  clientId: name,
  account: name,
  remembers: z.boolean(),
  timeZone: z.string().max(128).optional(),
  streams: z.boolean(),
  continues: z.enum(["house", "machine"]).optional(),
  waitedMs: z.number().min(0).optional(),
  comes: z.object({ chain: name, nth: z.int().min(0), asked: z.int().min(0) }).optional(),
  takesPacked: z.boolean().optional(),
});
const bytes = z.instanceof(Uint8Array).refine((given) => given.length <= MAX_FRAME_BYTES, "a frame is too long");
const command = z.object({
  type: z.literal("command"),
  commandId: name,
  correlationId: name.optional(),
  request: requestSchema,
});
const remark = z.object({ type: z.literal("remark"), request: requestSchema });
const question = z.object({ type: z.literal("question"), message: z.unknown() });
const audio = z.object({ type: z.literal("audio"), bytes });
const packed = z.object({ type: z.literal("packed"), bytes });
const input = z.discriminatedUnion("type", [command, remark, question, audio, packed]);

const output = z.discriminatedUnion("type", [
  z.object({ type: z.literal("message"), message: z.unknown() }),
  audio,
  packed,
  z.object({
    type: z.literal("refused"),
    inReplyTo: name.optional(),
    refusal: z.object({ code: z.enum(errorCodes), reason: z.string().max(2_000) }),
  }),
  z.object({ type: z.literal("over"), why: z.literal("ended").optional() }),
]);

const refusedOpen = z.object({ type: z.literal("refused"), why: z.enum(["account", "unknown", "newer"]) });
const open = z.object({
  type: z.literal("opened"),
  // The client's own schema: what is told to it is what it takes.
  continued: z.custom<Continued>((given) => continuedSchema.safeParse(given).success).optional(),
  takesPacked: z.boolean().optional(),
});

/** @throws ActorError `bad-message` */
export const acceptsSessionMessage: (message: unknown) => SessionMessage = messageKinds<SessionMessage>("a session", {
  open: (each) => {
    const { visit } = z.object({ visit: card }).parse(each);
    const stream = refTo<SourceMessage<SentIn>>(each, "input");
    const replyTo = refTo<Opened>(each, "replyTo");
    // Nobody has others read, or told, by this peer.
    if (parseAddress(stream.address).peer !== parseAddress(replyTo.address).peer) {
      throw new TypeError("its references lead to two peers");
    }
    return { type: "open", visit, input: stream, replyTo };
  },
  look: (each) => {
    z.object({ type: z.literal("look") }).parse(without(each, "replyTo"));
    return { type: "look", replyTo: refTo<SessionReport>(each, "replyTo") };
  },
  end: (each) => {
    z.object({ type: z.literal("end") }).parse(without(each, "replyTo"));
    return { type: "end", replyTo: refTo<boolean>(each, "replyTo") };
  },
  merge: (each) => {
    const { branch } = z.object({ type: z.literal("merge"), branch: branchSchema }).parse(without(each, "replyTo"));
    return { type: "merge", branch, replyTo: refTo<Merged>(each, "replyTo") };
  },
});

/** What another host says of an `open`. @throws TypeError */
export function readOpened(value: unknown): Opened {
  const refused = refusedOpen.safeParse(value);
  if (refused.success) return refused.data;
  const { type, continued, takesPacked } = open.parse(without(value, "out"));
  return {
    type,
    out: refTo<SourceMessage<SentOut>>(value, "out"),
    ...(continued === undefined ? {} : { continued }),
    ...(takesPacked === undefined ? {} : { takesPacked }),
  };
}

const merged = z.object({ type: z.enum(["merged", "later", "refused"]) });

/** What another host says of a `merge`. @throws ZodError */
export function readMerged(value: unknown): Merged {
  return merged.parse(value);
}

/** What another host sends for a session. @throws TypeError when it is nothing that one is sent */
export function readIn(value: unknown): SentIn {
  const parsed = input.safeParse(value);
  if (!parsed.success) throw new TypeError(parsed.error.issues[0]?.message ?? "nothing for a session");
  const item = parsed.data;
  switch (item.type) {
    case "audio":
    case "packed":
      return item;
    case "question": {
      const checked = checkMessage(item.message);
      if (!checked.ok || checked.message.type !== "MESSAGE") throw new TypeError("no question");
      return { type: "question", message: checked.message };
    }
    case "remark": {
      if (isRemark(item.request)) return { type: "remark", request: item.request };
      throw new TypeError("no remark about work");
    }
    case "command": {
      const { request, ...rest } = item;
      if (isWork(request)) return { ...rest, request };
      throw new TypeError("no work for a session");
    }
  }
}

/** What another host's session sends. @throws TypeError when it is nothing that one sends */
export function readOut(value: unknown): SentOut {
  const parsed = output.safeParse(value);
  if (!parsed.success) throw new TypeError(parsed.error.issues[0]?.message ?? "nothing of a session");
  const item = parsed.data;
  if (item.type !== "message") return item;
  const checked = checkMessage(item.message);
  if (!checked.ok || !isSaid(checked.message)) throw new TypeError("nothing that a session says");
  return { type: "message", message: checked.message };
}

/** As it goes to another host that takes it. */
export function packedItem<Item extends SessionIn | SessionOut>(item: Item): Item | PackedAudio {
  const frame = item.type === "audio" ? packFrame(item.bytes) : undefined;
  return frame === undefined ? item : { type: "packed", bytes: frame };
}

/** As it was before. @throws TypeError when it is no frame that was packed */
export function unpackedItem<Item extends SessionIn | SessionOut>(item: Item | PackedAudio): Item | AudioItem {
  return isPacked(item) ? { type: "audio", bytes: unpackFrame(item.bytes) } : item;
}

function isPacked(item: { readonly type: string }): item is PackedAudio {
  return item.type === "packed";
}

export function isRemark(request: Request): request is WorkRemark {
  return REMARKS.has(request.command);
}

export function isWork(request: Request): request is WorkRequest {
  return WORKS.has(request.command);
}

function isSaid(message: { readonly type: string }): message is SessionSays {
  return SAID.has(message.type);
}

/** What it takes cannot be seen in it: who receives the wrong thing there refuses it. @throws TypeError */
function refTo<Message>(given: unknown, key: string): ActorRef<Message> {
  const ref: unknown = Reflect.get(Object(given), key);
  if (isRefTo<Message>(ref)) return ref;
  throw new TypeError(`${key} is no reference`);
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- see above
function isRefTo<Message>(value: unknown): value is ActorRef<Message> {
  return isActorRef(value);
}
