/**
 * What a network can do to a mesh host, done to it on purpose: nobody reaches it and it reaches nobody, or all that it sends is held up
 * on its way. For `parley chaos`, and for nothing else. Holding up reaches into the library; a connection that looks otherwise than
 * expected is held up by nothing.
 */
import type { MultiaddrConnection } from "@libp2p/interface";
import type { Upgrading } from "./negotiation-guard.ts";

/** How the host fares; neither: as ever. */
export interface Hindrance {
  /** No connection of another peer's stays or comes, in either direction. */
  readonly isCut: boolean;
  /** All that is sent leaves so much later; 0: at once. */
  readonly holdUpMs: number;
}

export const UNHINDERED: Hindrance = { isCut: false, holdUpMs: 0 };

/** What may wait on one connection; then its sender waits as well. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

/** A connection's way out, as the library has it. */
interface Sender {
  sendData(data: Iterable<Uint8Array>): Sent;
  safeDispatchEvent(type: string): boolean;
}

interface Sent {
  readonly sentBytes: number;
  readonly canSendMore: boolean;
}

/** Holds up what is sent over each connection that will be made, for as long as `holdUpMs` says that it is to be. */
export function holdUpWires(upgrader: Upgrading, holdUpMs: () => number): void {
  const inbound = upgrader.upgradeInbound.bind(upgrader);
  const outbound = upgrader.upgradeOutbound.bind(upgrader);
  upgrader.upgradeInbound = (wire, options) => {
    holdUpWire(wire, holdUpMs);
    return inbound(wire, options);
  };
  upgrader.upgradeOutbound = (wire, options) => {
    holdUpWire(wire, holdUpMs);
    return outbound(wire, options);
  };
}

function holdUpWire(wire: MultiaddrConnection, holdUpMs: () => number): void {
  if (!isSender(wire)) return;
  const send = wire.sendData.bind(wire);
  const waiting: { readonly dueMs: number; readonly pieces: readonly Uint8Array[]; readonly bytes: number }[] = [];
  let waitingBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    const [next] = waiting;
    if (next === undefined || timer !== undefined) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        sendDue();
      },
      Math.max(0, next.dueMs - performance.now()),
    );
    timer.unref();
  };
  const sendDue = (): void => {
    const wasFull = waitingBytes >= MOST_WAITING_BYTES;
    for (let next = waiting[0]; next !== undefined && next.dueMs <= performance.now(); next = waiting[0]) {
      waiting.shift();
      waitingBytes -= next.bytes;
      // The socket takes all of it, whatever it says of more: so it is asked one by one.
      if (wire.status === "open") for (const piece of next.pieces) send([piece]);
    }
    if (wasFull && waitingBytes < MOST_WAITING_BYTES) wire.safeDispatchEvent("drain");
    schedule();
  };
  wire.sendData = (data) => {
    const heldMs = holdUpMs();
    // Nothing overtakes what waits already.
    if (heldMs <= 0 && waiting.length === 0) return send(data);
    const pieces = [...data];
    const bytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    waiting.push({ dueMs: Math.max(waiting.at(-1)?.dueMs ?? 0, performance.now() + heldMs), pieces, bytes });
    waitingBytes += bytes;
    schedule();
    return { sentBytes: bytes, canSendMore: waitingBytes < MOST_WAITING_BYTES };
  };
}

function isSender(wire: MultiaddrConnection): wire is MultiaddrConnection & Sender {
  return (
    "sendData" in wire &&
    typeof wire.sendData === "function" &&
    "safeDispatchEvent" in wire &&
    typeof wire.safeDispatchEvent === "function"
  );
}
