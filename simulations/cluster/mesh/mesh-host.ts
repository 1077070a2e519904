/** A peer's place on the simulated network: the shipped `MeshHost` port without libp2p below it. */
import type { simulated } from "@parley/node/testing";
import type { Library } from "../library.ts";
import { endBehind, faceOf, NotTaken, type ConnectionEnd } from "./connection.ts";
import type { Lan, Listener } from "./lan.ts";
import type { SimulatedStream } from "./stream.ts";

type MeshHost = simulated.MeshHost;

/** The process that this is a part of. */
export interface Owner {
  readonly machine: number;
  readonly isOver: boolean;
  readonly run: (action: () => void) => void;
  /** Somebody's stream or gossip was let in. */
  accepted(peer: string, what: string): void;
  failed(error: unknown): void;
}

interface Handler {
  readonly handle: simulated.MeshStreamHandler;
  readonly isOpen: boolean;
}

export class SimulatedHost implements MeshHost, Listener {
  readonly peerId: string;
  readonly machine: number;
  readonly topics: simulated.Topics;
  readonly ends = new Set<ConnectionEnd>();
  readonly #library: Library;
  readonly #lan: Lan;
  readonly #owner: Owner;
  readonly #options: simulated.MeshHostOptions;
  readonly #handlers = new Map<string, Handler>();
  readonly #topics = new Map<string, simulated.TopicListener>();
  readonly #listeners = new Set<(connection: simulated.MeshConnection) => void>();
  #isClosed = false;

  constructor(library: Library, lan: Lan, owner: Owner, options: simulated.MeshHostOptions) {
    this.#library = library;
    this.#lan = lan;
    this.#owner = owner;
    this.#options = options;
    this.peerId = options.identity.peerId;
    this.machine = owner.machine;
    this.topics = {
      subscribe: (topic, listener) => {
        this.#topics.set(topic, listener);
        return () => void this.#topics.delete(topic);
      },
      publish: async (topic, bytes) => this.#publish(topic, bytes),
    };
    lan.listens(this);
  }

  get isOver(): boolean {
    return this.#owner.isOver;
  }

  get isListening(): boolean {
    return !this.#isClosed && !this.isOver;
  }

  get address(): string {
    return this.#lan.addressOf(this.machine);
  }

  get run(): (action: () => void) => void {
    return this.#owner.run;
  }

  addresses(): readonly string[] {
    return [this.address];
  }

  async dial(
    peer: string | undefined,
    addresses: readonly string[],
    options: { readonly force?: boolean; readonly signal: AbortSignal },
  ): Promise<simulated.MeshConnection> {
    const [known] = peer === undefined || options.force === true ? [] : this.connectionsOf(peer);
    if (known !== undefined) return known;
    if (peer !== undefined && this.#options.standingOf(peer) === "revoked") throw this.#unreachable("it was revoked");
    const end = await this.#library.dialAny({
      addresses,
      attempt: (address, signal) => this.#lan.connect(this, address, peer, signal),
      discard: (late) => late.abort("another address was faster"),
      signal: options.signal,
    });
    return this.#face(end);
  }

  async handle(protocol: string, handle: simulated.MeshStreamHandler, options: simulated.HandleOptions): Promise<void> {
    this.#handlers.set(protocol, { handle, isOpen: options.openTo === "strangers" });
  }

  async unhandle(protocol: string): Promise<void> {
    this.#handlers.delete(protocol);
  }

  connectionsOf(peer: string): readonly simulated.MeshConnection[] {
    return [...this.ends].filter((end) => end.peer === peer && end.isOpen).map((end) => this.#face(end));
  }

  standingChanged(peer: string): void {
    if (this.#options.standingOf(peer) === "member") return;
    for (const end of this.ends) if (end.peer === peer) end.abort("it belongs no more");
  }

  onConnection(listener: (connection: simulated.MeshConnection) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  letWait(): boolean {
    return true;
  }

  endWait(): void {
    // Nobody is sent away here for being silent.
  }

  async gossipOver(connection: simulated.MeshConnection): Promise<void> {
    const end = endBehind(connection);
    if (end !== undefined) end.gossips = true;
  }

  protocols(): readonly string[] {
    return [...this.#handlers.keys()];
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const end of this.ends) end.abort("this peer stops");
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  }

  connected(end: ConnectionEnd): void {
    this.ends.add(end);
    for (const listener of this.#listeners) listener(this.#face(end));
  }

  streamFor(end: ConnectionEnd, protocol: string): ((stream: SimulatedStream) => void) | undefined {
    const standing = this.#options.standingOf(end.peer);
    const handler = this.#handlers.get(protocol);
    if (handler === undefined) return undefined;
    // Also who was revoked may ask at the door, and is told.
    if (standing !== "member" && !handler.isOpen) return undefined;
    this.#owner.accepted(end.peer, protocol);
    return (stream) => {
      const run = async (): Promise<void> => {
        try {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has what the mesh's wires use of libp2p's streams
          await handler.handle(stream as unknown as Parameters<typeof handler.handle>[0], this.#face(end));
        } catch (error) {
          stream.abort(error instanceof Error ? error : new Error(String(error)));
        }
      };
      run().catch((error: unknown) => this.#owner.failed(error));
    };
  }

  gossiped(end: ConnectionEnd, topic: string, bytes: Uint8Array): void {
    const listener = this.#topics.get(topic);
    if (listener === undefined || this.#options.standingOf(end.peer) !== "member") return;
    if (!listener.accepts(bytes, end.peer)) return;
    this.#owner.accepted(end.peer, topic);
    listener.receive(bytes, end.peer);
  }

  closed(end: ConnectionEnd): void {
    this.ends.delete(end);
  }

  #publish(topic: string, bytes: Uint8Array): void {
    const told = new Set<string>();
    for (const end of this.ends) {
      if (!end.gossips || !end.isOpen || told.has(end.peer)) continue;
      told.add(end.peer);
      end.send({ type: "gossip", topic, bytes: bytes.slice() });
    }
  }

  #face(end: ConnectionEnd): simulated.MeshConnection {
    return faceOf(end, (error, what) => this.#unreachable(`${what}: ${String(error)}`, error));
  }

  #unreachable(why: string, cause?: unknown): Error {
    const isShutOut = cause instanceof NotTaken;
    return new this.#library.PeerError("unreachable", why, { nextStep: "Wait.", details: { isShutOut }, cause });
  }
}
