/** What regions take. */
import type { ActorRef } from "../core/ref.ts";
import { ActorError, type ActorErrorCode } from "../errors.ts";
import { messageKinds } from "../remoting/message-kinds.ts";
import type { HandedOff, HandOff, MayLeave } from "./coordinator.ts";
import type { Drained } from "./departure.ts";
import type { Outcome } from "./outcomes.ts";
import { isRefTo, type Refused } from "./refusal.ts";

/** A message was handled. */
export interface Handled {
  readonly placement: "handled";
}

/** To an entity, by way of any region. */
export type SendToEntity<Message> = {
  readonly type: "send";
  readonly entity: string;
  readonly message: Message;
  /** How long it may take until it is handled. Default 5,000. */
  readonly timeoutMs?: number | undefined;
} & (
  | { readonly isAcknowledged: false; readonly outcomeTo?: ActorRef<Refused> | undefined }
  /** Sent again until an owner has handled it, and `outcomeTo` hears of that too, not only of refusals. */
  | { readonly isAcknowledged: true; readonly outcomeTo?: ActorRef<Refused | Handled> | undefined }
);

/** From a region to the owner of a shard. */
export interface Deliver<Message> {
  readonly type: "deliver";
  readonly entity: string;
  readonly shard: number;
  readonly epoch: number;
  readonly id?: string | undefined;
  /** Which life of which region sends it, and where it stands in its run: see `Place`. */
  readonly sender: string;
  readonly run: number;
  readonly index: number;
  readonly message: Message;
  readonly timeoutMs: number;
  readonly replyTo: ActorRef<DeliverAnswer>;
}

/** The answer of an owner. */
export type DeliverAnswer =
  | { readonly outcome: "done" | "moved" | "again" }
  | { readonly outcome: "failed"; readonly code: ActorErrorCode; readonly text: string };

export type RegionMessage<Message> = SendToEntity<Message> | Deliver<Message> | HandOff | MayLeave;

/** What a region tells itself. */
export type OwnRegionMessage =
  | { readonly type: "own-table" }
  | { readonly type: "own-look" }
  | { readonly type: "own-register" }
  | { readonly type: "own-leader" }
  | { readonly type: "own-drain"; readonly replyTo: ActorRef<Drained | Refused> }
  | { readonly type: "own-stay" }
  | { readonly type: "own-entity-ended"; readonly entity: string };

const MAX_ENTITY_CHARS = 256;

export function answerOf(outcome: Outcome): DeliverAnswer {
  if (outcome.type !== "failed") return { outcome: outcome.type };
  return { outcome: "failed", code: outcome.error.code, text: outcome.error.message };
}

export function outcomeOf(answer: DeliverAnswer): Outcome {
  if (answer.outcome !== "failed") return { type: answer.outcome };
  return { type: "failed", error: new ActorError(answer.code, answer.text) };
}

/** For `AskOptions.accepts`. */
export function acceptsAnswer(value: unknown): void {
  const { outcome, code, text } = fieldsOf(value);
  if (outcome === "done" || outcome === "moved" || outcome === "again") return;
  if (outcome !== "failed" || typeof code !== "string" || typeof text !== "string") throw malformed("outcome");
}

/** Whether an entity may be called so. */
export function isEntityName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_ENTITY_CHARS && value.isWellFormed();
}

export function regionMessages<Message>(
  name: string,
  accepts: (message: unknown) => Message,
): (message: unknown) => RegionMessage<Message> {
  return messageKinds<RegionMessage<Message>>(name, {
    send: (value) => {
      const { entity, message, isAcknowledged, outcomeTo, timeoutMs } = fieldsOf(value);
      if (!isEntityName(entity) || typeof isAcknowledged !== "boolean") throw malformed("entity or isAcknowledged");
      if (outcomeTo !== undefined && !isRefTo<Refused | Handled>(outcomeTo)) throw malformed("outcomeTo");
      if (timeoutMs !== undefined && !isTime(timeoutMs)) throw malformed("timeoutMs");
      return { type: "send", entity, message: accepts(message), isAcknowledged, outcomeTo, timeoutMs };
    },
    deliver: (value) => {
      const { entity, shard, epoch, id, sender, run, index, message, timeoutMs, replyTo } = fieldsOf(value);
      if (!isEntityName(entity) || !isCount(shard) || !isCount(epoch) || !isTime(timeoutMs)) throw malformed("place");
      if (id !== undefined && !isId(id)) throw malformed("id");
      if (!isId(sender) || !isCount(run) || !isCount(index)) throw malformed("sender");
      if (!isRefTo<DeliverAnswer>(replyTo)) throw malformed("replyTo");
      const place = { shard, epoch, id, sender, run, index };
      return { type: "deliver", entity, ...place, message: accepts(message), timeoutMs, replyTo };
    },
    "hand-off": (value) => {
      const { shard, epoch, term, isForBalance, replyTo } = fieldsOf(value);
      if (!isCount(shard) || !isCount(epoch) || !isCount(term)) throw malformed("place");
      if (!isRefTo<HandedOff>(replyTo)) throw malformed("replyTo");
      // Who asked before there was a difference does not know the other answer.
      return { type: "hand-off", shard, epoch, term, isForBalance: isForBalance === true, replyTo };
    },
    leave: (value) => {
      const { isFree, term } = fieldsOf(value);
      if (typeof isFree !== "boolean" || !isCount(term)) throw malformed("isFree or term");
      return { type: "leave", isFree, term };
    },
  });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw new TypeError("it is no object");
  return { ...value };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value < Infinity;
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length <= 4_352;
}

function malformed(field: string): TypeError {
  return new TypeError(`${field} is missing or not what it should be`);
}
