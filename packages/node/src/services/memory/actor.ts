/** The memory of this peer as an actor, `parley://PEER/services/memory`, for the other peers of the house. */
import { messageKinds, type ActorRef, type Behavior } from "@parley/actors";
import * as z from "zod";
import type { SpawnService } from "../mesh/offer/tree.ts";
import { ownRef, without } from "../mesh/wire.ts";
import { failureOf } from "../stage.ts";
import type { KeptThread, KeptTurn, Memory, MemoryFindings } from "./port.ts";

/** What came of a request. */
export type MemoryReply<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly nextStep: string };

type Asked<Type extends string, Rest, Value> = Rest & {
  readonly type: Type;
  /** A peer of the house speaks for those that have come in at it. */
  readonly account: string;
  readonly replyTo: ActorRef<MemoryReply<Value>>;
};

/** What it is asked. */
export type MemoryRequest =
  | Asked<"threads", object, readonly KeptThread[]>
  | Asked<"read", z.output<typeof read>, readonly KeptTurn[]>
  | Asked<"search", z.output<typeof search>, MemoryFindings>
  | Asked<"note", z.output<typeof note>, boolean>
  | Asked<"forget", z.output<typeof forget>, number>;

/** Turns in one answer; a turn has up to 48 KiB. */
const MOST_TURNS = 50;
const WAITING = 64;

const name = z.string().min(1).max(256);
const text = z.string().max(64_000);
const instant = z.number().min(0);
const account = name;

const threads = z.strictObject({ type: z.literal("threads"), account });
const read = z.strictObject({
  type: z.literal("read"),
  account,
  threadId: name,
  limit: z.int().min(1).max(MOST_TURNS).default(MOST_TURNS),
  before: name.optional(),
});
const search = z.strictObject({
  type: z.literal("search"),
  account,
  text: z.string().max(2_000),
  threadId: name.optional(),
  fromMs: instant.optional(),
  beforeMs: instant.optional(),
  limit: z.int().min(1).max(MOST_TURNS).default(MOST_TURNS),
  offset: z.int().min(0).max(1_000_000).optional(),
});
const note = z.strictObject({
  type: z.literal("note"),
  account,
  turn: z.strictObject({
    id: name,
    threadId: name,
    question: text,
    answer: text,
    wasInterrupted: z.boolean(),
    atMs: instant,
  }),
});
const forget = z.strictObject({ type: z.literal("forget"), account, threadId: name.optional() });

/** @throws ActorError `bad-message` */
export function acceptsMemory(given: unknown, from: string): MemoryRequest {
  const withReply = <Rest extends object, Value>(rest: Rest, each: unknown) => ({
    ...rest,
    replyTo: ownRef<MemoryReply<Value>>(each, "replyTo", from),
  });
  const parts = (each: unknown): unknown => without(each, "replyTo");
  return messageKinds<MemoryRequest>("the memory", {
    threads: (each) => withReply(threads.parse(parts(each)), each),
    read: (each) => withReply(read.parse(parts(each)), each),
    search: (each) => withReply(search.parse(parts(each)), each),
    note: (each) => withReply(note.parse(parts(each)), each),
    forget: (each) => withReply(forget.parse(parts(each)), each),
  })(given);
}

/** Spawns it. */
export function serveMemory(memory: Memory): (spawn: SpawnService) => void {
  const behavior: Behavior<MemoryRequest> =
    ({ signal }) =>
    (request) =>
      answer(memory, request, signal);
  const mailbox = { capacity: WAITING };
  return (spawn) => spawn(behavior, { name: "memory", restart: "permanent", mailbox, accepts: acceptsMemory });
}

function answer(memory: Memory, request: MemoryRequest, signal: AbortSignal): Promise<void> {
  const { account: who } = request;
  switch (request.type) {
    case "threads":
      return replied(request.replyTo, () => memory.threads(who));
    case "read":
      return replied(request.replyTo, () => memory.read(who, request.threadId, request));
    case "search":
      return replied(request.replyTo, () => memory.search(who, request, signal));
    case "note":
      return replied(request.replyTo, () => memory.note(who, request.turn));
    case "forget":
      return replied(request.replyTo, () => memory.forget(who, request.threadId));
  }
}

/** What fails is told to who asked: it is no defect of the actor. */
async function replied<Value>(
  replyTo: ActorRef<MemoryReply<Value>>,
  work: () => Promise<Value> | Value,
): Promise<void> {
  try {
    replyTo.tell({ ok: true, value: await work() });
  } catch (error) {
    const { code, message, nextStep } = failureOf(error);
    replyTo.tell({ ok: false, code, message, nextStep });
  }
}
