/**
 * Frames that carry messages.
 *
 *     tell    header · u16 length of to · u16 length of replyTo · u32 length of the message · to · replyTo · message · attached
 *     offer   header · f64 id · f64 settledBelow · u32 ttlMs · u8 flags · u16 length of to · u32 length of the message · to ·
 *             message · attached
 *
 * `to` is the receiver's path and incarnation, `replyTo` a whole address or empty; both are ASCII.
 */
import { ActorError } from "../../errors.ts";
import { HEADER_BYTES, KIND, readUint16, readUint32, view, writeHeader, writeUint16, writeUint32 } from "./header.ts";
import { latin1, packMessageBehind, type ResolveRef, unpackFrom } from "./values.ts";

const TELL_FIELDS_BYTES = 8;
const OFFER_FIELDS_BYTES = 27;
const OFFER_AT = { id: 0, settledBelow: 8, ttlMs: 16, flags: 20, toLength: 21, messageLength: 23 };
const ACKNOWLEDGED_FLAG = 1;

/** A frame in pieces that go out one after the other; the first holds all but what is attached. */
export type FrameParts = readonly [Uint8Array, ...Uint8Array[]];

/** Where a message lies in its frame. */
interface Payload {
  readonly frame: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export interface TellFrame {
  readonly to: string;
  readonly replyTo: string | undefined;
  readonly payload: Payload;
}

export interface OfferFrame {
  /** Counts what one life of a host has offered another host, from 1. */
  readonly id: number;
  /** The sender wants to know nothing more of what it offered before this one. */
  readonly settledBelow: number;
  /** How long the sender still waits. */
  readonly ttlMs: number;
  readonly isAcknowledged: boolean;
  readonly to: string;
  readonly payload: Payload;
}

/** @throws ActorError `bad-message` */
export function encodeTell(to: string, replyTo: string, message: unknown): FrameParts {
  const fieldsAt = HEADER_BYTES;
  const toAt = fieldsAt + TELL_FIELDS_BYTES;
  const messageAt = toAt + to.length + replyTo.length;
  const { bytes, attached } = packMessageBehind(messageAt, message);
  writeHeader(bytes, KIND.tell);
  writeUint16(bytes, fieldsAt, to.length);
  writeUint16(bytes, fieldsAt + 2, replyTo.length);
  writeUint32(bytes, fieldsAt + 4, bytes.length - messageAt);
  writeAscii(bytes, toAt, to);
  writeAscii(bytes, toAt + to.length, replyTo);
  return [bytes, ...attached];
}

/** @throws ActorError `bad-message`; the message itself is not looked at */
export function decodeTell(frame: Uint8Array): TellFrame {
  const fieldsAt = HEADER_BYTES;
  mustReach(frame, fieldsAt + TELL_FIELDS_BYTES);
  const toAt = fieldsAt + TELL_FIELDS_BYTES;
  const replyToAt = toAt + readUint16(frame, fieldsAt);
  const start = replyToAt + readUint16(frame, fieldsAt + 2);
  const end = start + readUint32(frame, fieldsAt + 4);
  mustReach(frame, end);
  const replyTo = replyToAt === start ? undefined : latin1(frame, replyToAt, start);
  return { to: latin1(frame, toAt, replyToAt), replyTo, payload: { frame, start, end } };
}

/** What {@link stampOffer} adds is left open. @throws ActorError `bad-message` */
export function encodeOffer(to: string, id: number, isAcknowledged: boolean, message: unknown): FrameParts {
  const fieldsAt = HEADER_BYTES;
  const toAt = fieldsAt + OFFER_FIELDS_BYTES;
  const messageAt = toAt + to.length;
  const { bytes, attached } = packMessageBehind(messageAt, message);
  writeHeader(bytes, KIND.offer);
  const fields = view(bytes);
  fields.setFloat64(fieldsAt + OFFER_AT.id, id);
  fields.setUint8(fieldsAt + OFFER_AT.flags, isAcknowledged ? ACKNOWLEDGED_FLAG : 0);
  fields.setUint16(fieldsAt + OFFER_AT.toLength, to.length);
  fields.setUint32(fieldsAt + OFFER_AT.messageLength, bytes.length - messageAt);
  writeAscii(bytes, toAt, to);
  return [bytes, ...attached];
}

/** Fills in what changes each time an offer is sent. */
export function stampOffer(frame: Uint8Array, settledBelow: number, ttlMs: number): void {
  const fields = view(frame);
  fields.setFloat64(HEADER_BYTES + OFFER_AT.settledBelow, settledBelow);
  fields.setUint32(HEADER_BYTES + OFFER_AT.ttlMs, Math.min(Math.max(0, Math.ceil(ttlMs)), 0xffffffff));
}

/** @throws ActorError `bad-message`; the message itself is not looked at */
export function decodeOffer(frame: Uint8Array): OfferFrame {
  const fieldsAt = HEADER_BYTES;
  mustReach(frame, fieldsAt + OFFER_FIELDS_BYTES);
  const fields = view(frame);
  const id = fields.getFloat64(fieldsAt + OFFER_AT.id);
  const settledBelow = fields.getFloat64(fieldsAt + OFFER_AT.settledBelow);
  if (!Number.isSafeInteger(id) || !Number.isSafeInteger(settledBelow) || settledBelow < 1 || id < settledBelow) {
    throw new ActorError("bad-message", `an offer has ${id} as its number, and ${settledBelow} as the first open one`);
  }
  const toAt = fieldsAt + OFFER_FIELDS_BYTES;
  const start = toAt + fields.getUint16(fieldsAt + OFFER_AT.toLength);
  const end = start + fields.getUint32(fieldsAt + OFFER_AT.messageLength);
  mustReach(frame, end);
  return {
    id,
    settledBelow,
    ttlMs: fields.getUint32(fieldsAt + OFFER_AT.ttlMs),
    isAcknowledged: (fields.getUint8(fieldsAt + OFFER_AT.flags) & ACKNOWLEDGED_FLAG) !== 0,
    to: latin1(frame, toAt, start),
    payload: { frame, start, end },
  };
}

/** @throws ActorError `bad-message`, `bad-address` */
export function messageIn({ frame, start, end }: Payload, resolve: ResolveRef): unknown {
  return unpackFrom(frame, start, end, resolve);
}

function mustReach(frame: Uint8Array, end: number): void {
  if (end > frame.length) throw new ActorError("bad-message", "a frame ends before what it promises");
}

function writeAscii(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i += 1) bytes[at + i] = text.charCodeAt(i);
}
