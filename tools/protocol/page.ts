/** `docs/PROTOCOL.md`: the words are written here, the tables come from the definition. */
import { commandNames, directions, errorCodes, isRetryable, queryTypes } from "@parley/sdk";
import type { CommandName, ProtocolErrorCode, QueryType } from "@parley/sdk";
import { meaningOf } from "./meanings.ts";
import { messageParts, type Schema } from "./schemas.ts";
import { AFTER, BEFORE } from "./words.ts";

const CODES: Readonly<Record<ProtocolErrorCode, string>> = {
  INVALID_MESSAGE: "It is no message: not JSON, a field that is missing or wrong, a type that a client does not send.",
  AUTHENTICATION_FAILED:
    "Nobody knows yet who this is: no REGISTER came first, or its token is wrong; or it may not stay: `details.reason` says why. The connection ends (4401).",
  AUTHORIZATION_DENIED: "This client may not do that, to that target, or in that name.",
  RATE_LIMIT_EXCEEDED: "Too much at once: messages in a time, work that runs, messages that wait for one receiver.",
  TARGET_NOT_FOUND: "Nobody in the house knows that client, or nobody is in that group.",
  MESSAGE_EXPIRED: "Its `expiresAt` came before it was delivered.",
  INTERNAL_ERROR: "The peer failed; its log says how.",
  PROVIDER_ERROR: "The language model that was to answer failed, or there is none; `details.code` says which.",
  MEMORY_ERROR: "What was kept could not be asked.",
  DECRYPTION_FAILED: "An `encrypted_message` could not be read: this peer shares no key with the client.",
};

const COMMANDS: Readonly<Record<CommandName, string>> = {
  ask: "One question in text or sound, answered in text and sound.",
  listen: "Speech to text.",
  say: "Text to sound.",
  talk: "A live conversation.",
  "talk.key": "A key of a conversation's client.",
  "talk.heard": "How far a reply was heard.",
  "input.end": "The audio of a piece of work is complete.",
  cancel: "A piece of work is not wanted any more.",
  status: "How the peer fares.",
  join: "Groups and channels that the client belongs to from now on.",
  leave: "Groups and channels that it belongs to no more.",
};

const QUERIES: Readonly<Record<QueryType, string>> = {
  get_status: "How the peer fares, as `GET /status`.",
  get_active_nodes: "The peers of the house; `filter.status` is `online` (when absent) or `all`.",
  get_node_details: "All that is known of one peer; `query` is its id or name, this peer when absent.",
  get_message_status: "What became of a message of one's own; `query` is its id.",
  get_sessions: "The sessions of the clients of this peer, and those that ended; `limit` of them.",
  recall_memory: "What was kept that has to do with `query`.",
};

const DIRECTIONS = { client: "client → peer", peer: "peer → client", both: "both" } as const;

/** The page. */
export function protocolPage(): string {
  const { head, required, payloads } = messageParts();
  const types = Object.entries(directions);
  return [
    BEFORE,
    "## The envelope",
    "",
    ...fieldTable({ properties: head, required }, ""),
    "",
    "## Types",
    "",
    "| type | who sends it |",
    "| --- | --- |",
    ...types.map(([type, direction]) => row([code(type), DIRECTIONS[direction]])),
    "",
    ...types.flatMap(([type]) => [`### ${type}`, "", ...fieldTable(payloads[type] ?? {}, type), ""]),
    "## Errors",
    "",
    "| code | when | retry |",
    "| --- | --- | --- |",
    ...errorCodes.map((each) => row([code(each), CODES[each], isRetryable(each) ? "yes" : "no"])),
    "",
    "## Commands of a peer",
    "",
    "| command | what it does |",
    "| --- | --- |",
    ...commandNames.map((each) => row([code(each), COMMANDS[each]])),
    "",
    "## Queries of a peer",
    "",
    "| query | answer |",
    "| --- | --- |",
    ...queryTypes.map((each) => row([code(each), QUERIES[each]])),
    "",
    AFTER,
  ].join("\n");
}

/** Every field's path in the definition. */
export function definedPaths(): readonly string[] {
  const { head, payloads } = messageParts();
  const inner = Object.entries(payloads).flatMap(([type, schema]) => pathsIn(schema, type));
  return [...pathsIn({ properties: head }, ""), "type", "payload", ...inner];
}

function pathsIn({ properties = {}, items }: Schema, path: string): readonly string[] {
  const below = Object.entries(properties).flatMap(([name, schema]) => {
    const own = path === "" ? name : `${path}.${name}`;
    return [own, ...pathsIn(schema, own)];
  });
  return items === undefined ? below : [...below, ...pathsIn(items, `${path}[]`)];
}

function fieldTable(schema: Schema, path: string): readonly string[] {
  return ["| field | is | needed | meaning |", "| --- | --- | --- | --- |", ...fieldRows(schema, path, "")];
}

function fieldRows({ properties = {}, required = [] }: Schema, path: string, prefix: string): readonly string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const own = path === "" ? name : `${path}.${name}`;
    const shown = prefix + name;
    const cells = [code(shown), wordsOf(schema), required.includes(name) ? "yes" : "", meaningOf(own) ?? ""];
    const items = schema.items === undefined ? [] : fieldRows(schema.items, `${own}[]`, `${shown}[].`);
    return [row(cells), ...fieldRows(schema, own, `${shown}.`), ...items];
  });
}

function wordsOf(schema: Schema): string {
  if (schema.enum !== undefined) return schema.enum.map((each) => code(String(each))).join(" or ");
  if (schema["format"] === "uuid") return "UUID";
  if (schema["contentEncoding"] === "base64") return "base64";
  if (schema.anyOf !== undefined) return "object";
  if (schema.type === "array") return `list of ${wordsOf(schema.items ?? {})}s`;
  return schema.type === undefined ? "anything" : `${schema.type}${boundsOf(schema)}`;
}

function boundsOf(schema: Schema): string {
  const { minimum, maximum, maxLength } = schema;
  if (typeof maxLength === "number") return `, at most ${maxLength} characters`;
  if (typeof minimum === "number" && typeof maximum === "number" && maximum < Number.MAX_SAFE_INTEGER) {
    return `, ${minimum} to ${maximum}`;
  }
  return "";
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}
