/** What a client did to one key, and how it ended: one line of a history. */
import { RaftError } from "../../errors.ts";

/** An operation on a register; keys hold nothing (null) when the history begins. */
export interface Operation {
  readonly client: number;
  readonly op: "put" | "get" | "cas";
  readonly key: string;
  /** What `put` and `cas` write; "" for `get`. */
  readonly value: string;
  /** What `cas` compares with, null: that the key is absent; null for the others. */
  readonly expected: string | null;
  /** `get`: the value read, null when absent; `cas`: whether it took; null for `put` and whenever the answer is not known. */
  readonly output: string | boolean | null;
  /** Nanoseconds of one monotonic clock. */
  readonly call: number;
  /** Null when no answer came. */
  readonly return: number | null;
  /** It may take effect at any time after the call, or never; `return` does not bound it. */
  readonly unknown: boolean;
  /** It certainly did nothing. */
  readonly fail: boolean;
}

/** One line of JSON, without the line's end. */
export function formatOperation(operation: Operation): string {
  const { client, op, key, value, expected, output, call, unknown, fail } = operation;
  return JSON.stringify({ client, op, key, value, expected, output, call, return: operation.return, unknown, fail });
}

/**
 * Reads a line. Fields that an operation does not use may be absent, and so may those that are null or false. One that
 * has neither returned nor failed is unknown.
 * @throws RaftError `corrupt`, naming `where`.
 */
export function parseOperation(line: string, where = "history"): Operation {
  const refuse = (why: string, options?: ErrorOptions): never => {
    throw new RaftError("corrupt", `${where}: ${why}`, options);
  };
  const fields = parseObject(line, refuse);
  const { client, op, key, call } = fields;
  const ended = fields["return"] ?? null;
  const [fail, marked] = [fields["fail"] ?? false, fields["unknown"] ?? false];
  if (typeof client !== "number" || !Number.isSafeInteger(client)) return refuse("client is no whole number");
  if (op !== "put" && op !== "get" && op !== "cas") return refuse("op is none of put, get, cas");
  if (typeof key !== "string") return refuse("key is no string");
  if (typeof call !== "number") return refuse("call is no number");
  if (ended !== null && typeof ended !== "number") return refuse("return is neither a number nor null");
  if (typeof fail !== "boolean" || typeof marked !== "boolean") return refuse("unknown and fail are true or false");
  if (fail && marked) return refuse("an operation cannot be both unknown and failed");
  if (ended !== null && ended < call) return refuse("it returned before it was called");
  const unknown = marked || (ended === null && !fail);
  const told = readArguments(fields, op, fail || unknown, refuse);
  return { client, op, key, ...told, call, return: ended, unknown, fail };
}

/** Reads lines; empty ones are passed over. @throws RaftError `corrupt`, naming the line. */
export async function readHistory(lines: AsyncIterable<string> | Iterable<string>): Promise<Operation[]> {
  const history: Operation[] = [];
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() !== "") history.push(parseOperation(line, `line ${number}`));
  }
  return history;
}

type Refuse = (why: string, options?: ErrorOptions) => never;

function parseObject(line: string, refuse: Refuse): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    return refuse("not JSON", { cause: error });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return refuse("not an object");
  return { ...parsed };
}

function readArguments(
  fields: Record<string, unknown>,
  op: Operation["op"],
  isOpen: boolean,
  refuse: Refuse,
): Pick<Operation, "value" | "expected" | "output"> {
  const { value } = fields;
  const [expected, output] = [fields["expected"] ?? null, fields["output"] ?? null];
  if (op === "get") {
    if (output !== null && typeof output !== "string") return refuse("the output of a get is a string or null");
    return { value: "", expected: null, output: isOpen ? null : output };
  }
  if (typeof value !== "string") return refuse(`the value of a ${op} is a string`);
  if (op === "put") return { value, expected: null, output: null };
  if (expected !== null && typeof expected !== "string") return refuse("expected is a string or null");
  if (isOpen) return { value, expected, output: null };
  if (typeof output !== "boolean") return refuse("the output of a cas is true or false");
  return { value, expected, output };
}
