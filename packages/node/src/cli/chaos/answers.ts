/** What a peer answers about the house that is to be hurt, as far as the command needs it. */
import * as z from "zod";
import { PEER_FAULTS } from "../../services/chaos/faults.ts";

const kind = z.enum(PEER_FAULTS);

const lookSchema = z.object({
  isAllowed: z.boolean(),
  impossible: z.partialRecord(kind, z.string()).catch({}),
  notes: z.array(z.string()).catch([]),
  running: kind.nullable().catch(null),
  busy: z.number(),
  knowsAccount: z.boolean(),
  newPrimes: z.array(z.object({ id: z.string(), ms: z.number() })).catch([]),
});

const chaosPeerSchema = z.object({
  peerId: z.string(),
  name: z.string(),
  role: z.enum(["voter", "learner", "joining"]),
  isOnline: z.boolean(),
  isPrime: z.boolean(),
  isDraining: z.boolean(),
  look: lookSchema.nullable(),
});
/** One member of the house. */
export type ChaosPeer = z.output<typeof chaosPeerSchema>;

export const chaosAnswer = z.object({ peers: z.array(chaosPeerSchema) });
export const hurtAnswer = z.object({ hurt: z.object({ peerId: z.string(), name: z.string() }) });

const serviceSchema = z.object({
  model: z.string(),
  isHere: z.boolean(),
  elsewhere: z.array(z.object({ model: z.string().optional() })).default([]),
});
export const capabilitiesAnswer = z.object({
  services: z.object({ tts: serviceSchema.optional(), llm: serviceSchema.optional() }),
});
export type Capabilities = z.output<typeof capabilitiesAnswer>["services"];
