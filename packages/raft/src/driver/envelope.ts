/**
 * What stands in a normal entry: a command with its name, so that whoever proposed it knows it again when it is applied.
 *
 *     kind (1 byte) · origin (8) · number (8) · [session · sequence · acknowledged (8 each)] · [limit (8)] · command
 *
 * Numbers are little-endian doubles, which hold safe integers exactly. A new leader's entry is empty, not an envelope.
 */
import { RaftError } from "../errors.ts";
import type { SessionTag } from "./node.ts";

/** Names a proposal: drawn once for each life of a node, and counted within it. */
export interface ProposalName {
  readonly origin: number;
  readonly number: number;
}

export type Envelope = ProposalName &
  (
    | { readonly kind: "command"; readonly session: SessionTag | undefined; readonly command: Uint8Array }
    /** `limit`: how many sessions are kept. It stands in the log, so that all nodes give up the same ones. */
    | { readonly kind: "open-session"; readonly limit: number }
  );

const COMMAND = 1;
const SESSION_COMMAND = 2;
const OPEN_SESSION = 3;

const NAME_BYTES = 16;
const COMMAND_OFFSET = 1 + NAME_BYTES;
const SESSION_COMMAND_OFFSET = COMMAND_OFFSET + 24;
const OPEN_SESSION_BYTES = COMMAND_OFFSET + 8;

/** Bytes that an envelope adds to a command, at most. */
export const ENVELOPE_BYTES = SESSION_COMMAND_OFFSET;

function writer(kind: number, { origin, number }: ProposalName, bytes: number): { out: Uint8Array; view: DataView } {
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  out[0] = kind;
  view.setFloat64(1, origin, true);
  view.setFloat64(9, number, true);
  return { out, view };
}

export function commandEnvelope(name: ProposalName, command: Uint8Array, tag: SessionTag | undefined): Uint8Array {
  if (tag === undefined) {
    const { out } = writer(COMMAND, name, COMMAND_OFFSET + command.length);
    out.set(command, COMMAND_OFFSET);
    return out;
  }
  const { out, view } = writer(SESSION_COMMAND, name, SESSION_COMMAND_OFFSET + command.length);
  view.setFloat64(COMMAND_OFFSET, tag.session, true);
  view.setFloat64(COMMAND_OFFSET + 8, tag.sequence, true);
  view.setFloat64(COMMAND_OFFSET + 16, tag.acknowledged, true);
  out.set(command, SESSION_COMMAND_OFFSET);
  return out;
}

export function openSessionEnvelope(name: ProposalName, limit: number): Uint8Array {
  const { out, view } = writer(OPEN_SESSION, name, OPEN_SESSION_BYTES);
  view.setFloat64(COMMAND_OFFSET, limit, true);
  return out;
}

/** The context of a membership change that was proposed under `name`. */
export function nameBytes({ origin, number }: ProposalName): Uint8Array {
  const out = new Uint8Array(NAME_BYTES);
  const view = new DataView(out.buffer);
  view.setFloat64(0, origin, true);
  view.setFloat64(8, number, true);
  return out;
}

/** Undefined for a context that is no name. */
export function readName(context: Uint8Array): ProposalName | undefined {
  if (context.length !== NAME_BYTES) return undefined;
  const view = new DataView(context.buffer, context.byteOffset, context.length);
  return { origin: view.getFloat64(0, true), number: view.getFloat64(8, true) };
}

/** @throws RaftError `unknown-format`: a newer version wrote it, and applying it blindly would fork the state. */
export function readEnvelope(data: Uint8Array): Envelope {
  const [kind] = data;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const least =
    kind === COMMAND ? COMMAND_OFFSET : kind === SESSION_COMMAND ? SESSION_COMMAND_OFFSET : OPEN_SESSION_BYTES;
  const isKnown = kind === COMMAND || kind === SESSION_COMMAND || kind === OPEN_SESSION;
  if (!isKnown || data.length < least) {
    throw new RaftError(
      "unknown-format",
      `an entry of kind ${kind ?? "none"} and ${data.length} bytes is not known here`,
    );
  }
  const name = { origin: view.getFloat64(1, true), number: view.getFloat64(9, true) };
  if (kind === OPEN_SESSION) return { ...name, kind: "open-session", limit: view.getFloat64(COMMAND_OFFSET, true) };
  if (kind === COMMAND) {
    return { ...name, kind: "command", session: undefined, command: data.subarray(COMMAND_OFFSET) };
  }
  const session = {
    session: view.getFloat64(COMMAND_OFFSET, true),
    sequence: view.getFloat64(COMMAND_OFFSET + 8, true),
    acknowledged: view.getFloat64(COMMAND_OFFSET + 16, true),
  };
  return { ...name, kind: "command", session, command: data.subarray(SESSION_COMMAND_OFFSET) };
}
