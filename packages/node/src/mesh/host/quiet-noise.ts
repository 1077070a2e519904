/**
 * Noise in one packet a message. Noise 17.0.3 hands TCP the two bytes of a message's length and its text as two pieces, and TCP writes
 * each by itself: two calls, two packets, and a receiver that wakes up twice, for every heartbeat. Here they leave together. And a receiver
 * that has read all there is no longer makes an error, stack and all, to find that out. And who does not agree on a multiplexer within
 * the handshake, as every libp2p of this major does, is not talked with about one after it. Reaches into the libraries; what looks otherwise
 * than expected is left as it is.
 */
import { noise } from "@libp2p/noise";
import { quietEvents } from "./quiet-events.ts";

/** Of a message's length. */
const PREFIX_BYTES = 2;

interface Socketed {
  readonly socket: { cork(): void; uncork(): void };
  sendData(data: unknown): unknown;
}

interface Decoding {
  readonly decoder: { lengthDecoder(data: { readonly byteLength: number }): number };
}

export function quietNoise(): ReturnType<typeof noise> {
  const create = noise();
  return (components) => {
    const encrypter = create(components);
    const secureInbound = encrypter.secureInbound.bind(encrypter);
    const secureOutbound = encrypter.secureOutbound.bind(encrypter);
    encrypter.secureInbound = async (connection, options) => {
      sendTogether(connection);
      quietEvents(connection);
      const secured = await secureInbound(connection, options);
      requireMuxer(secured.streamMuxer);
      readCalmly(secured.connection);
      quietEvents(secured.connection);
      return secured;
    };
    encrypter.secureOutbound = async (connection, options) => {
      sendTogether(connection);
      quietEvents(connection);
      const secured = await secureOutbound(connection, options);
      requireMuxer(secured.streamMuxer);
      readCalmly(secured.connection);
      quietEvents(secured.connection);
      return secured;
    };
    return encrypter;
  };
}

function requireMuxer(agreed: unknown): void {
  if (agreed === undefined) throw new Error("the other side agreed on no multiplexer");
}

function sendTogether(connection: object): void {
  if (!isSocketed(connection)) return;
  const { socket } = connection;
  const sendData = connection.sendData.bind(connection);
  connection.sendData = (data) => {
    socket.cork();
    try {
      return sendData(data);
    } finally {
      socket.uncork();
    }
  };
}

function readCalmly(connection: object): void {
  if (!isDecoding(connection)) return;
  const { decoder } = connection;
  const decode = decoder.lengthDecoder.bind(decoder);
  // No buffer is as long as a length that is no number: its reader waits for more, as it would after the error.
  decoder.lengthDecoder = (data) => (data.byteLength < PREFIX_BYTES ? NaN : decode(data));
}

function isSocketed(connection: object): connection is Socketed {
  return (
    "socket" in connection &&
    typeof connection.socket === "object" &&
    connection.socket !== null &&
    "cork" in connection.socket &&
    typeof connection.socket.cork === "function" &&
    "uncork" in connection.socket &&
    typeof connection.socket.uncork === "function" &&
    "sendData" in connection &&
    typeof connection.sendData === "function"
  );
}

function isDecoding(connection: object): connection is Decoding {
  return (
    "decoder" in connection &&
    typeof connection.decoder === "object" &&
    connection.decoder !== null &&
    "lengthDecoder" in connection.decoder &&
    typeof connection.decoder.lengthDecoder === "function"
  );
}
