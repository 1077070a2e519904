/** What failed, over HTTP. */
import type { FastifyReply } from "fastify";
import { isPeerError, type PeerErrorCode, type PeerErrorDetails } from "../errors.ts";
import { failureOf, type StageFailure } from "../services/stage.ts";

/** The body of every answer that is no success. */
export interface FailureBody {
  readonly error: StageFailure & { readonly details?: PeerErrorDetails };
}

/** Statuses of what is not this peer's own defect. 422: understood, and it did not come about. */
const STATUS_BY_CODE: Partial<Readonly<Record<PeerErrorCode, number>>> = {
  usage: 400,
  "no-such-peer": 404,
  "no-cluster-found": 404,
  "cluster-off": 409,
  "not-member": 409,
  "already-member": 409,
  "pairing-closed": 409,
  "pairing-failed": 422,
  "admission-refused": 422,
  interrupted: 422,
  "pairing-paused": 429,
  unreachable: 502,
  "admission-unknown": 502,
  revoked: 422,
  "bad-frame": 502,
  "peer-misbehaved": 502,
  "seal-broken": 502,
  "no-quorum": 503,
  "outbox-full": 503,
  "disk-full": 507,
  "peer-silent": 504,
};

/** What an error is as a status. */
export function statusOf(error: unknown): number {
  return (isPeerError(error) ? STATUS_BY_CODE[error.code] : undefined) ?? 500;
}

/** An error as the body of an answer. */
export function failureBody(error: unknown): FailureBody {
  const hasDetails = isPeerError(error) && Object.keys(error.details).length > 0;
  return { error: { ...failureOf(error), ...(hasDetails ? { details: error.details } : {}) } };
}

/** Answers that the request is not let in. */
export function sendRefusal(reply: FastifyReply, status: number, failure: StageFailure): FastifyReply {
  return reply.code(status).send({ error: failure } satisfies FailureBody);
}
