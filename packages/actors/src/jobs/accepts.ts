/** What a job runner takes from other hosts. */
import { isActorRef } from "../core/base-ref.ts";
import type { ActorRef } from "../core/ref.ts";
import { ActorError } from "../errors.ts";
import type { JobMessage } from "./job-types.ts";

const MAX_ID_CHARS = 200;

/** For `SpawnOptions.accepts`. The input is looked at by the kind of job it is for. @throws ActorError `bad-message` */
export function acceptsJobMessage(message: unknown): JobMessage {
  if (typeof message !== "object" || message === null) throw malformed();
  const { type, kind, id, input, replyTo, to } = { ...message } as Readonly<Record<string, unknown>>;
  if (type === "start" && isText(kind) && (id === undefined || isText(id)) && isRefOrNone(replyTo)) {
    return { type, kind, input, id, replyTo };
  }
  if (type === "cancel" && isText(id) && isRefOrNone(replyTo)) return { type, id, replyTo };
  if (type === "follow" && isText(id) && isRef(to)) return { type, id, to };
  if (type === "inspect" && isRef(replyTo)) return { type, replyTo };
  throw malformed();
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_ID_CHARS;
}

/** What a reference takes cannot be seen in it; an answer of the wrong kind is refused by its receiver. */
function isRef(value: unknown): value is ActorRef<unknown> {
  return isActorRef(value);
}

function isRefOrNone(value: unknown): value is ActorRef<unknown> | undefined {
  return value === undefined || isActorRef(value);
}

function malformed(): ActorError {
  return new ActorError("bad-message", "this is no message for a job runner");
}
