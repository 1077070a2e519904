/** Commands of the key-value machine, and their results, as bytes. */
import { invariant, RaftError } from "../../errors.ts";
import { FieldParser, Fields, type ByteText } from "./fields.ts";

/** Keys are well-formed text, values any bytes. */
export type KvCommand =
  | { readonly op: "put"; readonly key: string; readonly value: Uint8Array }
  /** Writes if the key has the value `expected`; null: if it is absent. */
  | { readonly op: "cas"; readonly key: string; readonly expected: Uint8Array | null; readonly value: Uint8Array }
  | { readonly op: "delete"; readonly key: string };

/**
 * `done`: a put; `swapped`, `mismatch`: a cas that took or did not; `deleted`, `absent`: a delete that found the key or
 * did not; `malformed`: the bytes were no command.
 */
export type KvResult = (typeof RESULTS)[number];

const RESULTS = ["done", "swapped", "mismatch", "deleted", "absent", "malformed"] as const;
const RESULT_BYTES = new Map(RESULTS.map((result, code) => [result, Uint8Array.of(code)]));

const PUT = 1;
const CAS = 2;
const CAS_ABSENT = 3;
const DELETE = 4;

/** A command as the machine carries it out. */
export type ParsedCommand =
  | { readonly op: "put"; readonly key: string; readonly value: ByteText }
  | { readonly op: "cas"; readonly key: string; readonly expected: ByteText | undefined; readonly value: ByteText }
  | { readonly op: "delete"; readonly key: string };

/**
 * One byte for the kind, key, expected value if any, and the value to the end.
 * @throws InvariantError when the key is not well-formed text.
 */
export function encodeCommand(command: KvCommand): Uint8Array {
  if (command.op === "put") return begin(PUT, command.key).rest(command.value).bytes();
  if (command.op === "delete") return begin(DELETE, command.key).bytes();
  if (command.expected === null) return begin(CAS_ABSENT, command.key).rest(command.value).bytes();
  return begin(CAS, command.key).block(command.expected).rest(command.value).bytes();
}

/** As {@link encodeCommand}. */
export function encodePut(key: string, value: Uint8Array): Uint8Array {
  return encodeCommand({ op: "put", key, value });
}

function begin(kind: number, key: string): Fields {
  invariant(key.isWellFormed(), "a key must be well-formed text");
  return new Fields().u8(kind).text(key);
}

/** Undefined when the bytes are no command. */
export function parseCommand(bytes: Uint8Array): ParsedCommand | undefined {
  const fields = new FieldParser(bytes);
  const [kind, key] = [fields.u8(), fields.text()];
  if (key === undefined) return undefined;
  if (kind === PUT) return { op: "put", key, value: fields.restText() };
  if (kind === CAS_ABSENT) return { op: "cas", key, expected: undefined, value: fields.restText() };
  if (kind === DELETE) return fields.left === 0 ? { op: "delete", key } : undefined;
  const expected = kind === CAS ? fields.byteText() : undefined;
  return expected === undefined ? undefined : { op: "cas", key, expected, value: fields.restText() };
}

/** One byte. The same array for equal results: not to be written to. */
export function encodeResult(result: KvResult): Uint8Array {
  return RESULT_BYTES.get(result) ?? Uint8Array.of(RESULTS.indexOf(result));
}

/** @throws RaftError `corrupt` when the bytes are no result. */
export function decodeResult(bytes: Uint8Array): KvResult {
  const result = bytes.length === 1 ? RESULTS[bytes[0] ?? -1] : undefined;
  if (result === undefined) throw new RaftError("corrupt", "not a result of the key-value machine");
  return result;
}
