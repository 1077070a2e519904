/**
 * Yamux that does not answer every frame. Yamux 8.0.3 sends a window update for each data frame that it gets, however small:
 * every heartbeat costs another packet back, encrypted and decrypted. Here an update waits until half of the window is used,
 * as in Yamux's first implementation (hashicorp/yamux, `sendWindowUpdate`): a sender has the other half meanwhile, so nothing
 * ever waits for it. Reaches into the library; where that looks otherwise than expected, it is left as it is.
 */
import { yamux } from "@libp2p/yamux";
import type { StreamMuxerFactory } from "@libp2p/interface";
import { quietEvents } from "./quiet-events.ts";

/** `StreamState.Established`: in every other state an update says something more. */
const ESTABLISHED = 3;

interface Windowed {
  readonly state: number;
  readonly recvWindow: number;
  readonly recvWindowCapacity: number;
  sendWindowUpdate(): void;
}

interface Muxer {
  _newStream(...given: readonly unknown[]): unknown;
}

export function quietYamux(init: Parameters<typeof yamux>[0]): () => StreamMuxerFactory {
  const create = yamux(init);
  return () => {
    const factory = create();
    const createStreamMuxer = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const muxer = createStreamMuxer(connection);
      if (isMuxer(muxer)) quiet(muxer);
      return muxer;
    };
    return factory;
  };
}

function quiet(muxer: Muxer): void {
  const newStream = muxer._newStream.bind(muxer);
  muxer._newStream = (...given) => {
    const stream = newStream(...given);
    quietEvents(stream);
    if (isWindowed(stream)) {
      const update = stream.sendWindowUpdate.bind(stream);
      stream.sendWindowUpdate = () => {
        if (stream.state === ESTABLISHED && stream.recvWindowCapacity > stream.recvWindow / 2) return;
        update();
      };
    }
    return stream;
  };
}

function isMuxer(muxer: object): muxer is Muxer {
  return "_newStream" in muxer && typeof muxer._newStream === "function";
}

function isWindowed(stream: unknown): stream is Windowed {
  return (
    typeof stream === "object" &&
    stream !== null &&
    "state" in stream &&
    "recvWindow" in stream &&
    typeof stream.recvWindow === "number" &&
    "recvWindowCapacity" in stream &&
    typeof stream.recvWindowCapacity === "number" &&
    "sendWindowUpdate" in stream &&
    typeof stream.sendWindowUpdate === "function"
  );
}
