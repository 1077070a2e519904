/** References in messages from other hosts. */
import { isActorRef, type ActorRef } from "@parley/actors";

/** What it takes cannot be seen in it: who receives the wrong thing there refuses it. @throws TypeError when there is none */
export function replyToOf<Message>(value: unknown): ActorRef<Message> {
  const replyTo = typeof value === "object" && value !== null && "replyTo" in value ? value.replyTo : undefined;
  if (isRefTo<Message>(replyTo)) return replyTo;
  throw new TypeError("replyTo is no reference");
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- see above
function isRefTo<Message>(value: unknown): value is ActorRef<Message> {
  return isActorRef(value);
}
