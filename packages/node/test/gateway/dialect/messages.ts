/** Any message that the definition allows: made from its JSON Schema, so that no type and no field is left out. */
import fc from "fast-check";
import { checkMessage, messageSchema, type Message } from "@parley/sdk";
import { jsonSchemaOf } from "@parley/sdk/schema";

/** As much of JSON Schema as the definition uses. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly format?: string;
  readonly pattern?: string;
  readonly contentEncoding?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Names that an object has by itself fall away where it is read: they come back from nowhere. */
const anyName = fc.string({ maxLength: 8 }).filter((name) => name !== "__proto__");
const anyJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.string({ maxLength: 8 }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(anyName, tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(valueOf));
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case "string":
      return textOf(schema);
    case "number":
      return fc.double({ min: Math.max(0, schema.minimum ?? 0), max: 1e15, noNaN: true, noDefaultInfinity: true });
    case "integer":
      return fc.integer({
        min: Math.max(-1000, schema.minimum ?? -1000),
        max: Math.min(100_000, schema.maximum ?? 100_000),
      });
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(valueOf(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case "object":
      return objectOf(schema);
    default:
      return anyJson;
  }
}

function textOf({ format, pattern, contentEncoding, minLength = 0, maxLength = 12 }: Schema): fc.Arbitrary<string> {
  if (format === "uuid") return fc.uuid({ version: 4 });
  if (contentEncoding === "base64") return fc.base64String({ maxLength: 12 });
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ minLength, maxLength: Math.min(maxLength, 12), unit: "binary" });
}

function objectOf({ properties, required = [] }: Schema): fc.Arbitrary<unknown> {
  if (properties === undefined) return fc.dictionary(anyName, anyJson, { maxKeys: 3, noNullPrototype: true });
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valueOf(schema)]));
  return fc.record(fields, { requiredKeys: [...required], noNullPrototype: true });
}

const kinds = new Map(
  (jsonSchemaOf(messageSchema) as Schema).oneOf?.map((schema) => [String(schema.properties?.["type"]?.const), schema]),
);

/** What another definition of the protocol allows. */
export function anyOf(definition: Parameters<typeof jsonSchemaOf>[0]): fc.Arbitrary<unknown> {
  return valueOf(jsonSchemaOf(definition));
}

/** Every type of message. */
export const messageTypes: readonly string[] = [...kinds.keys()];

/** A message of a type, or of any. */
export function anyMessage(type?: string): fc.Arbitrary<Message> {
  const wanted = [...kinds]
    .filter(([name]) => type === undefined || name === type)
    .map(([, schema]) => valueOf(schema));
  return fc.oneof(...wanted).map((value) => {
    const checked = checkMessage(JSON.parse(JSON.stringify(value)));
    if (!checked.ok) throw new Error(`the schema allows what the check refuses: ${checked.reason}`);
    return checked.message;
  });
}
