/**
 * What clients and the nodes of the harness say to each other: many requests under way on one connection, each with an id
 * that its answers carry; answers come in any order.
 *
 *     request  u8 kind · u32 id · fields of the kind        answer  u8 kind · u32 id · fields of the kind
 */
import { RaftError } from "../../errors.ts";
import type { ProposalOutcome, RefusalReason, Refused, SessionOutcome, Unknown } from "../../driver/outcome.ts";
import type { SessionTag } from "../../driver/node.ts";
import { bytesSize, FieldReader, FieldWriter } from "./fields.ts";
import type { FrameWriter } from "./frames.ts";

/** `stale`: what this node has applied, whatever others have. */
export type Consistency = "linearizable" | "stale";

export type Request =
  | {
      readonly kind: "propose";
      readonly id: number;
      readonly timeoutMs: number;
      /** Whether a follower passes it on. */
      readonly forward: boolean;
      readonly session: SessionTag | undefined;
      /** Of the state machine. */
      readonly command: Uint8Array;
    }
  | {
      readonly kind: "read";
      readonly id: number;
      readonly timeoutMs: number;
      readonly consistency: Consistency;
      /** Of the state machine; the answer's `value` too. */
      readonly query: Uint8Array;
    }
  /** Events follow under this id until `unwatch` with the same id, or the end of the connection. */
  | { readonly kind: "watch"; readonly id: number; readonly watch: Uint8Array }
  | { readonly kind: "unwatch"; readonly id: number }
  | { readonly kind: "open-session"; readonly id: number; readonly timeoutMs: number }
  /** Everything that is rare, as JSON: see `control.ts`. */
  | { readonly kind: "control"; readonly id: number; readonly body: Uint8Array };

export type Answer =
  /** To `propose`, `open-session`, and a `read` that was not done. */
  | { readonly kind: "outcome"; readonly id: number; readonly outcome: WireOutcome }
  /** To `read`: the state as of `index`, or of a later one. */
  | { readonly kind: "value"; readonly id: number; readonly index: number; readonly value: Uint8Array }
  /** To `watch`, once it is in force; `index` is what was applied before. */
  | { readonly kind: "watching"; readonly id: number; readonly index: number }
  | { readonly kind: "event"; readonly id: number; readonly event: Uint8Array }
  | { readonly kind: "control"; readonly id: number; readonly body: Uint8Array }
  /** The request makes no sense, or failed in a way that has no outcome. */
  | { readonly kind: "error"; readonly id: number; readonly message: string };

export type WireOutcome = ProposalOutcome | SessionOutcome;

/** Places in these lists are the wire's numbers. */
const REQUESTS = ["propose", "read", "watch", "unwatch", "open-session", "control"] as const;
const ANSWERS = ["outcome", "value", "watching", "event", "control", "error"] as const;
const OUTCOMES = ["committed", "refused", "not-leader", "unknown", "opened"] as const;
const REFUSALS: readonly RefusalReason[] = [
  "overloaded",
  "superseded",
  "transferring",
  "deadline",
  "stopped",
  "too-large",
  "session-expired",
  "already-acknowledged",
  "bad-membership-change",
  "bad-transferee",
];
const UNKNOWNS: readonly Unknown["reason"][] = ["deadline", "stopped", "overtaken-by-snapshot"];
const HEAD_BYTES = 1 + 4;
const FORWARD = 1;
const SESSION = 2;
const TEXT = new TextEncoder();

function head(out: FrameWriter, kinds: readonly string[], kind: string, id: number, bytes: number): FieldWriter {
  return new FieldWriter(out.frame(HEAD_BYTES + bytes)).u8(kinds.indexOf(kind)).u32(id);
}

export function writeRequest(out: FrameWriter, request: Request): void {
  const { kind, id } = request;
  switch (kind) {
    case "propose": {
      const { session, command } = request;
      const sessionBytes = session === undefined ? 0 : 3 * 8;
      const fields = head(out, REQUESTS, kind, id, 1 + 4 + sessionBytes + bytesSize(command.length));
      fields.u8((request.forward ? FORWARD : 0) | (session === undefined ? 0 : SESSION)).u32(request.timeoutMs);
      if (session !== undefined) fields.f64(session.session).f64(session.sequence).f64(session.acknowledged);
      fields.bytes(command);
      return;
    }
    case "read": {
      const fields = head(out, REQUESTS, kind, id, 4 + 1 + bytesSize(request.query.length));
      fields.u32(request.timeoutMs).u8(request.consistency === "stale" ? 1 : 0);
      fields.bytes(request.query);
      return;
    }
    case "watch":
      head(out, REQUESTS, kind, id, bytesSize(request.watch.length)).bytes(request.watch);
      return;
    case "unwatch":
      head(out, REQUESTS, kind, id, 0);
      return;
    case "open-session":
      head(out, REQUESTS, kind, id, 4).u32(request.timeoutMs);
      return;
    case "control":
      head(out, REQUESTS, kind, id, bytesSize(request.body.length)).bytes(request.body);
      return;
    default:
      kind satisfies never;
  }
}

