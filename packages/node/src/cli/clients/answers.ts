/** What the peer answers about the clients of the house, as far as commands show it. */
import * as z from "zod";

const clientSchema = z.object({
  name: z.string(),
  role: z.string(),
  groups: z.array(z.string()).default([]),
  targets: z.array(z.string()).optional(),
  createdMs: z.number(),
  by: z.string(),
  expiresMs: z.number().optional(),
  isActive: z.boolean(),
  remembers: z.boolean().default(false),
});
export type Client = z.output<typeof clientSchema>;

export const clientsAnswer = z.object({ clients: z.array(clientSchema) });
export const clientAnswer = z.object({ client: clientSchema });
export const admittedAnswer = z.object({ client: clientSchema, token: z.string() });

const entrySchema = z.object({
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  outcome: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
});
export type Entry = z.output<typeof entrySchema>;
export const auditAnswer = z.object({ entries: z.array(entrySchema) });
