/**
 * The one place through which streams come in, and through which it is told which there are. libp2p lets whoever is connected open any protocol that has a handler, its own
 * ones (identify, gossip) included; here every handler is wrapped before any is registered, so that what is not opened to
 * strangers by name is closed to them. libp2p's own middleware is not used for this: libp2p 3.3.11 pushes each stream's
 * handler onto the list of middleware it was given, so that the list grows and runs handlers again.
 */
import type {
  AbortOptions,
  Connection,
  Libp2p,
  Listener,
  PeerStore,
  Stream,
  StreamHandler,
  StreamHandlerOptions,
} from "@libp2p/interface";
import type { MulticastDNSComponents } from "@libp2p/mdns";
import type { Multiaddr } from "@multiformats/multiaddr";
import { abortSoon } from "./connection.ts";
import { answersTo, guardStream, type Upgrading } from "./negotiation-guard.ts";

/** What a mesh host uses of libp2p's inside. */
export interface Inside extends MulticastDNSComponents {
  readonly registrar: {
    handle(protocol: string, handler: StreamHandler, options?: StreamHandlerOptions): Promise<void>;
    getProtocols(): string[];
  };
  readonly events: Pick<Libp2p, "addEventListener">;
  readonly upgrader: Upgrading;
  readonly transportManager: {
    dial(address: Multiaddr, options: Required<AbortOptions>): Promise<Connection>;
    getListeners(): Listener[];
  };
  readonly peerStore: PeerStore;
}

/** On one connection at once: what comes before a stream has said what it is for is kept for it, so they may be few. */
const MAX_STREAMS_OF_STRANGERS = 4;

export interface ListOptions {
  readonly admits: Admits;
  readonly isMember: (connection: Connection) => boolean;
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

/**
 * What a peer is told of by multistream-select, and may choose from, is what it may open: whoever asks for the list (`ls`) or for
 * a protocol gets no more than that. libp2p 3.3.11 asks its registrar for the list in the turn in which a muxer announces a
 * stream, and does not say for whom: here that turn is known. Reaches into the library; where that looks otherwise than
 * expected the list is whole, and what may not be opened is refused by {@link guardHandlers} all the same.
 */
export function guardLists({ registrar, events }: Inside, { admits, isMember }: ListOptions): void {
  let asking: Connection | undefined;
  const getProtocols = registrar.getProtocols.bind(registrar);
  registrar.getProtocols = () => {
    const all = getProtocols();
    const connection = asking;
    return connection === undefined ? all : all.filter((protocol) => admits(protocol, connection));
  };
  // Comes before the first stream: a connection is announced in the turn in which it begins to listen for streams.
  events.addEventListener("connection:open", ({ detail: connection }) => {
    const announcer = announcerOf(connection);
    if (announcer === undefined) return;
    const announce = announcer.safeDispatchEvent.bind(announcer);
    announcer.safeDispatchEvent = (...event) => {
      if (!isMember(connection) && tooMany(connection.streams)) {
        for (const stream of connection.streams.slice(MAX_STREAMS_OF_STRANGERS))
          stream.abort(new Error("too many streams"));
        return true;
      }
      const [, stream] = event;
      if (isStreamEvent(stream)) {
        const mayOpen = new Set(getProtocols().filter((protocol) => admits(protocol, connection)));
        const onBroken = (): void => endTalk(connection, stream.detail, isMember(connection));
        if (!guardStream(stream.detail, (text) => mayOpen.has(text), onBroken)) return true;
      }
      asking = connection;
      try {
        return announce(...event);
      } finally {
        asking = undefined;
      }
    };
  });
}

/** What streams that are opened from here are answered, and by whomever, is guarded in the same way. */
export function guardAnswers({ events }: Inside, isMember: (connection: Connection) => boolean): void {
  events.addEventListener("connection:open", ({ detail: connection }) => {
    const muxer: unknown = "muxer" in connection ? connection.muxer : undefined;
    if (!isOpener(muxer)) return;
    // A connection makes its stream in the turn in which it is asked for one.
    let asked: readonly string[] | undefined;
    const newStream = connection.newStream.bind(connection);
    connection.newStream = (protocols, options) => {
      asked = [protocols].flat();
      try {
        return newStream(protocols, options);
      } finally {
        asked = undefined;
      }
    };
    const createStream = muxer.createStream.bind(muxer);
    muxer.createStream = async (options) => {
      const wanted = asked;
      const stream = await createStream(options);
      if (wanted !== undefined) {
        guardStream(stream, answersTo(wanted), () => endTalk(connection, stream, isMember(connection)));
      }
      return stream;
    };
  });
}

/** In a turn of its own: the multiplexer is about to answer the frame that this came in. */
function endTalk(connection: Connection, stream: Stream, isMember: boolean): void {
  const error = new Error("this is no multistream-select");
  if (isMember) setImmediate(() => stream.abort(error));
  else abortSoon(connection, error.message);
}

function tooMany(streams: readonly Stream[]): boolean {
  return streams.length > MAX_STREAMS_OF_STRANGERS;
}

interface Announcer {
  safeDispatchEvent(...event: readonly unknown[]): boolean;
}

/** The muxer of a connection: it announces streams. */
function announcerOf(connection: Connection): Announcer | undefined {
  const muxer: unknown = "muxer" in connection ? connection.muxer : undefined;
  return isAnnouncer(muxer) ? muxer : undefined;
}

function isAnnouncer(muxer: unknown): muxer is Announcer {
  return (
    typeof muxer === "object" &&
    muxer !== null &&
    "safeDispatchEvent" in muxer &&
    typeof muxer.safeDispatchEvent === "function"
  );
}

interface Opener {
  createStream(options: object): Promise<Stream>;
}

function isOpener(muxer: unknown): muxer is Opener {
  return (
    typeof muxer === "object" && muxer !== null && "createStream" in muxer && typeof muxer.createStream === "function"
  );
}

function isStreamEvent(event: unknown): event is { readonly detail: Stream } {
  return (
    typeof event === "object" &&
    event !== null &&
    "detail" in event &&
    typeof event.detail === "object" &&
    event.detail !== null
  );
}
