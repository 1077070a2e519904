/**
 * The one error type of `@parley/node`, and the exit code that each failure of the house ends a command with.
 */
import { inspect } from "node:util";
import type { AudioErrorCode } from "@parley/audio";
import type { ParleyErrorCode } from "@parley/sdk";

/** What went wrong, for programs. Codes are stable; messages are not. */
export type PeerErrorCode =
  /** A command was given something it cannot do. */
  | "usage"
  | "config-invalid"
  | "home-unusable"
  /** `parley doctor` found that something a voice turn needs is missing. */
  | "not-ready"
  /** The peer's own ears do not listen now. */
  | "ears-shut"
  | "port-in-use"
  | "no-peer"
  | "peer-refused"
  /** Another peer cannot be reached now, or the wire to it broke. */
  | "unreachable"
  /** Its certificate is vouched for by nobody who is trusted here, is for another name, or does not count now. */
  | "peer-untrusted"
  /** What came over a wire is not what peers say to each other, or longer than is allowed. */
  | "bad-frame"
  | "provider-failed"
  /** The proof of a code or secret failed: it was wrong, or somebody stood in between. */
  | "pairing-failed"
  /** Nobody may pair at this peer now. */
  | "pairing-closed"
  /** Too many tries: `details.retryAfterMs` says when the next is heard. */
  | "pairing-paused"
  /** The cluster did not let the newcomer in. */
  | "admission-refused"
  /** It is not known whether the cluster let the newcomer in; asking again is safe. */
  | "admission-unknown"
  /** The cluster has revoked this peer, for good. */
  | "revoked"
  /** The other peer sent what is no message, or not the one that was due. */
  | "peer-misbehaved"
  /** The other peer said nothing in time, or its stream ended. */
  | "peer-silent"
  /** Sealed bytes, a key or its signature do not fit. */
  | "seal-broken"
  /** The peer was told to take part in no cluster. */
  | "cluster-off"
  /** Only a peer that belongs to a cluster can do this, and this one does not. */
  | "not-member"
  /** It belongs to a cluster that holds something already. */
  | "already-member"
  /** Not enough voters of the cluster can be reached to agree on anything. */
  | "no-quorum"
  /** No peer is known by that name. */
  | "no-such-peer"
  /** No client of the house is known by that name. */
  | "no-such-client"
  | "no-such-session"
  /** No cluster was found that this peer could join. */
  | "no-cluster-found"
  /** As much waits to be delivered to the cluster as may wait. */
  | "outbox-full"
  /** A turn is too long for another host to go on with it: nothing more of it can be written down. */
  | "journal-full"
  /** What was to be written down does not fit on the disk of the peer's home. */
  | "disk-full"
  /** Where the output is led to takes nothing. */
  | "file-unwritable"
  | "interrupted"
  /** `parley chaos` has found something that the house does not survive. */
  | "not-survived"
  | "internal";

/** Values worth having in a log beside the message. Never contains what a person said, nor a secret. */
export type PeerErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** Options of {@link PeerError}. */
export interface PeerErrorOptions {
  /** What the person can do now, as a sentence. */
  readonly nextStep: string;
  readonly details?: PeerErrorDetails;
  readonly cause?: unknown;
}

/** A failure of the peer or of a command: what failed, where, and what to do next. */
export class PeerError extends Error {
  override readonly name = "PeerError";
  readonly code: PeerErrorCode;
  readonly nextStep: string;
  readonly details: PeerErrorDetails;

  constructor(code: PeerErrorCode, message: string, options: PeerErrorOptions) {
    super(message, { cause: options.cause });
    this.code = code;
    this.nextStep = options.nextStep;
    this.details = options.details ?? {};
  }
}

/** True when `error` is a {@link PeerError}, with one of `codes` when any are given. */
export function isPeerError(error: unknown, ...codes: readonly PeerErrorCode[]): error is PeerError {
  return error instanceof PeerError && (codes.length === 0 || codes.includes(error.code));
}

/** The exit codes of `parley`, in order; help and docs print this table. */
export const EXIT_CODES = [
  { code: 0, meaning: "done" },
  { code: 1, meaning: "unexpected failure: a defect of Parley; of chaos: not all was survived" },
  { code: 2, meaning: "wrong usage or configuration" },
  { code: 3, meaning: "input that cannot be used, such as broken audio" },
  { code: 4, meaning: "a model or another needed part is missing, unknown or refused" },
  { code: 5, meaning: "disk full, or a file or folder that cannot be written" },
  { code: 6, meaning: "network or download failed" },
  { code: 7, meaning: "port in use, or the peer cannot be reached or refused" },
  { code: 8, meaning: "an engine or a model provider failed" },
  { code: 130, meaning: "interrupted" },
] as const;

/** One of the codes in {@link EXIT_CODES}. */
export type ExitCode = (typeof EXIT_CODES)[number]["code"];

