/**
 * Membership changes as they stand in the log. Their bytes are Protocol Buffers with etcd's field numbers, so that logs
 * and test scripts can be compared with other implementations:
 *
 *     v1  1 id · 2 type · 3 node · 4 context          v2  1 transition · 2 changes {1 type · 2 node} · 3 context
 */
import { RaftError } from "../errors.ts";
import type { Entry, NodeId, ProposedEntry } from "./types.ts";

export type ConfChangeOperation = "add-voter" | "remove" | "update" | "add-learner";

/** One step of a change. */
export interface ConfChangeStep {
  readonly operation: ConfChangeOperation;
  readonly node: NodeId;
}

/**
 * How a change of several steps goes through its joint configuration. `auto`: joint only when there is more than one
 * step. `implicit`: joint, left by itself. `explicit`: joint until an empty change leaves it.
 */
export type Transition = "auto" | "implicit" | "explicit";

/** A membership change; without steps and with transition `auto` it leaves a joint configuration. */
export interface ConfChange {
  readonly transition: Transition;
  readonly steps: readonly ConfChangeStep[];
  readonly context: Uint8Array;
}

const OPERATIONS: readonly ConfChangeOperation[] = ["add-voter", "remove", "update", "add-learner"];
const TRANSITIONS: readonly Transition[] = ["auto", "implicit", "explicit"];
const NOTHING = new Uint8Array();

/** The change that leaves a joint configuration. */
export const LEAVE_JOINT: ConfChange = { transition: "auto", steps: [], context: NOTHING };

/** Whether `change` only leaves a joint configuration. */
export function leavesJoint(change: ConfChange): boolean {
  return change.transition === "auto" && change.steps.length === 0;
}

/** Whether `change` goes through a joint configuration, and if so whether that is left by itself. */
export function entersJoint(change: ConfChange): { readonly autoLeave: boolean } | undefined {
  if (change.transition === "auto" && change.steps.length <= 1) return undefined;
  return { autoLeave: change.transition !== "explicit" };
}

/** The entry that proposes `change`. */
export function confChangeEntry(change: ConfChange): ProposedEntry {
  const out: number[] = [];
  // The change that leaves a joint configuration by itself is the empty message.
  if (change !== LEAVE_JOINT) {
    varintField(out, 1, TRANSITIONS.indexOf(change.transition));
    for (const { operation, node } of change.steps) {
      const step: number[] = [];
      varintField(step, 1, OPERATIONS.indexOf(operation));
      varintField(step, 2, node);
      bytesField(out, 2, step);
    }
    if (change.context.length > 0) bytesField(out, 3, change.context);
  }
  return { type: "conf-change-v2", data: Uint8Array.from(out) };
}

/** The entry of the older, single-step form. */
export function singleChangeEntry(step: ConfChangeStep, context: Uint8Array = NOTHING): ProposedEntry {
  const out: number[] = [];
  varintField(out, 2, OPERATIONS.indexOf(step.operation));
  varintField(out, 3, step.node);
  if (context.length > 0) bytesField(out, 4, context);
  return { type: "conf-change", data: Uint8Array.from(out) };
}

/** The change that `entry` holds; undefined for normal entries. @throws RaftError `corrupt`. */
export function readConfChange(entry: Entry | ProposedEntry): ConfChange | undefined {
  if (entry.type === "normal") return undefined;
  const fields = readFields(entry.data);
  if (entry.type === "conf-change") {
    const step = { operation: operationOf(fields.numbers.get(2)), node: fields.numbers.get(3) ?? 0 };
    return { transition: "auto", steps: [step], context: fields.bytes.get(4)?.[0] ?? NOTHING };
  }
  const steps = (fields.bytes.get(2) ?? []).map((bytes) => {
    const { numbers } = readFields(bytes);
    return { operation: operationOf(numbers.get(1)), node: numbers.get(2) ?? 0 };
  });
  const transition = TRANSITIONS[fields.numbers.get(1) ?? 0];
  if (transition === undefined) throw corrupt("an unknown transition");
  return { transition, steps, context: fields.bytes.get(3)?.[0] ?? NOTHING };
}

function operationOf(value: number | undefined): ConfChangeOperation {
  const operation = OPERATIONS[value ?? 0];
  if (operation === undefined) throw corrupt(`operation ${value}`);
  return operation;
}

function varint(out: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

function varintField(out: number[], field: number, value: number): void {
  varint(out, field << 3);
  varint(out, value);
}

function bytesField(out: number[], field: number, bytes: Iterable<number> & { readonly length: number }): void {
  varint(out, (field << 3) | 2);
  varint(out, bytes.length);
  for (const byte of bytes) out.push(byte);
}

interface Fields {
  readonly numbers: ReadonlyMap<number, number>;
  readonly bytes: ReadonlyMap<number, readonly Uint8Array[]>;
}

function readFields(data: Uint8Array): Fields {
  const numbers = new Map<number, number>();
  const bytes = new Map<number, Uint8Array[]>();
  let at = 0;
  const next = (): number => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = data[at];
      if (byte === undefined) throw corrupt("it ends in the middle of a number");
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
      scale *= 0x80;
    }
    if (!Number.isSafeInteger(value)) throw corrupt("a number is too large");
    return value;
  };
  while (at < data.length) {
    const key = next();
    const field = Math.floor(key / 8);
    if (key % 8 === 0) {
      numbers.set(field, next());
    } else if (key % 8 === 2) {
      const length = next();
      if (at + length > data.length) throw corrupt("it ends in the middle of a field");
      bytes.set(field, [...(bytes.get(field) ?? []), data.subarray(at, at + length)]);
      at += length;
    } else {
      throw corrupt(`field ${field} is of an unknown kind`);
    }
  }
  return { numbers, bytes };
}

function corrupt(why: string): RaftError {
  return new RaftError("corrupt", `a membership change does not decode: ${why}`);
}
