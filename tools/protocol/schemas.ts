/** The protocol's definition as JSON Schema (draft 2020-12), for clients that are not written in TypeScript. */
import {
  deliveryEventSchema,
  encryptedMessageSchema,
  memoryHitSchema,
  messageSchema,
  messageStatusSchema,
  nodeDetailsSchema,
  nodeSummarySchema,
  requestSchema,
  sessionSummarySchema,
  talkEventSchema,
  workEventSchema,
} from "@parley/sdk";
import { jsonSchemaOf } from "@parley/sdk/schema";
import { meaningOf } from "./meanings.ts";

/** As much of JSON Schema as the protocol uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/** The message in parts: what every type has, and each type's payload. */
export function messageParts(): {
  readonly head: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
  readonly payloads: Readonly<Record<string, Schema>>;
} {
  const { oneOf: kinds = [] } = plain(messageSchema);
  const [first] = kinds;
  if (first?.properties === undefined) throw new Error("messages are told apart by their type");
  const { type: _type, payload: _payload, ...head } = first.properties;
  const payloads = kinds.map(({ properties = {} }): [string, Schema] => {
    return [String(properties["type"]?.const), properties["payload"] ?? {}];
  });
  return { head, required: first.required ?? [], payloads: Object.fromEntries(payloads) };
}

/** Every file of `packages/sdk/schema`, by name. */
export function schemaFiles(): Readonly<Record<string, Schema>> {
  return {
    "message.json": messageFile(),
    "commands.json": titled("What a COMMAND asks of a peer", plain(requestSchema)),
    "work-events.json": titled("EVENTs of running work: eventType and eventData as one object", plain(workEventSchema)),
    "talk-events.json": titled(
      "EVENTs of a conversation: eventType and eventData as one object",
      plain(talkEventSchema),
    ),
    "delivery-events.json": titled(
      "EVENTs about a message to others: eventType and eventData as one object",
      plain(deliveryEventSchema),
    ),
    "answers.json": {
      $schema: DRAFT,
      title: "The data of answers to the queries that a peer knows",
      $defs: {
        get_active_nodes: { type: "array", items: plain(nodeSummarySchema) },
        get_node_details: plain(nodeDetailsSchema),
        get_message_status: { type: "array", items: plain(messageStatusSchema) },
        get_sessions: { type: "array", items: plain(sessionSummarySchema) },
        recall_memory: { type: "array", items: plain(memoryHitSchema) },
      },
    },
    "encrypted.json": titled("A message that only those can read who share a key", plain(encryptedMessageSchema)),
  };
}

function messageFile(): Schema {
  const { head, required, payloads } = messageParts();
  const types = Object.keys(payloads);
  const withMeaning = ([name, schema]: readonly [string, Schema]): [string, Schema] => {
    return [name, described(schema, name)];
  };
  return {
    $schema: DRAFT,
    title: "A message of the Parley protocol",
    type: "object",
    properties: {
      ...Object.fromEntries(Object.entries(head).map(withMeaning)),
      type: { enum: types },
      payload: { type: "object" },
    },
    required,
    oneOf: types.map((type) => ({
      properties: { type: { const: type }, payload: { $ref: `#/$defs/${type}` } },
    })),
    $defs: Object.fromEntries(Object.entries(payloads).map(withMeaning)),
  };
}

/** The schema with what each field means, also in what is inside of it. */
function described(schema: Schema, path: string): Schema {
  const meaning = meaningOf(path);
  const { properties, items } = schema;
  const inner = Object.entries(properties ?? {}).map(([name, each]): [string, Schema] => {
    return [name, described(each, `${path}.${name}`)];
  });
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(inner) }),
    ...(items === undefined ? {} : { items: described(items, `${path}[]`) }),
    ...(meaning === undefined ? {} : { description: meaning }),
  };
}

function titled(title: string, schema: Schema): Schema {
  return { $schema: DRAFT, title, ...schema };
}

/** Without the draft's name. */
function plain(definition: Parameters<typeof jsonSchemaOf>[0]): Schema {
  const { $schema: _draft, ...rest } = jsonSchemaOf(definition);
  return rest;
}
