/** What the peer answers about its cluster, as far as commands show it. */
import * as z from "zod";
import { PeerError } from "../../errors.ts";

export const peerSchema = z.object({
  peerId: z.string(),
  name: z.string(),
  role: z.enum(["voter", "learner", "joining"]),
  isPrime: z.boolean(),
  isSelf: z.boolean(),
  isOnline: z.boolean(),
  isDraining: z.boolean().default(false),
  lastSeenMs: z.number().optional(),
  roundTripMs: z.number().optional(),
  addresses: z.array(z.string()),
  version: z.string().optional(),
  platform: z.string().optional(),
});
export type Peer = z.output<typeof peerSchema>;

export const windowSchema = z.object({
  code: z.string(),
  expiresAtMs: z.number(),
  triesLeft: z.number(),
  uri: z.string(),
});
/** An open window as everybody may see it: without its code. */
const openWindowSchema = windowSchema.pick({ expiresAtMs: true, triesLeft: true });
export type OpenWindow = z.output<typeof openWindowSchema>;
export type Window = z.output<typeof windowSchema>;

const namesakeSchema = z.object({ name: z.string(), fingerprint: z.string(), isMember: z.boolean() });
export const waitingPeerSchema = z.object({
  peerId: z.string(),
  name: z.string(),
  fingerprint: z.string(),
  namesakes: z.array(namesakeSchema).default([]),
});
export type WaitingPeer = z.output<typeof waitingPeerSchema>;

export const metSchema = z.object({
  clusterId: z.string(),
  name: z.string(),
  fingerprint: z.string(),
  hasApproved: z.boolean(),
});

const takesPartSchema = z.object({
  name: z.string(),
  isOnline: z.boolean(),
  isAsleep: z.boolean(),
  losesVoteBy: z.enum(["leaving", "revocation"]).nullable().default(null),
  lag: z.number().nullable(),
});
export type TakesPart = z.output<typeof takesPartSchema>;

/** What is said of a cluster: see cluster/status. */
export const explanationSchema = z.object({
  state: z.string(),
  prime: z.object({ name: z.string() }).nullable().default(null),
  term: z.number().nullable().default(null),
  voters: z.array(takesPartSchema).default([]),
  learners: z.array(takesPartSchema).default([]),
  sentences: z.array(z.string()),
  nextSteps: z.array(z.string()),
  /** Why this peer cannot take part, though it should. */
  trouble: z.string().optional(),
});

export const reportSchema = z.object({
  belonging: z.string(),
  peerId: z.string(),
  fingerprint: z.string(),
  clusterId: z.string().nullable(),
  status: explanationSchema,
  met: z.array(metSchema),
  waiting: z.array(waitingPeerSchema),
  pairing: openWindowSchema.nullable().default(null),
});
export type Report = z.output<typeof reportSchema>;

export const peersAnswer = z.object({ peers: z.array(peerSchema) });
const departedSchema = z.object({
  fingerprint: z.string(),
  name: z.string().optional(),
  how: z.enum(["left", "revoked"]),
  atMs: z.number().optional(),
  by: z.string().optional(),
});
export type Departed = z.output<typeof departedSchema>;
export const departedAnswer = z.object({ departed: z.array(departedSchema) });
export const pairingAnswer = z.object({ pairing: windowSchema.nullable(), ended: z.string().nullable() });
export const waitingAnswer = z.object({ waiting: z.array(waitingPeerSchema) });
export const approveAnswer = z.object({ peer: peerSchema.nullable() });
/** Of what ends with belonging to a cluster, or not. */
export const joinAnswer = z.object({ belonging: z.string(), clusterId: z.string().nullable() });
export const leaveAnswer = z.object({
  belonging: z.string(),
  isAgreed: z.boolean(),
  /** Writes that waited to be delivered. */
  dropped: z.number(),
});
export const settingsAnswer = z.object({ settings: z.record(z.string(), z.string()) });
/** Of a write that may have to wait: then `delivery` is null. */
export const writeAnswer = z.object({
  id: z.string(),
  delivery: z.object({ outcome: z.string(), detail: z.string().optional() }).nullable(),
});
/** Of a choice: whether there had been one before, as far as that peer knew. */
export const settingAnswer = writeAnswer.extend({ wasSet: z.boolean().default(true) });
/** How a peer hands over what it does: see services/drain. */
export const drainSchema = z.object({
  isDraining: z.boolean(),
  phase: z.enum(["leading", "finishing", "moving", "sending", "done"]).nullable(),
  mayStop: z.boolean(),
  isPrime: z.boolean(),
  isVoter: z.boolean(),
  left: z.object({ clients: z.number(), sessions: z.number(), jobs: z.number() }),
});
const namedDrainSchema = drainSchema.extend({ peerId: z.string(), name: z.string() });
export type DrainState = z.output<typeof namedDrainSchema>;
export const drainAnswer = z.object({ drain: namedDrainSchema });
const revocationSchema = z.object({
  peerId: z.string(),
  name: z.string(),
  /** Peer ids. */
  appliedBy: z.array(z.string()),
  notYetAppliedBy: z.array(z.string()),
});
export type Revocation = z.output<typeof revocationSchema>;
export const revokeAnswer = z.object({ revocation: revocationSchema });

/** @throws PeerError `peer-refused` when the peer speaks otherwise than this command */
export function read<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new PeerError("peer-refused", "the peer gave an answer that this command does not know", {
    nextStep: "Run the command of the same version as the peer (parley --version, parley status).",
    cause: parsed.error,
  });
}
