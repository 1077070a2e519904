/**
 * A look at a message that has just been packed, for text that UTF-8 cannot carry: half a surrogate pair would arrive as
 * another character, and nobody would hear of it. What has been packed has no circles and a bounded depth.
 */
import { BaseRef } from "../../core/base-ref.ts";
import { ActorError } from "../../errors.ts";

/** @throws ActorError `bad-message` */
export function mustBeWellFormed(value: unknown): void {
  if (typeof value === "string") mustBeText(value);
  else if (typeof value === "object" && value !== null) mustHoldText(value);
}

function mustHoldText(value: object): void {
  if (Array.isArray(value) || value instanceof Set) {
    for (const each of value) mustBeWellFormed(each);
  } else if (value instanceof Map) {
    for (const [key, each] of value) {
      mustBeWellFormed(key);
      mustBeWellFormed(each);
    }
  } else if (!ArrayBuffer.isView(value) && !(value instanceof BaseRef) && !("toJSON" in value)) {
    for (const [key, each] of Object.entries(value)) {
      mustBeText(key);
      mustBeWellFormed(each);
    }
  }
}

function mustBeText(text: string): void {
  if (text.isWellFormed()) return;
  throw new ActorError("bad-message", "a text with half a surrogate pair cannot travel");
}
