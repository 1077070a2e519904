/** What hubs tell each other, as it travels: checked, bounded, and each speaks for its own clients only. */
import { messageKinds, type ActorRef } from "@parley/actors";
import * as z from "zod";
import { checkMessage, messageStatusSchema, SERVER_ID, type Message, type MessageStatus } from "@parley/sdk";
import { replyToOf } from "../../cluster/host/member/ref.ts";
import type { ClientSeat } from "./directory.ts";
import { isPost, type Post, type Try } from "./post.ts";

/** What a hub says of its own clients, in order: its life's number, and a count of changes. */
interface Counted {
  readonly life: string;
  readonly version: number;
}

export type HubNote =
  /** All clients of the sender's peer. */
  | (Counted & { readonly type: "seats"; readonly seats: readonly ClientSeat[] })
  | (Counted & { readonly type: "joined"; readonly seat: ClientSeat })
  | (Counted & { readonly type: "left"; readonly sessionId: string })
  /** So far it is; who is behind asks. */
  | (Counted & { readonly type: "version" })
  /** All clients, please. */
  | { readonly type: "please" }
  /** All clients, if one of them goes by this id or is in this group; answered with how many there are of those. */
  | {
      readonly type: "seek";
      readonly clientId?: string | undefined;
      readonly group?: string | undefined;
      readonly replyTo: ActorRef<number>;
    }
  | { readonly type: "give"; readonly post: Post; readonly to: string; readonly replyTo: ActorRef<Try> }
  | { readonly type: "spread"; readonly post: Post; readonly replyTo: ActorRef<number> }
  /** What a peer has to say to a client of another one. */
  | { readonly type: "tell"; readonly message: Message; readonly to: string }
  | {
      readonly type: "status";
      readonly messageId: string;
      readonly from: string;
      readonly replyTo: ActorRef<readonly MessageStatus[]>;
    };

/** As it came, and from which peer. */
export type ReceivedNote = HubNote & { readonly peer: string };

/** Connections of one peer, with room for more than a gateway takes. */
const SEATS_MAX = 4_096;
const name = z.string().min(1).max(128);
const names = z.array(name).max(32);
const counted = { life: name, version: z.int().min(0) };
const seat = z.strictObject({
  clientId: name,
  account: name,
  sessionId: name,
  sinceMs: z.number().min(0),
  clientType: z.enum(["web", "desktop", "api", "bridge"]),
  groups: names,
  channels: names,
});
const tried = z.union([
  z.strictObject({ outcome: z.enum(["delivered", "unanswered", "gone", "busy"]) }),
  z.strictObject({ outcome: z.literal("refused"), reason: z.string().max(10_000) }),
]);

const seats = z.strictObject({ type: z.literal("seats"), ...counted, seats: z.array(seat).max(SEATS_MAX) });
const joined = z.strictObject({ type: z.literal("joined"), ...counted, seat });
const left = z.strictObject({ type: z.literal("left"), ...counted, sessionId: name });
const version = z.strictObject({ type: z.literal("version"), ...counted });
const please = z.strictObject({ type: z.literal("please") });
const seek = z.object({ clientId: name.optional(), group: name.optional() });
const give = z.object({ post: z.unknown(), to: name });
const spread = z.object({ post: z.unknown() });
const tell = z.strictObject({ type: z.literal("tell"), message: z.unknown(), to: name });
const status = z.object({ messageId: z.uuid(), from: name });

const checkNote = messageKinds<HubNote>("hub", {
  seats,
  joined,
  left,
  version,
  please,
  seek: (note) => ({ type: "seek", ...seek.parse(note), replyTo: replyToOf(note) }),
  give: (note) => {
    const { post, to } = give.parse(note);
    const checked = postOf(post);
    if (checked.source.clientId === SERVER_ID) throw new TypeError("a peer is no client");
    return { type: "give", post: checked, to, replyTo: replyToOf(note) };
  },
  spread: (note) => ({ type: "spread", post: postOf(spread.parse(note).post), replyTo: replyToOf(note) }),
  tell: (note) => {
    const { message, to } = tell.parse(note);
    const checked = messageOf(message);
    if (checked.source.clientId !== SERVER_ID) throw new TypeError("a peer speaks for itself");
    return { type: "tell", message: checked, to };
  },
  status: (note) => ({ type: "status", ...status.parse(note), replyTo: replyToOf(note) }),
});

/** The note that `peer` sent. @throws ActorError `bad-message` when it is none */
export function readNote(note: unknown, peer: string): ReceivedNote {
  return { ...checkNote(note), peer };
}

/** @throws ZodError */
export function readTry(value: unknown): Try {
  return tried.parse(value);
}

/** @throws ZodError */
export function readCount(value: unknown): number {
  return z.int().min(0).max(SEATS_MAX).parse(value);
}

/** Statuses of one message that are believed. */
const STATUSES_MAX = 4_096;

/** @throws TypeError */
export function readStatuses(value: unknown): readonly MessageStatus[] {
  if (!Array.isArray(value) || value.length > STATUSES_MAX) throw new TypeError("no list of statuses");
  return value.map((each) => {
    const parsed = messageStatusSchema.safeParse(each);
    if (!parsed.success) throw new TypeError("no status of a message");
    return parsed.data;
  });
}

function messageOf(value: unknown): Message {
  const checked = checkMessage(value);
  if (!checked.ok) throw new TypeError(checked.reason);
  return checked.message;
}

function postOf(value: unknown): Post {
  const message = messageOf(value);
  if (isPost(message)) return message;
  throw new TypeError(`${message.type} does not travel between clients`);
}
