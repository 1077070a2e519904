/**
 * The bridge between envelopes and the flat dialect: JSON in snake_case on one level (`docs/PROTOCOL.md`, "The flat dialect"). Pure,
 * and without loss: what an envelope says comes back from its flat form. (That an answer has no actions, and that it has a list without
 * any, is the same.)
 */
import { PROTOCOL_VERSION, SERVER_ID, type Message, type Target } from "@parley/sdk";
import { camelNames, isRecord, snakeNames } from "./names.ts";

/** A message of the flat dialect. */
export type Flat = Readonly<Record<string, unknown>>;

/** What a flat message leaves out. */
export interface Filling {
  /** Who is registered on the connection. */
  readonly clientId: string | undefined;
  readonly newId: () => string;
  readonly nowMs: () => number;
}

/** Fields of the envelope on the flat level; those of a payload that are called alike give way. */
const HEAD = ["messageId", "version", "correlationId", "inReplyTo", "timestamp", "priority", "expiresAt"] as const;
/** With the names that parts of the envelope take there. */
const TAKEN: ReadonlySet<string> = new Set([...HEAD, "type", "clientId", "sessionId"]);

/** Where a client of this dialect is told of pieces of an answer. */
const CHUNKS: ReadonlySet<string> = new Set(["content", "metadata"]);

/** The flat form of a message. */
export function toFlat(message: Message): Flat {
  const { source, target, metadata } = message;
  const head = Object.fromEntries(HEAD.flatMap((name) => (message[name] === undefined ? [] : [[name, message[name]]])));
  const around: Record<string, unknown> = {
    ...head,
    clientId: source.clientId,
    ...(source.sessionId === undefined ? {} : { sessionId: source.sessionId }),
  };
  const { type, fields } = bodyOf(message);
  const inner = Object.entries(fields).flatMap(([name, value]): [string, unknown][] => {
    if (value === undefined || (TAKEN.has(name) && around[name] === value)) return [];
    return [[TAKEN.has(name) ? `payload${capital(name)}` : name, value]];
  });
  const flat = snakeNames({ ...around, ...Object.fromEntries(inner) });
  return {
    type,
    ...(isRecord(flat) ? flat : {}),
    ...flatTarget(target),
    ...(metadata === undefined ? {} : { envelope_metadata: metadata }),
  };
}

/** The envelope of a flat message, not checked yet. */
export function fromFlat(given: Flat, filling: Filling): unknown {
  const { type, to, to_group, to_channel, to_all, envelope_metadata, ...named } = given;
  const read = camelNames(named);
  const fields = isRecord(read) ? read : {};
  const kind = typeof type === "string" ? type : "";
  const isFromPeer = kind === "assistant_message" || CHUNKS.has(kind);
  const entries = Object.entries(fields);
  const around: Record<string, unknown> = {
    messageId: filling.newId(),
    version: PROTOCOL_VERSION,
    timestamp: filling.nowMs(),
    clientId: isFromPeer ? SERVER_ID : filling.clientId,
    ...Object.fromEntries(entries.filter(([name]) => TAKEN.has(name))),
  };
  const own = Object.fromEntries(
    entries.filter(([name]) => !TAKEN.has(name)).map(([name, each]) => [plain(name), each]),
  );
  const { clientId, sessionId, ...head } = around;
  const target = targetOf({ to, to_group, to_channel, to_all });
  return {
    ...head,
    source: { clientId, ...(sessionId === undefined ? {} : { sessionId }) },
    ...(target === undefined ? {} : { target }),
    ...(envelope_metadata === undefined ? {} : { metadata: envelope_metadata }),
    ...envelopeBody(kind, own, around),
  };
}

function capital(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

/** `clientId` of `payloadClientId`; other names as they are. */
function plain(name: string): string {
  const [, first, rest = ""] = /^payload([A-Z])(.*)$/s.exec(name) ?? [];
  return first === undefined ? name : first.toLowerCase() + rest;
}

/** The type and the fields of a payload, named as in an envelope but for those that the flat dialect calls otherwise. */
function bodyOf(message: Message): { readonly type: string; readonly fields: Readonly<Record<string, unknown>> } {
  const isFromPeer = message.source.clientId === SERVER_ID;
  if (message.type === "MESSAGE") {
    const { content, ...rest } = message.payload;
    if (!isFromPeer) return { type: "message", fields: { text: content, ...rest } };
    return { type: "assistant_message", fields: { text: content, ...rest, actions: rest.actions ?? [] } };
  }
  if (message.type === "EVENT" && isFromPeer) {
    const { eventType, eventData, timestamp } = message.payload;
    const [first, ...more] = Object.entries(eventData);
    const isContent = first?.[0] === "content" && typeof first[1] === "string" && more.length === 0;
    if (eventType === "content" && isContent) return { type: "content", fields: { content: first[1], timestamp } };
    if (eventType === "metadata") return { type: "metadata", fields: { metadata: eventData, timestamp } };
  }
  return { type: message.type.toLowerCase(), fields: message.payload };
}

/** A payload's fields that are called like the envelope's, and mean the same where only one is given. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  register: ["clientId"],
  register_ack: ["sessionId"],
  heartbeat: ["timestamp"],
  heartbeat_ack: ["timestamp"],
  event: ["timestamp"],
  content: ["timestamp"],
  metadata: ["timestamp"],
  message_ack: ["messageId"],
};

function envelopeBody(
  kind: string,
  own: Readonly<Record<string, unknown>>,
  around: Readonly<Record<string, unknown>>,
): { readonly type: string; readonly payload: Readonly<Record<string, unknown>> } {
  const shared = (SHARED[kind] ?? []).map((name): [string, unknown] => [name, own[name] ?? around[name]]);
  const fields = { ...own, ...Object.fromEntries(shared) };
  switch (kind) {
    case "message":
    case "assistant_message": {
      const { text, actions, ...rest } = fields;
      const isEmpty = kind === "assistant_message" && Array.isArray(actions) && actions.length === 0;
      const kept = actions === undefined || isEmpty ? {} : { actions };
      return { type: "MESSAGE", payload: { ...rest, ...kept, content: text } };
    }
    case "content":
    case "metadata": {
      const eventData = kind === "content" ? { content: fields["content"] } : fields["metadata"];
      return { type: "EVENT", payload: { eventType: kind, eventData, timestamp: fields["timestamp"] } };
    }
    default:
      return { type: kind.toUpperCase(), payload: fields };
  }
}

function flatTarget(target: Target | undefined): Flat {
  if (target === undefined) return {};
  if ("clientId" in target) return { to: target.clientId };
  if ("group" in target) return { to_group: target.group };
  return "channel" in target ? { to_channel: target.channel } : { to_all: true };
}

/** Several of them make a target that its check refuses. */
function targetOf({ to, to_group, to_channel, to_all }: Flat): unknown {
  const parts = {
    ...(to === undefined ? {} : { clientId: to }),
    ...(to_group === undefined ? {} : { group: to_group }),
    ...(to_channel === undefined ? {} : { channel: to_channel }),
    ...(to_all === undefined || to_all === false ? {} : { all: to_all }),
  };
  return Object.keys(parts).length === 0 ? undefined : parts;
}
