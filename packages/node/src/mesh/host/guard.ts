/**
 * The one place through which streams come in. libp2p lets whoever is connected open any protocol that has a handler, its own
 * ones (identify, gossip) included; here every handler is wrapped before any is registered, so that what is not opened to
 * strangers by name is closed to them. libp2p's own middleware is not used for this: libp2p 3.3.11 pushes each stream's
 * handler onto the list of middleware it was given, so that the list grows and runs handlers again.
 */
import type {
  AbortOptions,
  Connection,
  Listener,
  PeerStore,
  StreamHandler,
  StreamHandlerOptions,
} from "@libp2p/interface";
import type { MulticastDNSComponents } from "@libp2p/mdns";
import type { Multiaddr } from "@multiformats/multiaddr";

/** What a mesh host uses of libp2p's inside. */
export interface Inside extends MulticastDNSComponents {
  readonly registrar: {
    handle(protocol: string, handler: StreamHandler, options?: StreamHandlerOptions): Promise<void>;
  };
  readonly transportManager: {
    dial(address: Multiaddr, options: Required<AbortOptions>): Promise<Connection>;
    getListeners(): Listener[];
  };
  readonly peerStore: PeerStore;
}

/** Whether a stream of `protocol` may come in over this connection, now. */
export type Admits = (protocol: string, connection: Connection) => boolean;

/** Wraps all handlers that will ever be registered. Must come before libp2p's services start. */
export function guardHandlers({ registrar }: Inside, admits: Admits): void {
  const handle = registrar.handle.bind(registrar);
  registrar.handle = (protocol, handler, options) =>
    handle(
      protocol,
      (stream, connection) => {
        if (admits(protocol, connection)) return handler(stream, connection);
        stream.abort(new Error(`${protocol} is not open to strangers`));
        return undefined;
      },
      options,
    );
}