/** @throws RaftError `corrupt`. */
export function readRequest(frame: Buffer): Request {
  const fields = new FieldReader(frame);
  const kind = nth(REQUESTS, fields.u8());
  const id = fields.u32();
  const request = requestOf(kind, id, fields);
  fields.end();
  return request;
}

function requestOf(kind: Request["kind"], id: number, fields: FieldReader): Request {
  switch (kind) {
    case "propose": {
      const flags = fields.u8();
      const timeoutMs = fields.u32();
      const session =
        (flags & SESSION) === 0
          ? undefined
          : { session: fields.f64(), sequence: fields.f64(), acknowledged: fields.f64() };
      return { kind, id, timeoutMs, forward: (flags & FORWARD) !== 0, session, command: fields.bytes() };
    }
    case "read": {
      const timeoutMs = fields.u32();
      const consistency = nth(["linearizable", "stale"] as const, fields.u8());
      return { kind, id, timeoutMs, consistency, query: fields.bytes() };
    }
    case "watch":
      return { kind, id, watch: fields.bytes() };
    case "unwatch":
      return { kind, id };
    case "open-session":
      return { kind, id, timeoutMs: fields.u32() };
    case "control":
      return { kind, id, body: fields.bytes() };
    default:
      return kind satisfies never;
  }
}

export function writeAnswer(out: FrameWriter, answer: Answer): void {
  const { kind, id } = answer;
  switch (kind) {
    case "outcome":
      writeOutcome(out, id, answer.outcome);
      return;
    case "value":
      head(out, ANSWERS, kind, id, 8 + bytesSize(answer.value.length))
        .f64(answer.index)
        .bytes(answer.value);
      return;
    case "watching":
      head(out, ANSWERS, kind, id, 8).f64(answer.index);
      return;
    case "event":
      head(out, ANSWERS, kind, id, bytesSize(answer.event.length)).bytes(answer.event);
      return;
    case "control":
      head(out, ANSWERS, kind, id, bytesSize(answer.body.length)).bytes(answer.body);
      return;
    case "error": {
      const message = TEXT.encode(answer.message);
      head(out, ANSWERS, kind, id, bytesSize(message.length)).bytes(message);
      return;
    }
    default:
      kind satisfies never;
  }
}

function writeOutcome(out: FrameWriter, id: number, outcome: WireOutcome): void {
  const begin = (bytes: number): FieldWriter =>
    head(out, ANSWERS, "outcome", id, 1 + bytes).u8(OUTCOMES.indexOf(outcome.outcome));
  switch (outcome.outcome) {
    case "committed":
      begin(8 + 8 + bytesSize(outcome.result.length))
        .f64(outcome.index)
        .f64(outcome.term)
        .bytes(outcome.result);
      return;
    case "not-leader":
      begin(8).f64(outcome.leader ?? 0);
      return;
    case "opened":
      begin(8).f64(outcome.session);
      return;
    case "refused":
    case "unknown": {
      const detail = TEXT.encode(outcome.detail);
      const reason =
        outcome.outcome === "refused" ? REFUSALS.indexOf(outcome.reason) : UNKNOWNS.indexOf(outcome.reason);
      begin(1 + bytesSize(detail.length))
        .u8(reason)
        .bytes(detail);
      return;
    }
    default:
      outcome satisfies never;
  }
}

/** @throws RaftError `corrupt`. */
export function readAnswer(frame: Buffer): Answer {
  const fields = new FieldReader(frame);
  const kind = nth(ANSWERS, fields.u8());
  const id = fields.u32();
  const answer = answerOf(kind, id, fields);
  fields.end();
  return answer;
}

function answerOf(kind: Answer["kind"], id: number, fields: FieldReader): Answer {
  switch (kind) {
    case "outcome":
      return { kind, id, outcome: outcomeOf(fields) };
    case "value":
      return { kind, id, index: fields.f64(), value: fields.bytes() };
    case "watching":
      return { kind, id, index: fields.f64() };
    case "event":
      return { kind, id, event: fields.bytes() };
    case "control":
      return { kind, id, body: fields.bytes() };
    case "error":
      return { kind, id, message: fields.text() };
    default:
      return kind satisfies never;
  }
}

function outcomeOf(fields: FieldReader): WireOutcome {
  const outcome = nth(OUTCOMES, fields.u8());
  switch (outcome) {
    case "committed":
      return { outcome, index: fields.f64(), term: fields.f64(), result: fields.bytes() };
    case "not-leader": {
      const leader = fields.f64();
      return { outcome, leader: leader === 0 ? undefined : leader };
    }
    case "opened":
      return { outcome, session: fields.f64() };
    case "refused":
      return { outcome, reason: nth(REFUSALS, fields.u8()), detail: fields.text() } satisfies Refused;
    case "unknown":
      return { outcome, reason: nth(UNKNOWNS, fields.u8()), detail: fields.text() } satisfies Unknown;
    default:
      return outcome satisfies never;
  }
}

function nth<T>(list: readonly T[], place: number): T {
  const found = list[place];
  if (found === undefined) throw new RaftError("corrupt", `a frame does not decode: ${place} stands for nothing here`);
  return found;
}
