/** How an engine module reads what comes from the other process. */
import { z } from "zod";
import { AudioError } from "../errors.ts";

/** `value` checked against `schema`. @throws AudioError `input-refused` that says what is wrong in `what`. */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AudioError("input-refused", `${what}: ${z.prettifyError(parsed.error)}`, {
    nextStep: "Correct the value named in the message.",
  });
}
