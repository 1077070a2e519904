/**
 * Messages between peers as bytes:
 *
 *     u8 type · u16 which fields follow · to · from · the fields · [context] · [snapshot] · [entries]
 *
 * Numbers take eight bytes. An entry that follows the one before it (or the message's `index`) in the same term (or the
 * message's) says neither term nor index, which is almost always so: it takes five bytes and its data.
 */
import { invariant, RaftError } from "../errors.ts";
import { isLocalTarget, message } from "../core/types.ts";
import type {
  ConfState,
  Entry,
  EntryType,
  Message,
  MessageType,
  NodeId,
  PeerMessageType,
  ProposedEntry,
  Snapshot,
} from "../core/types.ts";
import { WireReader, WireWriter } from "./fields.ts";
import { FRAME_HEADER_BYTES, writeFrameHeader } from "./frames.ts";

/** The kind of frame that holds a message. */
export const MESSAGE_FRAME = 0;
/** A message with more is not sent: a handful of bytes must not become a heap full of objects. */
export const MAX_MESSAGE_ENTRIES = 2 ** 18;

/** Their order is part of the format: only ever add at the end. */
const MESSAGE_TYPES: readonly PeerMessageType[] = [
  "append",
  "append-response",
  "vote",
  "vote-response",
  "pre-vote",
  "pre-vote-response",
  "heartbeat",
  "heartbeat-response",
  "snapshot",
  "timeout-now",
  "propose",
  "transfer-leader",
  "read-index",
  "read-index-response",
  "log-lost",
];
const NUMBER_OF: ReadonlyMap<MessageType, number> = new Map(MESSAGE_TYPES.map((type, i) => [type, i]));
/** The order is part of the format: only ever add at the end. */
const ENTRY_TYPES: readonly EntryType[] = ["normal", "conf-change", "conf-change-v2"];

const HAS_TERM = 1;
const HAS_LOG_TERM = 2;
const HAS_INDEX = 4;
const HAS_COMMIT = 8;
const HAS_VOTE = 16;
const HAS_HINT = 32;
const IS_REJECTED = 64;
const HAS_CONTEXT = 128;
const HAS_SNAPSHOT = 256;
const HAS_ENTRIES = 512;
const ALL_FIELDS = 1023;

const HEADER_BYTES = 1 + 2 + 8 + 8;
const ENTRY_TYPE_MASK = 3;
/** Term and index are written out. */
const IS_PLACED = 4;
/** It has neither: it is proposed. */
const IS_PROPOSED = 8;
const ENTRY_HEADER_BYTES = 1 + 4;
const PLACE_BYTES = 16;

/** Whether `from` of such a message names who it began with: followers pass these on to the leader unchanged. */
export function isPassedOn(type: MessageType): boolean {
  return type === "propose" || type === "read-index" || type === "transfer-leader";
}

/** Size of the frame that {@link encodeMessages} makes of `given`; infinite for more than {@link MAX_MESSAGE_ENTRIES}. */
export function messageFrameBytes(given: Message): number {
  if (given.entries.length > MAX_MESSAGE_ENTRIES) return Infinity;
  return FRAME_HEADER_BYTES + bodyBytes(given);
}

/**
 * The messages as frames, one after the other in one buffer.
 * @throws RaftError `local-message` for one that is not for peers; InvariantError for one beyond
 * {@link MAX_MESSAGE_ENTRIES} or with a number that is no count.
 */
export function encodeMessages(messages: readonly Message[]): Uint8Array {
  let size = 0;
  for (const one of messages) size += FRAME_HEADER_BYTES + bodyBytes(one);
  const writer = new WireWriter(size);
  for (const one of messages) {
    writeFrameHeader(writer, MESSAGE_FRAME, bodyBytes(one));
    writeMessage(writer, one);
  }
  return writer.done();
}

/** One message without a frame, for transports that have their own. @throws as {@link encodeMessages}. */
export function encodeMessage(given: Message): Uint8Array {
  const writer = new WireWriter(bodyBytes(given));
  writeMessage(writer, given);
  return writer.done();
}

/**
 * Reads the body of a message's frame back. Data of entries and of the snapshot are views of `body` when that fills at
 * least half of the memory it is a view of, else of one copy of it: what is kept of a message never keeps alive more than
 * twice the message.
 * @throws RaftError `corrupt`: not what {@link encodeMessages} makes.
 */
