/** What hosts and keepers of keys say to each other. It goes over the links between members, which are encrypted. */
import { messageKinds, type ActorRef } from "@parley/actors";
import * as z from "zod";
import { replyToOf } from "../../host/member/ref.ts";
import { LIMITS } from "../../state/limits.ts";
import { KEY_BYTES } from "../sealing.ts";
import type { TurnKeys } from "./store.ts";

/** The keeper's name on every member. */
export const KEEPER = "journal-keys";

const session = z.string().min(1).max(128);
const turn = z.int().min(1);
const name = z.string().regex(/^[0-9a-f]{32}$/);
/** Copied: what comes from another host aliases its frame. */
const key = z
  .instanceof(Uint8Array)
  .refine(({ length }) => length === KEY_BYTES)
  .transform((value): Uint8Array => Uint8Array.from(value));

/** Both keys of a turn that begins. */
export interface Keep {
  readonly type: "keep";
  readonly session: string;
  readonly turn: number;
  readonly records: Uint8Array;
  readonly kept: Uint8Array;
  readonly replyTo: ActorRef<Kept>;
}

/** The keys of these names. */
export interface Find {
  readonly type: "find";
  readonly session: string;
  readonly names: readonly string[];
  readonly replyTo: ActorRef<Found>;
}

/** All that there are. */
export interface Pull {
  readonly type: "pull";
  readonly replyTo: ActorRef<Pulled>;
}

export type KeeperMessage = Keep | Find | Pull | { readonly type: "own-look" };

export interface Kept {
  readonly isKept: boolean;
}

export interface Found {
  readonly turns: readonly TurnKeys[];
  /** It has asked the others since it began to keep keys: what it does not have it has not lost. */
  readonly isWhole: boolean;
}

export interface Pulled {
  readonly sessions: readonly (readonly [session: string, turns: readonly TurnKeys[]])[];
}

const shownKeys = z
  .object({ turn, records: key.optional(), kept: key.optional() })
  .transform(({ turn: of, records, kept }): TurnKeys => ({ turn: of, records, kept }));
const keepSchema = z.object({ session, turn, records: key, kept: key });
const findSchema = z.object({ session, names: z.array(name).min(1).max(4) });
const keptSchema = z.object({ isKept: z.boolean() });
const foundSchema = z.object({ turns: z.array(shownKeys).max(16), isWhole: z.boolean() });
const pulledSchema = z.object({
  sessions: z.array(z.tuple([session, z.array(shownKeys).max(16)])).max(4 * LIMITS.journals),
});

export const acceptsKeeperMessage = messageKinds<KeeperMessage>(KEEPER, {
  keep: (message) => {
    const { session: of, turn: number, records, kept } = checked(keepSchema, message);
    return { type: "keep", session: of, turn: number, records, kept, replyTo: replyToOf(message) };
  },
  find: (message) => {
    const { session: of, names } = checked(findSchema, message);
    return { type: "find", session: of, names, replyTo: replyToOf(message) };
  },
  pull: (message) => ({ type: "pull", replyTo: replyToOf(message) }),
  "own-look": () => {
    throw new TypeError("it comes from nowhere but itself");
  },
});

export const keptAnswer = (answer: unknown): Kept => checked(keptSchema, answer);
export const foundAnswer = (answer: unknown): Found => checked(foundSchema, answer);
export const pulledAnswer = (answer: unknown): Pulled => checked(pulledSchema, answer);

/** Says nothing of what it was given: keys are among it. @throws TypeError */
function checked<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new TypeError("a field of it is not what it has to be");
  return parsed.data;
}
