/** What a client wants to watch, as bytes. */
import { RaftError } from "../../errors.ts";
import type { WatchSelector } from "../kv/index.ts";
import { bytesSize, FieldReader, FieldWriter } from "./fields.ts";

export interface WatchRequest {
  readonly selector: WatchSelector;
  /** Revision of the first change wanted; 0: from now on. */
  readonly from: number;
}

const KEY = 0;
const PREFIX = 1;

export function encodeWatchRequest({ selector, from }: WatchRequest): Buffer {
  const isKey = "key" in selector;
  const text = Buffer.from(isKey ? selector.key : selector.prefix);
  const bytes = Buffer.allocUnsafe(1 + bytesSize(text.length) + 8);
  new FieldWriter(bytes)
    .u8(isKey ? KEY : PREFIX)
    .bytes(text)
    .f64(from);
  return bytes;
}

/** @throws RaftError `corrupt`. */
export function decodeWatchRequest(bytes: Uint8Array): WatchRequest {
  const fields = new FieldReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const kind = fields.u8();
  if (kind > PREFIX) throw new RaftError("corrupt", `there is no selector ${kind}`);
  const text = fields.text();
  const from = fields.f64();
  fields.end();
  return { selector: kind === KEY ? { key: text } : { prefix: text }, from };
}
