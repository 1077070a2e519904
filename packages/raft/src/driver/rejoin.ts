/**
 * How a node comes back whose log lost what it had acknowledged. It may have forgotten a vote, so it must not vote before
 * the others have agreed to do without it, and with it again:
 *
 * 1. It tells the leader that its log is in doubt, under a number drawn for this life (`log-lost`).
 * 2. The leader makes it a learner; that entry carries the number.
 * 3. When it has caught up, the leader makes it a voter again. It has then applied an entry that was committed after the
 *    others stopped counting on it, and no vote of the past can be asked of it any more: the doubt is settled.
 *
 * The number keeps entries of an earlier such episode, replayed to a log that lost them, from settling this one.
 */
import type { ConfChange } from "../core/conf-change.ts";
import { message, NONE, type ConfState, type Message, type NodeId } from "../core/types.ts";

const MARK = new TextEncoder().encode("log in doubt");
const NUMBER_BYTES = 8;

function numberBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(NUMBER_BYTES);
  new DataView(bytes.buffer).setFloat64(0, number, true);
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getFloat64(0, true);
}

/** The word of a node in doubt to its leader. */
export function logLost(from: NodeId, to: NodeId, surelyHeld: number, number: number): Message {
  return message({ type: "log-lost", from, to, index: surelyHeld, context: numberBytes(number) });
}

/** The number in a node's word; undefined when there is none. */
export function numberOfLoss({ context }: Message): number | undefined {
  return context?.length === NUMBER_BYTES ? numberOf(context) : undefined;
}

/** The change that makes `node` a learner because of its doubt `number`. */
export function demotion(node: NodeId, number: number): ConfChange {
  const context = new Uint8Array(MARK.length + NUMBER_BYTES);
  context.set(MARK);
  context.set(numberBytes(number), MARK.length);
  return { transition: "auto", steps: [{ operation: "add-learner", node }], context };
}

/** Whom `change` demotes, and for which doubt. */
export function readDemotion({ steps, context }: ConfChange): { node: NodeId; number: number } | undefined {
  const [step] = steps;
  const isMarked = context.length === MARK.length + NUMBER_BYTES && MARK.every((byte, i) => context[i] === byte);
  if (!isMarked || step?.operation !== "add-learner" || steps.length !== 1) return undefined;
  return { node: step.node, number: numberOf(context.subarray(MARK.length)) };
}

/** What the leader is to do about `peer`, whose log is in doubt under `number`. */
export function onLoss(
  peer: NodeId,
  number: number,
  { voters, votersOutgoing, learners }: ConfState,
  demoted: ReadonlyMap<NodeId, number>,
): ConfChange | undefined {
  if (voters.includes(peer) || votersOutgoing.includes(peer)) return demotion(peer, number);
  // A learner that was to vote again when it was restarted, and doubts anew.
  const before = demoted.get(peer);
  return learners.includes(peer) && before !== undefined && before !== number ? demotion(peer, number) : undefined;
}

/** The change that lets `node` vote again. */
export function promotion(node: NodeId): ConfChange {
  return { transition: "auto", steps: [{ operation: "add-voter", node }], context: new Uint8Array() };
}

/** True when `node` alone decides: there is nobody to ask, and nobody whom a forgotten vote could contradict. */
export function isAlone(node: NodeId, { voters, votersOutgoing }: ConfState): boolean {
  return node !== NONE && voters.length === 1 && voters[0] === node && votersOutgoing.length === 0;
}
