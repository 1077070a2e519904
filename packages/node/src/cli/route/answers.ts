/** What the peer answers about who does what, as far as commands show it. */
import * as z from "zod";
import { RULES } from "../../routing/rules.ts";

const service = z.object({
  peer: z.string(),
  name: z.string(),
  isHere: z.boolean(),
  capability: z.string(),
  model: z.string(),
  running: z.number(),
  queued: z.number(),
  concurrency: z.number(),
  speed: z.object({
    firstResultMs: z.number().optional(),
    realTimeFactor: z.number().optional(),
    msPerCharacter: z.number().optional(),
    tokensPerSecond: z.number().optional(),
  }),
  reach: z.string().optional(),
  roundTripMs: z.number().nullable(),
  breaker: z.string(),
});
export type ListedService = z.output<typeof service>;

const policy = z.record(z.string(), z.record(z.string(), z.unknown()));

export const routeAnswer = z.object({
  services: z.array(service),
  policy,
  isChosen: z.boolean(),
  problems: z.array(z.string()),
});

const explained = z.object({
  peer: z.string(),
  name: z.string(),
  model: z.string(),
  isHere: z.boolean(),
  queueMs: z.number(),
  workMs: z.number(),
  networkMs: z.number(),
  totalMs: z.number(),
  tier: z.number(),
  weight: z.number(),
  score: z.number(),
  favours: z.array(z.object({ factor: z.number(), why: z.string() })),
});

/** As `RouteExplanation` of `routing/explain.ts`. */
export const explainAnswer = z.object({
  request: z.string(),
  outcome: z.string(),
  refusal: z.object({ code: z.string(), retryAfterMs: z.number().nullable() }).nullable(),
  candidates: z.array(explained),
  excluded: z.array(
    z.object({ peer: z.string(), name: z.string(), model: z.string(), rule: z.enum(RULES), why: z.string() }),
  ),
});

export const trialAnswer = z.object({
  before: policy,
  after: policy,
  effects: z.array(
    z.object({
      capability: z.string(),
      before: z.string().nullable(),
      after: z.string().nullable(),
      outcomes: z.tuple([z.string(), z.string()]),
    }),
  ),
});
export type Trial = z.output<typeof trialAnswer>;
