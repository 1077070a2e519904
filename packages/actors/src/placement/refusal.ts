/**
 * Answers through somebody in between. Who is asked may not be the one who answers, so a refusal comes to where the reply
 * would have come, and is told from it by its mark.
 */
import { isActorRef } from "../core/base-ref.ts";
import type { ActorRef, AskOptions } from "../core/ref.ts";
import { ActorError, type ActorErrorCode } from "../errors.ts";

/** Why a message did not come to its receiver. */
export interface Refused {
  readonly placement: "refused";
  readonly code: ActorErrorCode;
  readonly text: string;
}

export function refusedWith({ code, message }: ActorError): Refused {
  return { placement: "refused", code, text: message };
}

export function isRefused(value: unknown): value is Refused {
  if (typeof value !== "object" || value === null) return false;
  return "placement" in value && value.placement === "refused" && "code" in value && "text" in value;
}

/** A reference that came in a message. What it takes cannot be seen in it: who receives the wrong thing there refuses it. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- see above
export function isRefTo<Message>(value: unknown): value is ActorRef<Message> {
  return isActorRef(value);
}

/** Asks `to`, and rejects with the refusal when that is what comes back. As `ActorRef.ask`, and with what `to` refuses with. */
export async function askBeyond<Message, Reply>(
  to: ActorRef<Message>,
  make: (replyTo: ActorRef<Reply | Refused>) => Message,
  options?: AskOptions,
): Promise<Reply> {
  const accepts = options?.accepts;
  const reply = await to.ask<Reply | Refused>(make, {
    ...options,
    ...(accepts === undefined ? {} : { accepts: (value: unknown) => (isRefused(value) ? value : accepts(value)) }),
  });
  if (isRefused(reply)) throw new ActorError(reply.code, reply.text);
  return reply;
}