export function decodeMessage(body: Uint8Array): Message {
  const reader = new WireReader(body.buffer.byteLength <= 2 * body.length ? body : worthKeeping(body));
  const type = MESSAGE_TYPES[reader.u8()];
  if (type === undefined) throw new RaftError("corrupt", "a message of an unknown type");
  const fields = reader.u8() * 256 + reader.u8();
  if (fields > ALL_FIELDS) throw new RaftError("corrupt", "a message with unknown fields");
  const to = nodeId(reader);
  const from = nodeId(reader);
  const term = fields & HAS_TERM ? reader.count() : 0;
  const logTerm = fields & HAS_LOG_TERM ? reader.count() : 0;
  const index = fields & HAS_INDEX ? reader.count() : 0;
  const commit = fields & HAS_COMMIT ? reader.count() : 0;
  const vote = fields & HAS_VOTE ? reader.count() : 0;
  const rejectHint = fields & HAS_HINT ? reader.count() : 0;
  // Copied: contexts are small, and are kept while a read waits.
  const context = fields & HAS_CONTEXT ? new Uint8Array(reader.data(reader.u32())) : undefined;
  const snapshot = fields & HAS_SNAPSHOT ? readSnapshot(reader) : undefined;
  const entries = fields & HAS_ENTRIES ? readEntries(reader, term, index) : [];
  reader.end();
  const reject = (fields & IS_REJECTED) !== 0;
  return message({
    type,
    to,
    from,
    term,
    logTerm,
    index,
    entries,
    commit,
    vote,
    reject,
    rejectHint,
    snapshot,
    context,
  });
}

/** Messages without entries and snapshot leave nothing behind that points into them. */
function worthKeeping(body: Uint8Array): Uint8Array {
  const high = body[1] ?? 0;
  return (high * 256) & (HAS_ENTRIES | HAS_SNAPSHOT) ? new Uint8Array(body) : body;
}

function writeMessage(writer: WireWriter, given: Message): void {
  writer.u8(numberOf(given));
  const fields = fieldsOf(given);
  writer.u8(fields >> 8);
  writer.u8(fields);
  writer.count(given.to);
  writer.count(given.from);
  if (fields & HAS_TERM) writer.count(given.term);
  if (fields & HAS_LOG_TERM) writer.count(given.logTerm);
  if (fields & HAS_INDEX) writer.count(given.index);
  if (fields & HAS_COMMIT) writer.count(given.commit);
  if (fields & HAS_VOTE) writer.count(given.vote);
  if (fields & HAS_HINT) writer.count(given.rejectHint);
  if (given.context !== undefined) {
    writer.u32(given.context.length);
    writer.data(given.context);
  }
  if (given.snapshot !== undefined) writeSnapshot(writer, given.snapshot);
  if (given.entries.length > 0) writeEntries(writer, given);
}

/** @throws RaftError `local-message`. */
function numberOf(given: Message): number {
  const number = NUMBER_OF.get(given.type);
  if (number === undefined || given.responses.length > 0 || isLocalTarget(given.to) || isLocalTarget(given.from)) {
    throw new RaftError(
      "local-message",
      `a message "${given.type}" from ${given.from} to ${given.to} is not for peers`,
    );
  }
  return number;
}

function fieldsOf(given: Message): number {
  return (
    (given.term === 0 ? 0 : HAS_TERM) |
    (given.logTerm === 0 ? 0 : HAS_LOG_TERM) |
    (given.index === 0 ? 0 : HAS_INDEX) |
    (given.commit === 0 ? 0 : HAS_COMMIT) |
    (given.vote === 0 ? 0 : HAS_VOTE) |
    (given.rejectHint === 0 ? 0 : HAS_HINT) |
    (given.reject ? IS_REJECTED : 0) |
    (given.context === undefined ? 0 : HAS_CONTEXT) |
    (given.snapshot === undefined ? 0 : HAS_SNAPSHOT) |
    (given.entries.length === 0 ? 0 : HAS_ENTRIES)
  );
}

function bodyBytes(given: Message): number {
  let bytes = HEADER_BYTES;
  if (given.term !== 0) bytes += 8;
  if (given.logTerm !== 0) bytes += 8;
  if (given.index !== 0) bytes += 8;
  if (given.commit !== 0) bytes += 8;
  if (given.vote !== 0) bytes += 8;
  if (given.rejectHint !== 0) bytes += 8;
  if (given.context !== undefined) bytes += 4 + given.context.length;
  if (given.snapshot !== undefined) bytes += snapshotBytes(given.snapshot);
  if (given.entries.length > 0) bytes += entriesBytes(given);
  return bytes;
}

