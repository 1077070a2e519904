/** A host's access to the network, through its life: what comes while it is paused waits, what comes after its end is lost. */
import type { AcceptConnection, ActorTransport, ConnectionReceiver } from "@parley/actors";
import type { RunHere } from "./clock.ts";

export function guarded(transport: ActorTransport, run: RunHere): ActorTransport {
  return {
    maxFrameBytes: transport.maxFrameBytes,
    listen: (accept) => transport.listen(guardedAccept(accept, run)),
    connect: (peer, receiver, signal) =>
      new Promise((resolve, reject) => {
        const failed = (error: Error): void => run(() => reject(error));
        transport
          .connect(
            peer,
            guardedReceiver(() => receiver, run),
            signal,
          )
          .then((connection) => run(() => resolve(connection)), failed);
      }),
    close: () => transport.close(),
  };
}

/** The machine takes the connection, the process looks at it when it can. */
function guardedAccept(accept: AcceptConnection, run: RunHere): AcceptConnection {
  return (connection) => {
    let receiver: ConnectionReceiver | undefined;
    run(() => {
      receiver = accept(connection);
    });
    return guardedReceiver(() => receiver, run);
  };
}

function guardedReceiver(receiver: () => ConnectionReceiver | undefined, run: RunHere): ConnectionReceiver {
  return {
    frame: (lane, frame) => run(() => receiver()?.frame(lane, frame)),
    heard: () => run(() => receiver()?.heard()),
    drained: (lane) => run(() => receiver()?.drained(lane)),
    closed: (error) => run(() => receiver()?.closed(error)),
  };
}