/** Every error code of the house with its exit code; the type check refuses a code that is left out. */
export const EXIT_CODE_BY_ERROR: Readonly<Record<PeerErrorCode | AudioErrorCode | ParleyErrorCode, ExitCode>> = {
  internal: 1,
  "not-survived": 1,
  protocol: 1,
  // Unless the peer says what failed: see exitCodeOf.
  "work-failed": 1,
  usage: 2,
  "config-invalid": 2,
  "audio-empty": 3,
  "audio-truncated": 3,
  "audio-corrupt": 3,
  "audio-unsupported": 3,
  "audio-too-long": 3,
  "no-speech": 3,
  "input-refused": 3,
  "file-unreadable": 3,
  "not-ready": 4,
  "ears-shut": 4,
  "device-missing": 4,
  "device-failed": 4,
  "device-lost": 4,
  "model-unknown": 4,
  "model-missing": 4,
  "model-corrupt": 4,
  "models-refused": 4,
  "home-unusable": 5,
  "disk-full": 5,
  "file-unwritable": 5,
  "download-failed": 6,
  "port-in-use": 7,
  "no-peer": 7,
  "peer-refused": 7,
  unreachable: 7,
  "peer-untrusted": 7,
  "bad-frame": 7,
  "cannot-connect": 7,
  "connection-lost": 7,
  "timed-out": 7,
  overloaded: 7,
  refused: 7,
  "pairing-failed": 7,
  "pairing-closed": 7,
  "pairing-paused": 7,
  "admission-refused": 7,
  "admission-unknown": 7,
  revoked: 7,
  "peer-misbehaved": 7,
  "peer-silent": 7,
  "seal-broken": 7,
  "cluster-off": 2,
  "not-member": 7,
  "already-member": 7,
  "no-quorum": 7,
  "no-such-peer": 7,
  "no-such-client": 7,
  "no-such-session": 7,
  "no-cluster-found": 7,
  "outbox-full": 7,
  "journal-full": 7,
  "provider-failed": 8,
  "engine-start-failed": 8,
  "engine-crashed": 8,
  "engine-stalled": 8,
  "engine-out-of-memory": 8,
  "engine-busy": 8,
  "engine-failed": 8,
  "engine-closed": 8,
  "job-timed-out": 8,
  "job-cancelled": 130,
  cancelled: 130,
  interrupted: 130,
};

const houseErrors = new Set(["PeerError", "AudioError", "ParleyError"]);

/**
 * The exit code a command ends with after `error`; 1 for anything that is not an error of the house. Work that failed
 * on a peer ends with the code of what failed there. Errors are told by name and code rather than by class, so that an
 * exit does not have to load the audio package.
 */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof Error) || !houseErrors.has(error.name) || !("code" in error)) return 1;
  if ("remoteCode" in error && isKnownCode(error.remoteCode)) return EXIT_CODE_BY_ERROR[error.remoteCode];
  return isKnownCode(error.code) ? EXIT_CODE_BY_ERROR[error.code] : 1;
}

function isKnownCode(code: unknown): code is keyof typeof EXIT_CODE_BY_ERROR {
  return typeof code === "string" && Object.hasOwn(EXIT_CODE_BY_ERROR, code);
}

/** How deep a thrown value is looked into for words. */
const MAX_DEPTH = 3;

/** What an unknown thrown value says, in words: libp2p and the browser's interfaces also reject with events and plain objects. */
export function messageOf(thrown: unknown): string {
  return wordsOf(thrown, MAX_DEPTH);
}

/** `thrown` itself, or an error that says the same. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown), { cause: thrown });
}

function wordsOf(thrown: unknown, depth: number): string {
  if (thrown === undefined || thrown === null || thrown === "") return "it gave no reason";
  if (typeof thrown === "string") return thrown;
  if (typeof thrown !== "object") return inspect(thrown);
  if ("message" in thrown && typeof thrown.message === "string" && thrown.message !== "") return thrown.message;
  const within = depth === 0 ? [] : withinOf(thrown);
  if (within.length > 0) return within.map((each) => wordsOf(each, depth - 1)).join("; ");
  if (thrown instanceof Error) return codeOf(thrown) || thrown.name;
  if (thrown instanceof Event) return `it ended with "${thrown.type}"`;
  return inspect(thrown, { depth: 1, breakLength: Infinity });
}

/** What lies behind an error without words of its own, such as those of all addresses that were tried, or behind an event. */
function withinOf(thrown: object): readonly unknown[] {
  if (thrown instanceof AggregateError) return thrown.errors;
  if (!(thrown instanceof Event)) return [];
  const why = "error" in thrown ? thrown.error : "reason" in thrown ? thrown.reason : undefined;
  return why === undefined || why === null || why === "" ? [] : [why];
}

/** The code of a system error, such as `ENOENT`; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Ends in a defect report when `condition` does not hold: for what the code relies on, never for what people do. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (condition) return;
  throw new PeerError("internal", `broken invariant: ${message}`, { nextStep: "Report this as a defect of Parley." });
}