function entriesBytes({ entries, term, index }: Message): number {
  let bytes = 4 + ENTRY_HEADER_BYTES * entries.length;
  let beforeTerm = term;
  let beforeIndex = index;
  for (const entry of entries) {
    bytes += entry.data.length;
    if (!isPlaced(entry)) continue;
    if (entry.term !== beforeTerm || entry.index !== beforeIndex + 1) bytes += PLACE_BYTES;
    beforeTerm = entry.term;
    beforeIndex = entry.index;
  }
  return bytes;
}

function writeEntries(writer: WireWriter, { entries, term, index }: Message): void {
  invariant(entries.length <= MAX_MESSAGE_ENTRIES, `${entries.length} entries in one message`);
  writer.u32(entries.length);
  let beforeTerm = term;
  let beforeIndex = index;
  for (const entry of entries) {
    const type = ENTRY_TYPES.indexOf(entry.type);
    if (!isPlaced(entry)) {
      writer.u8(type | IS_PROPOSED);
    } else if (entry.term === beforeTerm && entry.index === beforeIndex + 1) {
      writer.u8(type);
      beforeIndex = entry.index;
    } else {
      writer.u8(type | IS_PLACED);
      writer.count(entry.term);
      writer.count(entry.index);
      beforeTerm = entry.term;
      beforeIndex = entry.index;
    }
    writer.u32(entry.data.length);
    writer.data(entry.data);
  }
}

function readEntries(reader: WireReader, messageTerm: number, messageIndex: number): (Entry | ProposedEntry)[] {
  const length = reader.u32();
  if (length > MAX_MESSAGE_ENTRIES || length * ENTRY_HEADER_BYTES > reader.left) {
    throw new RaftError("corrupt", `a message says that it has ${length} entries`);
  }
  const entries: (Entry | ProposedEntry)[] = [];
  let term = messageTerm;
  let index = messageIndex;
  for (let i = 0; i < length; i += 1) {
    const head = reader.u8();
    const type = ENTRY_TYPES[head & ENTRY_TYPE_MASK];
    const form = head - (head & ENTRY_TYPE_MASK);
    if (type === undefined || (form !== 0 && form !== IS_PLACED && form !== IS_PROPOSED)) {
      throw new RaftError("corrupt", `an entry of unknown form ${head}`);
    }
    if (form === IS_PROPOSED) {
      entries.push({ type, data: reader.data(reader.u32()) });
      continue;
    }
    if (form === IS_PLACED) {
      term = reader.count();
      index = reader.count();
    } else {
      index += 1;
    }
    if (!Number.isSafeInteger(index)) throw new RaftError("corrupt", "an entry beyond the last possible index");
    entries.push({ term, index, type, data: reader.data(reader.u32()) });
  }
  return entries;
}

function isPlaced(entry: Entry | ProposedEntry): entry is Entry {
  return "index" in entry;
}

function snapshotBytes({ confState, data }: Snapshot): number {
  const ids =
    confState.voters.length +
    confState.votersOutgoing.length +
    confState.learners.length +
    confState.learnersNext.length;
  return 8 + 8 + 1 + 4 * 4 + 8 * ids + 4 + data.length;
}

function writeSnapshot(writer: WireWriter, { index, term, confState, data }: Snapshot): void {
  writer.count(index);
  writer.count(term);
  writer.u8(confState.autoLeave ? 1 : 0);
  writeIds(writer, confState.voters);
  writeIds(writer, confState.votersOutgoing);
  writeIds(writer, confState.learners);
  writeIds(writer, confState.learnersNext);
  writer.u32(data.length);
  writer.data(data);
}

function readSnapshot(reader: WireReader): Snapshot {
  const index = reader.count();
  const term = reader.count();
  const autoLeave = reader.u8();
  if (autoLeave > 1) throw new RaftError("corrupt", "a flag that is neither set nor clear");
  const confState: ConfState = {
    voters: readIds(reader),
    votersOutgoing: readIds(reader),
    learners: readIds(reader),
    learnersNext: readIds(reader),
    autoLeave: autoLeave === 1,
  };
  return { index, term, confState, data: reader.data(reader.u32()) };
}

function writeIds(writer: WireWriter, ids: readonly NodeId[]): void {
  writer.u32(ids.length);
  for (const id of ids) writer.count(id);
}

function readIds(reader: WireReader): NodeId[] {
  const length = reader.u32();
  if (length * 8 > reader.left) throw new RaftError("corrupt", `a configuration says that it has ${length} nodes`);
  return Array.from({ length }, () => nodeId(reader));
}

function nodeId(reader: WireReader): NodeId {
  const id = reader.count();
  if (id === 0) throw new RaftError("corrupt", "0 is no node");
  return id;
}
