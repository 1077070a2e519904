/** Which of the two dialects a connection speaks, told by its first message; reading and writing in it. */
import { checkMessage, encryptedMessageSchema, type Message } from "@parley/sdk";
import { fromFlat, toFlat } from "./flat.ts";
import { isRecord, toSnake } from "./names.ts";

/** What came in a text frame. */
export type Reading =
  | { readonly kind: "message"; readonly message: Message }
  /** Somebody's `encrypted_message`. */
  | { readonly kind: "encrypted" }
  /** No message: `stage` is where it was found out. */
  | {
      readonly kind: "wrong";
      readonly stage: "parse" | "schema";
      readonly reason: string;
      readonly messageId: string | undefined;
    };

/** One connection's way of speaking. */
export class Dialect {
  #isFlat: boolean | undefined;
  #clientId: string | undefined;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** Undefined until something came that tells. */
  get name(): "envelope" | "flat" | undefined {
    if (this.#isFlat === undefined) return undefined;
    return this.#isFlat ? "flat" : "envelope";
  }

  /** Reads one text frame. Never throws. */
  read(text: string): Reading {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return { kind: "wrong", stage: "parse", reason: `not JSON: ${String(error)}`, messageId: undefined };
    }
    if (encryptedMessageSchema.safeParse(value).success) return { kind: "encrypted" };
    this.#isFlat ??= isRecord(value) ? isFlat(value) : undefined;
    const flat = this.#isFlat === true && isRecord(value) ? value : undefined;
    const checked = checkMessage(flat === undefined ? value : this.#envelopeOf(flat));
    if (!checked.ok) {
      const { reason, messageId } = checked;
      return { kind: "wrong", stage: "schema", reason: flat === undefined ? reason : flatReason(reason), messageId };
    }
    const { message } = checked;
    if (message.type === "REGISTER") this.#clientId ??= message.source.clientId;
    return { kind: "message", message };
  }

  /** A message as this connection's client reads it. */
  write(message: Message): string {
    return JSON.stringify(this.#isFlat === true ? toFlat(message) : message);
  }

  #envelopeOf(value: Record<string, unknown>): unknown {
    return fromFlat(value, {
      clientId: this.#clientId,
      newId: () => crypto.randomUUID(),
      nowMs: this.#nowMs,
    });
  }
}

/** An envelope has a payload, or at least a type in capitals. Undefined: it has neither form. */
function isFlat(value: Record<string, unknown>): boolean | undefined {
  const { type } = value;
  if (isRecord(value["payload"])) return false;
  if (typeof type !== "string" || type === "") return undefined;
  return type !== type.toUpperCase();
}

/** Of `payload.content: …`, what a client of the flat dialect has written. */
function flatReason(reason: string): string {
  const end = reason.indexOf(":");
  const parts = reason.slice(0, end).split(".");
  const [, field] = parts;
  const path = parts[0] === "payload" && field !== undefined ? parts.slice(1) : parts;
  const shown = path.map(toSnake).join(".");
  return `${shown === "content" ? "text" : shown}${reason.slice(end)}`;
}
