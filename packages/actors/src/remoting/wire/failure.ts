/** Errors between hosts. */
import { ActorError, type ActorErrorCode } from "../../errors.ts";

/** All there are; the compiler sees to it. */
const CODES: Readonly<Record<ActorErrorCode, true>> = {
  "ask-timeout": true,
  cancelled: true,
  "no-such-actor": true,
  "actor-stopped": true,
  "actor-failed": true,
  "mailbox-full": true,
  "bad-message": true,
  "too-large": true,
  "peer-gone": true,
  unsupported: true,
  "stale-epoch": true,
  "stale-term": true,
  "restart-limit": true,
  "stop-timeout": true,
  "name-taken": true,
  "bad-address": true,
  "bad-option": true,
  "stash-full": true,
  "system-stopped": true,
  "stream-broken": true,
  "stream-timeout": true,
};

const MAX_TEXT_CHARS = 1000;

export interface Failure {
  readonly code: string;
  readonly text: string;
}

export function failureOf(error: ActorError): Failure {
  return { code: error.code, text: error.message.slice(0, MAX_TEXT_CHARS) };
}

/** A newer host may have codes that this one does not know: they become `unsupported`, and the text says what they were. */
export function errorOf({ code, text }: Failure): ActorError {
  const said = text.slice(0, MAX_TEXT_CHARS);
  return isCode(code) ? new ActorError(code, said) : new ActorError("unsupported", `${code}: ${said}`);
}

function isCode(code: string): code is ActorErrorCode {
  return Object.hasOwn(CODES, code);
}
