/** `@parley/sdk/schema`: the protocol's definitions as JSON Schema. Apart from the client, which needs none of it. */
import * as z from "zod/mini";

/**
 * A definition of the protocol, such as `messageSchema`, as JSON Schema (draft 2020-12): what may come in, before anything is
 * filled in. Made files are under `@parley/sdk/schema/*.json`.
 */
export function jsonSchemaOf(definition: z.ZodMiniType): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(definition, { io: "input" });
}
