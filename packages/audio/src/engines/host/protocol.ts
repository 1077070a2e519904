/**
 * What a parent and its engine host say to each other. Both sides check every message on receipt: a host with a broken
 * engine inside must not be able to confuse its parent.
 *
 * A job is one call with a stream of values each way. Streams are bounded by credit: a sender may have {@link WINDOW}
 * values under way and waits until the receiver has consumed some. The result or the error of a job also ends its output.
 */
import { z } from "zod";
import { AudioError, type AudioErrorCode, type ErrorDetails } from "../../errors.ts";

/** Values that may be under way in one direction of one job before the sender waits for credit. */
export const WINDOW = 16;

/** The largest message, in bytes: about 17 minutes of speech at 16 kHz. Longer audio is streamed in chunks. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** The file descriptor of the message socket in the child. */
export const CHANNEL_FD = 3;

/** The codes an engine may fail with; anything else it throws is `engine-failed`. */
const ENGINE_ERROR_CODES = [
  "engine-failed",
  "engine-start-failed",
  "job-cancelled",
  "job-timed-out",
  "input-refused",
  "model-missing",
  "model-corrupt",
  "file-unreadable",
] as const satisfies readonly AudioErrorCode[];

const jobId = z.number().int().positive();
const credit = z.object({ type: z.literal("credit"), job: jobId, count: z.number().int().min(1).max(WINDOW) });
const data = z.object({ type: z.literal("data"), job: jobId, value: z.unknown() });

const wireError = z.object({
  code: z.enum(ENGINE_ERROR_CODES),
  message: z.string().max(10_000),
  nextStep: z.string().max(10_000),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

/** An {@link AudioError} on its way between processes. */
export type WireError = z.infer<typeof wireError>;

const toChild = z.discriminatedUnion("type", [
  z.object({ type: z.literal("start"), name: z.string(), module: z.url(), options: z.unknown() }),
  z.object({ type: z.literal("open"), job: jobId, method: z.string(), params: z.unknown() }),
  data,
  z.object({ type: z.literal("end"), job: jobId }),
  credit,
  z.object({ type: z.literal("cancel"), job: jobId, timedOut: z.boolean() }),
  z.object({ type: z.literal("ping"), id: z.number().int() }),
  z.object({ type: z.literal("shutdown") }),
]);

const toParent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), info: z.record(z.string(), z.unknown()) }),
  z.object({ type: z.literal("start-failed"), error: wireError }),
  data,
  credit,
  z.object({ type: z.literal("done"), job: jobId, result: z.unknown() }),
  z.object({ type: z.literal("failed"), job: jobId, error: wireError }),
  z.object({
    type: z.literal("pong"),
    id: z.number().int(),
    rssBytes: z.number().nonnegative(),
    running: z.number().int().nonnegative(),
  }),
]);

/** From the parent to its host. */
export type ToChild = z.infer<typeof toChild>;
/** From the host to its parent. */
export type ToParent = z.infer<typeof toParent>;

/** `value` as a message to the child, or why it is none. */
export function parseToChild(value: unknown): ToChild | ProtocolBreach {
  const parsed = toChild.safeParse(value);
  return parsed.success ? parsed.data : new ProtocolBreach(z.prettifyError(parsed.error));
}

/** `value` as a message to the parent, or why it is none. */
export function parseToParent(value: unknown): ToParent | ProtocolBreach {
  const parsed = toParent.safeParse(value);
  return parsed.success ? parsed.data : new ProtocolBreach(z.prettifyError(parsed.error));
}

/** The other side said something the protocol does not allow. The connection is of no use afterwards. */
export class ProtocolBreach extends Error {
  override readonly name = "ProtocolBreach";
}

/** What an engine threw, ready to be sent. An AudioError keeps its code when it is one an engine may use. */
export function toWireError(thrown: unknown): WireError {
  if (thrown instanceof AudioError) {
    const code = ENGINE_ERROR_CODES.find((known) => known === thrown.code) ?? "engine-failed";
    return { code, message: thrown.message, nextStep: thrown.nextStep, details: { ...thrown.details } };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: "engine-failed",
    message: message.slice(0, 10_000),
    nextStep: "Try again; if it fails again with other input too, reinstall the model and report the message above.",
    details: {},
  };
}

/** The error of an engine as its parent throws it, with the host's name in front of the message. */
export function fromWireError(error: WireError, hostName: string): AudioError {
  const details: ErrorDetails = { ...error.details, host: hostName };
  return new AudioError(error.code, `${hostName}: ${error.message}`, { nextStep: error.nextStep, details });
}
