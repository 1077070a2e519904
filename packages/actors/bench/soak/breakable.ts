/** A transport whose connections can be broken from outside. */
import type { ActorTransport, TransportConnection } from "../../src/index.ts";

export class Breakable {
  readonly transport: ActorTransport;
  readonly #connections = new Set<TransportConnection>();

  constructor(inner: ActorTransport) {
    this.transport = {
      maxFrameBytes: inner.maxFrameBytes,
      listen: (accept) =>
        inner.listen((connection) => {
          this.#connections.add(connection);
          const receiver = accept(connection);
          return {
            frame: (lane, frame) => receiver.frame(lane, frame),
            heard: () => receiver.heard(),
            drained: (lane) => receiver.drained(lane),
            closed: (error) => {
              this.#connections.delete(connection);
              receiver.closed(error);
            },
          };
        }),
      connect: (peer, receiver, signal) => inner.connect(peer, receiver, signal),
      close: () => inner.close(),
    };
  }

  /** Those that others have dialled. */
  breakAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}
