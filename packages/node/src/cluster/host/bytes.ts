/** What members write for each other, as MessagePack; read back field by field, whoever wrote it. */
import { Packr } from "msgpackr";
import type * as z from "zod";
import { readPlain } from "../../mesh/wire/plain.ts";

const packr = new Packr({ useRecords: false });

export function write(value: Readonly<Record<string, unknown>>): Uint8Array {
  // The packer's buffer is its own and shared.
  return Uint8Array.from(packr.pack(value));
}

/** Undefined for what is not as `schema` says. Bytes in it are views. */
export function read<T>(schema: z.ZodType<T>, bytes: Uint8Array): T | undefined {
  const parsed = schema.safeParse(readPlain(bytes)?.value);
  return parsed.success ? parsed.data : undefined;
}
