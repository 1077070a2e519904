/** Connections between simulated hosts: what libp2p makes of TCP, Noise and Yamux. */
import type { simulated } from "@parley/node/testing";
import type { Frame } from "./frames.ts";
import { Route, type Ways } from "./route.ts";
import { SimulatedStream, type StreamEnd } from "./stream.ts";

/** The process at one end. */
export interface Party {
  readonly machine: number;
  readonly peerId: string;
  readonly address: string;
  readonly isOver: boolean;
  /** Runs an action as this process. */
  readonly run: (action: () => void) => void;
  /** A stream wants to come in; undefined: it may not. */
  streamFor(end: ConnectionEnd, protocol: string): ((stream: SimulatedStream) => void) | undefined;
  gossiped(end: ConnectionEnd, topic: string, bytes: Uint8Array): void;
  closed(end: ConnectionEnd): void;
}

/** The other side is there, and does not take such a stream of this peer. */
export class NotTaken extends Error {}

/** A connection, seen from one end. */
export class ConnectionEnd implements StreamEnd {
  readonly peer: string;
  readonly direction: "inbound" | "outbound";
  readonly remoteAddress: string;
  /** Gossip goes over this one. */
  gossips = false;
  readonly #party: Party;
  readonly #remote: Party;
  readonly #streams = new Map<number, SimulatedStream>();
  readonly #opening = new Map<number, PromiseWithResolvers<SimulatedStream>>();
  readonly #listeners: (() => void)[] = [];
  #route: Route | undefined;
  #far: ConnectionEnd | undefined;
  #isOpen = true;
  #hasClosed = false;
  #opened = 0;

  private constructor(party: Party, remote: Party, direction: "inbound" | "outbound") {
    this.#party = party;
    this.#remote = remote;
    this.peer = remote.peerId;
    this.direction = direction;
    this.remoteAddress = remote.address;
    this.#opened = direction === "outbound" ? 0 : 1;
  }

