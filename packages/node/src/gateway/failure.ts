/** What failed, over HTTP: always `{error: {code, message, nextStep, details?}}`, whoever found it. */
import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";
import type { Logger } from "pino";
import { isPeerError, PeerError, type PeerErrorCode, type PeerErrorDetails } from "../errors.ts";
import { failureOf, type StageFailure } from "../services/stage.ts";

/** The body of every answer that is no success. */
export interface FailureBody {
  readonly error: StageFailure & { readonly details?: PeerErrorDetails };
}

const MIB = 1024 * 1024;

/** Statuses of what is not this peer's own defect. 422: understood, and it did not come about. */
const STATUS_BY_CODE: Partial<Readonly<Record<PeerErrorCode, number>>> = {
  usage: 400,
  "no-such-peer": 404,
  "no-such-client": 404,
  "no-such-session": 404,
  "no-cluster-found": 404,
  "cluster-off": 409,
  "ears-shut": 409,
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
  "not-ready": 503,
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

/** A request that is not let in, or cannot be answered. */
export interface Refusal {
  readonly status: number;
  readonly failure: StageFailure;
}

/** Answers that the request is not let in. */
export function sendRefusal(reply: FastifyReply, { status, failure }: Refusal): FastifyReply {
  return reply.code(status).send({ error: failure } satisfies FailureBody);
}

/** The same where no reply was made yet: the bytes of an answer that is the last one. */
export function refusalBytes({ status, failure }: Refusal, more: readonly string[] = []): string {
  const body = JSON.stringify({ error: failure } satisfies FailureBody);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...more,
    "Connection: close",
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    "X-Content-Type-Options: nosniff",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** Answers whatever a route, or what reads requests for it, has thrown. */
export function answerFailure(error: unknown, reply: FastifyReply, log: Logger): FastifyReply {
  if (isRefusedByFastify(error)) return reply.code(error.statusCode).send(failureBody(notUsable(error, reply)));
  const status = statusOf(error);
  if (isPeerError(error, "interrupted")) log.info({ why: error.message }, "a request was given up");
  if (status === 500) log.error({ err: error }, "a request failed");
  return reply.code(status).send(failureBody(error));
}

/** A body that is no JSON, too long or of another type; a path that cannot be read. */
function isRefusedByFastify(error: unknown): error is Error & { statusCode: number } {
  if (!(error instanceof Error) || !("statusCode" in error) || typeof error.statusCode !== "number") return false;
  return error.statusCode >= 400 && error.statusCode < 500;
}

function notUsable(cause: Error, { request }: FastifyReply): PeerError {
  const limit = request.routeOptions.bodyLimit;
  const most = limit >= MIB ? `${Math.floor(limit / MIB)} MiB` : `${Math.floor(limit / 1024)} KiB`;
  // Fastify says no more of JSON with fields that would change what an object is.
  const isJson = "code" in cause && cause.code === "FST_ERR_CTP_INVALID_JSON_BODY";
  const why = isJson ? "its body is not valid JSON, or names __proto__ or constructor.prototype" : cause.message;
  return new PeerError("usage", `the request cannot be used: ${why}`, {
    nextStep: `Send JSON, as application/json, in at most ${most}.`,
    cause,
  });
}
