/** What the peer answers about how busy its house is. */
import * as z from "zod";

const load = z.object({
  cpu: z.number(),
  cores: z.number(),
  memoryUsedBytes: z.number(),
  memoryTotalBytes: z.number(),
  rssBytes: z.number(),
  uptimeSeconds: z.number(),
  clients: z.number(),
  turns: z.object({
    windowMs: z.number(),
    turns: z.number(),
    turnsEver: z.number(),
    firstAudioMs: z.object({ count: z.number(), p50: z.number(), p95: z.number() }).nullable(),
  }),
  services: z.array(
    z.object({
      capability: z.string(),
      model: z.string(),
      running: z.number(),
      queued: z.number(),
      concurrency: z.number(),
      tokensPerSecond: z.number().nullable(),
    }),
  ),
});

const peer = z.object({
  peer: z.string(),
  name: z.string(),
  isHere: z.boolean(),
  isPrime: z.boolean(),
  isDraining: z.boolean().default(false),
  load: load.nullable(),
});
export type TopPeer = z.output<typeof peer>;

export const topAnswer = z.object({ atMs: z.number(), peers: z.array(peer) });
export type Top = z.output<typeof topAnswer>;
