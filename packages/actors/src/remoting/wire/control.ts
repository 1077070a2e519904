/**
 * Frames of the control lane: header, then a plain object of texts and numbers (MessagePack). Readers pass over fields they
 * do not know; so a newer peer may add some.
 */
import type { TerminationReason } from "../../core/ref.ts";
import { ActorError } from "../../errors.ts";
import type { Failure } from "./failure.ts";
import { HEADER_BYTES, KIND, newFrame, writeHeader } from "./header.ts";
import { packBehind, unpackFrom } from "./values.ts";

/** How many frames had been given to each lane: what must have come before a control frame counts. */
export interface Barrier {
  readonly message: number;
  readonly bulk: number;
}

/** The first frame of a dialled connection. Its layout, and that of the two answers, is the same in every version. */
export interface Hello {
  readonly from: string;
  readonly to: string;
  /** One life of the host. */
  readonly incarnation: string;
  readonly oldestVersion: number;
  readonly newestVersion: number;
  /** Of what it takes. */
  readonly maxFrameBytes: number;
}

export interface Welcome {
  readonly from: string;
  readonly incarnation: string;
  readonly version: number;
  readonly maxFrameBytes: number;
}

/** Why there is no connection. */
export interface Reject extends Failure {
  /** Both have dialled, and the other connection is the one that stays. */
  readonly isCrossed: boolean;
}

/** What became of a message that was offered; `code` only when it was not taken. */
export interface Answer {
  readonly id: number;
  readonly failure: Failure | undefined;
}

export interface Refused extends Failure {
  /** Path and incarnation of the actor that was told; empty when it is an answer that could not be sent to `replyTo`. */
  readonly to: string;
  readonly replyTo: string | undefined;
}

export interface TerminatedFrame {
  /** Path and incarnation, as they were watched. */
  readonly of: string;
  readonly reason: TerminationReason;
  readonly failure: Failure | undefined;
  readonly after: Barrier;
}

export interface Goodbye extends Failure {
  readonly after: Barrier;
}

export const encodeHello = (hello: Hello): Uint8Array => encode(KIND.hello, { ...hello });
export const encodeWelcome = (welcome: Welcome): Uint8Array => encode(KIND.welcome, { ...welcome });
export const encodeReject = (reject: Reject): Uint8Array => encode(KIND.reject, { ...reject });
export const encodeReady = (): Uint8Array => newFrame(KIND.ready, 0);
export const encodeHeartbeat = (): Uint8Array => newFrame(KIND.heartbeat, 0);
export const encodeHearsTalk = (): Uint8Array => newFrame(KIND.hearsTalk, 0);
export const encodeAnswer = ({ id, failure }: Answer): Uint8Array => encode(KIND.answer, { id, ...failure });
export const encodeRefused = (refused: Refused): Uint8Array => encode(KIND.refused, { ...refused });
export const encodeWatch = (of: string): Uint8Array => encode(KIND.watch, { of });
export const encodeUnwatch = (of: string): Uint8Array => encode(KIND.unwatch, { of });

export function encodeTerminated({ of, reason, failure, after }: TerminatedFrame): Uint8Array {
  return encode(KIND.terminated, { of, reason, ...failure, ...after });
}

export function encodeGoodbye({ code, text, after }: Goodbye): Uint8Array {
  return encode(KIND.goodbye, { code, text, ...after });
}

/** All below throw ActorError `bad-message`. */
export function decodeHello(frame: Uint8Array): Hello {
  const fields = decode(frame);
  return {
    from: fields.text("from"),
    to: fields.text("to"),
    incarnation: fields.text("incarnation"),
    oldestVersion: fields.count("oldestVersion"),
    newestVersion: fields.count("newestVersion"),
    maxFrameBytes: fields.count("maxFrameBytes"),
  };
}

export function decodeWelcome(frame: Uint8Array): Welcome {
  const fields = decode(frame);
  return {
    from: fields.text("from"),
    incarnation: fields.text("incarnation"),
    version: fields.count("version"),
    maxFrameBytes: fields.count("maxFrameBytes"),
  };
}

export function decodeReject(frame: Uint8Array): Reject {
  const fields = decode(frame);
  return { code: fields.text("code"), text: fields.text("text"), isCrossed: fields.flag("isCrossed") };
}

export function decodeAnswer(frame: Uint8Array): Answer {
  const fields = decode(frame);
  return { id: fields.count("id"), failure: fields.failure() };
}

export function decodeRefused(frame: Uint8Array): Refused {
  const fields = decode(frame);
  const replyTo = fields.textIfAny("replyTo");
  return { to: fields.text("to"), replyTo, code: fields.text("code"), text: fields.text("text") };
}

/** Of a watch or an unwatch. */
export function decodeWatched(frame: Uint8Array): string {
  return decode(frame).text("of");
}

export function decodeTerminated(frame: Uint8Array): TerminatedFrame {
  const fields = decode(frame);
  return { of: fields.text("of"), reason: fields.reason(), failure: fields.failure(), after: fields.barrier() };
}

export function decodeGoodbye(frame: Uint8Array): Goodbye {
  const fields = decode(frame);
  return { code: fields.text("code"), text: fields.text("text"), after: fields.barrier() };
}

function encode(kind: number, fields: Readonly<Record<string, string | number | boolean | undefined>>): Uint8Array {
  const { bytes } = packBehind(HEADER_BYTES, fields);
  writeHeader(bytes, kind);
  return bytes;
}

function decode(frame: Uint8Array): Fields {
  const value = unpackFrom(frame, HEADER_BYTES);
  if (typeof value !== "object" || value === null) throw new ActorError("bad-message", "a control frame has no fields");
  return new Fields(value);
}

const REASONS: readonly TerminationReason[] = ["stopped", "failed", "no-such-actor", "peer-gone", "system-stopped"];

class Fields {
  readonly #entries: ReadonlyMap<string, unknown>;

  constructor(value: object) {
    this.#entries = new Map(Object.entries(value));
  }

  text(name: string): string {
    const value = this.#entries.get(name);
    return typeof value === "string" ? value : this.#missing(name);
  }

  textIfAny(name: string): string | undefined {
    const value = this.#entries.get(name);
    return value === undefined || value === null ? undefined : this.text(name);
  }

  /** A whole number of at least 0. */
  count(name: string): number {
    const value = this.#entries.get(name);
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : this.#missing(name);
  }

  flag(name: string): boolean {
    return this.#entries.get(name) === true;
  }

  failure(): Failure | undefined {
    const code = this.textIfAny("code");
    return code === undefined ? undefined : { code, text: this.text("text") };
  }

  /** A reason that a newer host knows and this one does not is a failure. */
  reason(): TerminationReason {
    const said = this.text("reason");
    return REASONS.find((reason) => reason === said) ?? "failed";
  }

  barrier(): Barrier {
    return { message: this.count("message"), bulk: this.count("bulk") };
  }

  #missing(name: string): never {
    throw new ActorError("bad-message", `a control frame lacks a usable ${JSON.stringify(name)}`);
  }
}
