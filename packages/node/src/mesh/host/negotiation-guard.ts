/**
 * Puts a {@link MultistreamTalk} before the library wherever somebody speaks multistream-select with it: on a connection before Noise,
 * and at the begin of every stream, on either side. What is broken ends there, and none of its bytes reaches the library. Reaches into
 * the library; what looks otherwise than expected is left as it is.
 */
import type { Connection, MultiaddrConnection } from "@libp2p/interface";
import { MultistreamTalk, type Settles } from "./multistream-talk.ts";

/** What is agreed on before the handshake. */
const NOISE = "/noise";
/**
 * Till the handshake is done. One of Noise XX takes about 300 bytes; what the other side already sends over streams after it is bound by
 * their talk, which waits for an answer.
 */
const MAX_HANDSHAKE_BYTES = 32_768;

/** Anything with bytes coming in. */
interface Carrier {
  onData(data: Bytes): void;
  /** What has come before anybody listened. */
  readonly readBuffer: Bytes;
}

interface Bytes {
  readonly byteLength: number;
  subarray(start?: number, end?: number): Uint8Array;
}

export interface Upgrading {
  upgradeInbound(wire: MultiaddrConnection, options: object): Promise<void>;
  upgradeOutbound(wire: MultiaddrConnection, options: object): Promise<Connection>;
}

/** Guards every connection that will be made, till its handshake is done. */
export function guardWires(upgrader: Upgrading): void {
  const inbound = upgrader.upgradeInbound.bind(upgrader);
  const outbound = upgrader.upgradeOutbound.bind(upgrader);
  upgrader.upgradeInbound = async (wire, options) => {
    const release = guardWire(wire, (text) => text === NOISE);
    await inbound(wire, options);
    release();
  };
  upgrader.upgradeOutbound = async (wire, options) => {
    const release = guardWire(wire, answersTo([NOISE]));
    const connection = await outbound(wire, options);
    release();
    return connection;
  };
}

/** @returns ends it. */
function guardWire(wire: MultiaddrConnection, settles: Settles): () => void {
  if (!isCarrier(wire)) return () => undefined;
  const talk = new MultistreamTalk(settles);
  const pass = wire.onData.bind(wire);
  let bytes = 0;
  wire.onData = (data) => {
    bytes += data.byteLength;
    if (bytes <= MAX_HANDSHAKE_BYTES && talk.read(data.subarray()) !== "broken") pass(data);
    else wire.abort(new Error("this is no handshake"));
  };
  return () => (wire.onData = pass);
}

/**
 * Guards a stream till it is agreed what it is for.
 * @param onBroken called once: no byte passes any more
 * @returns false where what came before was broken
 */
export function guardStream(stream: object, settles: Settles, onBroken: () => void): boolean {
  if (!isCarrier(stream)) return true;
  const talk = new MultistreamTalk(settles);
  const early = talk.read(stream.readBuffer.subarray());
  if (early !== "open") {
    if (early === "broken") onBroken();
    return early === "over";
  }
  const pass = stream.onData.bind(stream);
  let isBroken = false;
  stream.onData = (data) => {
    if (isBroken) return;
    const verdict = talk.read(data.subarray());
    isBroken = verdict === "broken";
    if (isBroken) return onBroken();
    if (verdict === "over") stream.onData = pass;
    pass(data);
  };
  return true;
}

/** Of whoever asks for the first of `asked`, and after each refusal for the next: the answer that repeats the question. */
export function answersTo(asked: readonly string[]): Settles {
  // Before the first answer there is the protocol's own name.
  return (text, index) => index > 0 && asked[index - 1] === text;
}

function isCarrier(thing: object): thing is Carrier {
  return (
    "onData" in thing &&
    typeof thing.onData === "function" &&
    "readBuffer" in thing &&
    typeof thing.readBuffer === "object" &&
    thing.readBuffer !== null &&
    "subarray" in thing.readBuffer &&
    typeof thing.readBuffer.subarray === "function"
  );
}
