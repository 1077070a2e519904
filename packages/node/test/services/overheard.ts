/** A network whose bytes are listened to. */
import type { ActorTransport, Lane, TransportConnection } from "@parley/actors";

/** @param told what is sent through it */
export function overheard(transport: ActorTransport, told: (bytes: Buffer) => void): ActorTransport {
  const tapped = (connection: TransportConnection): TransportConnection => {
    const send = connection.send.bind(connection);
    return Object.assign(connection, {
      send: (lane: Lane, parts: readonly Uint8Array[]) => {
        told(Buffer.concat(parts));
        return send(lane, parts);
      },
    });
  };
  return {
    ...transport,
    listen: (accept) => transport.listen((connection) => accept(tapped(connection))),
    connect: async (to, receiver, signal) => tapped(await transport.connect(to, receiver, signal)),
  };
}