  /** Both ends of a new connection. */
  static between(ways: Ways, dialler: Party, listener: Party): { near: ConnectionEnd; far: ConnectionEnd } {
    const near = new ConnectionEnd(dialler, listener, "outbound");
    const far = new ConnectionEnd(listener, dialler, "inbound");
    near.#route = new Route(ways, dialler.machine, listener.machine, (frame) => far.#arrived(frame));
    far.#route = new Route(ways, listener.machine, dialler.machine, (frame) => near.#arrived(frame));
    near.#far = far;
    far.#far = near;
    return { near, far };
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Of the streams that are open. */
  get streams(): readonly string[] {
    return [...this.#streams.values()].map(({ protocol }) => protocol);
  }

  get remoteMachine(): number {
    return this.#remote.machine;
  }

  async openStream(protocol: string, signal: AbortSignal): Promise<SimulatedStream> {
    await new Promise(setImmediate);
    if (!this.#isOpen) throw new Error("the connection is closed");
    signal.throwIfAborted();
    this.#opened += 2;
    const number = this.#opened;
    const opening = Promise.withResolvers<SimulatedStream>();
    this.#opening.set(number, opening);
    this.send({ type: "open", stream: number, protocol });
    const stop = (): void => {
      this.send({ type: "reset", stream: number });
      opening.reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
    this.#protocols.set(number, protocol);
    try {
      return await opening.promise;
    } finally {
      this.#opening.delete(number);
      signal.removeEventListener("abort", stop);
    }
  }

  readonly #protocols = new Map<number, string>();

  /** Closes it; its streams hear of it in the next turn. */
  abort(_reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    setImmediate(() => {
      this.#route?.close({ type: "close" });
      this.#close(new Error("the connection was closed here"));
    });
  }

  onClose(listener: () => void): void {
    if (this.#hasClosed) queueMicrotask(listener);
    else this.#listeners.push(listener);
  }

  /** The process at this end is no more: its machine closes what it had, unless that is gone, too. */
  orphan(isMachineGone: boolean): void {
    this.#isOpen = false;
    if (isMachineGone) this.#route?.end();
    else this.#route?.close({ type: "close" });
  }

  send(frame: Frame): void {
    if (!this.#hasClosed && !this.#party.isOver) this.#route?.send(frame);
  }

  forget(stream: SimulatedStream): void {
    this.#streams.delete(stream.number);
  }

  #arrived(frame: Frame): void {
    // Nobody here knows of this connection (any more): the machine says so.
    if (this.#party.isOver) {
      if (frame.type !== "close") this.#route?.close({ type: "close" });
      return;
    }
    if (frame.type === "data") this.#far?.delivered(frame.stream, frame.bytes.length);
    this.#party.run(() => this.#take(frame));
  }

  /** What this end has sent has arrived. */
  delivered(number: number, bytes: number): void {
    const stream = this.#streams.get(number);
    if (stream?.delivered(bytes) === true) this.#party.run(() => stream.drained());
  }

  #take(frame: Frame): void {
    if (this.#hasClosed) return;
    switch (frame.type) {
      case "open":
        return this.#letIn(frame.stream, frame.protocol);
      case "opened": {
        const opening = this.#opening.get(frame.stream);
        if (opening === undefined) return this.send({ type: "reset", stream: frame.stream });
        opening.resolve(this.#stream(frame.stream, this.#protocols.get(frame.stream) ?? ""));
        return;
      }
      case "data":
        return this.#streams.get(frame.stream)?.arrived(frame.bytes);
      case "end":
        return this.#streams.get(frame.stream)?.remoteEnded();
      case "not-taken":
        return this.#opening.get(frame.stream)?.reject(new NotTaken("the other side takes no such stream"));
      case "reset":
        this.#opening.get(frame.stream)?.reject(new Error("the other side has reset the stream"));
        return this.#streams.get(frame.stream)?.remoteReset();
      case "gossip":
        return this.#party.gossiped(this, frame.topic, frame.bytes);
      case "close":
        this.#isOpen = false;
        return this.#close(undefined);
    }
  }

  #letIn(number: number, protocol: string): void {
    const handler = this.#isOpen ? this.#party.streamFor(this, protocol) : undefined;
    if (handler === undefined) return this.send({ type: "not-taken", stream: number });
    this.send({ type: "opened", stream: number });
    handler(this.#stream(number, protocol));
  }

  #stream(number: number, protocol: string): SimulatedStream {
    const stream = new SimulatedStream(this, number, protocol);
    this.#streams.set(number, stream);
    return stream;
  }

  #close(error: Error | undefined): void {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    const told = error ?? new Error("the other side has closed the connection");
    for (const { reject } of this.#opening.values()) reject(told);
    for (const stream of this.#streams.values()) stream.connectionClosed(told);
    this.#party.closed(this);
    for (const listener of this.#listeners) listener();
  }
}

/** As the shipped code knows it. */
export function faceOf(end: ConnectionEnd, wrap: (error: unknown, what: string) => Error): simulated.MeshConnection {
  const known = faces.get(end);
  if (known !== undefined) return known;
  const face: simulated.MeshConnection = {
    peer: end.peer,
    direction: end.direction,
    remoteAddress: end.remoteAddress,
    get isOpen() {
      return end.isOpen;
    },
    async openStream(protocol, signal) {
      try {
        // Of libp2p's streams it has what the mesh's wires use.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
        return (await end.openStream(protocol, signal)) as unknown as Awaited<
          ReturnType<simulated.MeshConnection["openStream"]>
        >;
      } catch (error) {
        throw wrap(error, `${end.peer} took no stream for ${protocol}`);
      }
    },
    abort: (reason) => end.abort(reason),
    onClose: (listener) => end.onClose(listener),
  };
  faces.set(end, face);
  ends.set(face, end);
  return face;
}

const faces = new WeakMap<ConnectionEnd, simulated.MeshConnection>();
const ends = new WeakMap<simulated.MeshConnection, ConnectionEnd>();

export function endBehind(face: simulated.MeshConnection): ConnectionEnd | undefined {
  return ends.get(face);
}
