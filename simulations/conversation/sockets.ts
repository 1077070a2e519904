/** WebSockets between clients and peers, both ends. */
import { EventEmitter } from "node:events";
import type { Library } from "./library.ts";
import type { Ways } from "./ways.ts";

type ServerSocket = ConstructorParameters<Library["Connection"]>[0];
type ClientSocket = ReturnType<NonNullable<NonNullable<Parameters<Library["connect"]>[0]["openSocket"]>>>;
/** A process at one end. */
export interface End {
  readonly machine: { readonly name: string };
  readonly isOver: boolean;
  run(action: () => void): void;
}

/** What both ends look at. */
interface Wire {
  readonly client: ClientEnd;
  server: ServerEnd | undefined;
  readonly toServer: (arrive: () => void) => void;
  readonly toClient: (arrive: () => void) => void;
}

export interface SocketWorld {
  readonly ways: Ways;
  after(micros: number, run: () => void): void;
  /** The life that listens under this name now. */
  listening(name: string): { readonly life: End; accept(socket: ServerSocket): void } | undefined;
}

const OPEN = 1;
const CLOSED = 3;
const ABNORMAL = 1006;

/** All of them. */
export class Sockets {
  readonly #world: SocketWorld;
  readonly #wires = new Set<Wire>();

  constructor(world: SocketWorld) {
    this.#world = world;
  }

  /** As a client opens one. @param url `ws://NAME/ws` */
  open(client: End, url: string): ClientSocket {
    const { ways } = this.#world;
    const from = client.machine.name;
    const to = new URL(url).hostname;
    const wire: Wire = {
      client: new ClientEnd(client, () => wire),
      server: undefined,
      toServer: ways.open(from, to),
      toClient: ways.open(to, from),
    };
    this.#wires.add(wire);
    wire.toServer(() => this.#arrive(wire, to));
    // It has what is used of a socket.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return wire.client as unknown as ClientSocket;
  }

  /** A process has ended: its machine says so to whoever is connected. */
  ended(life: End): void {
    for (const wire of this.#wires) {
      if (wire.server?.life === life) {
        wire.server.readyState = CLOSED;
        wire.toClient(() => this.#closed(wire, ABNORMAL, ""));
      }
      if (wire.client.life === life) this.#forget(wire);
    }
  }

  /** The network of a client has changed: none of its connections is any more, and it is told. */
  blink(client: End): void {
    for (const wire of this.#wires) {
      if (wire.client.life !== client) continue;
      this.#closed(wire, ABNORMAL, "");
      wire.toServer(() => wire.server?.gone(ABNORMAL, ""));
    }
  }

  #arrive(wire: Wire, name: string): void {
    const found = this.#world.listening(name);
    if (found === undefined) return wire.toClient(() => this.#closed(wire, ABNORMAL, ""));
    found.life.run(() => {
      const server = new ServerEnd(found.life, this.#world, wire);
      wire.server = server;
      wire.toClient(() => wire.client.opened());
      found.accept(server);
    });
  }

  #closed(wire: Wire, code: number, reason: string): void {
    wire.client.closed(code, reason);
    this.#forget(wire);
  }

  #forget(wire: Wire): void {
    this.#wires.delete(wire);
  }
}

type Listener = (event: object) => void;

class ClientEnd {
  readonly life: End;
  binaryType = "";
  readonly bufferedAmount = 0;
  #isOpen = false;
  #isOver = false;
  readonly #wire: () => Wire;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(life: End, wire: () => Wire) {
    this.life = life;
    this.#wire = wire;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(data: string | Uint8Array): void {
    if (this.life.isOver || !this.#isOpen || this.#isOver) return;
    const sent = typeof data === "string" ? Buffer.from(data) : Buffer.from(Uint8Array.from(data));
    const wire = this.#wire();
    wire.toServer(() => wire.server?.take(sent, typeof data !== "string"));
  }

  close(code = 1000, reason = ""): void {
    if (this.life.isOver || this.#isOver) return;
    const wire = this.#wire();
    wire.toServer(() => wire.server?.gone(code, reason));
    this.closed(code, reason);
  }

  opened(): void {
    if (this.#isOver) return;
    this.#isOpen = true;
    this.#tell("open", {});
  }

  take(data: string | Uint8Array): void {
    if (this.#isOver) return;
    this.#tell("message", { data: typeof data === "string" ? data : Uint8Array.from(data).buffer });
  }

  closed(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tell("close", { code, reason });
  }

  #tell(type: string, event: object): void {
    this.life.run(() => {
      for (const listener of this.#listeners.get(type) ?? []) listener(event);
    });
  }
}

/** What a peer uses of a socket of `ws`. */
class ServerEnd extends EventEmitter {
  readonly life: End;
  readonly OPEN = OPEN;
  readonly bufferedAmount = 0;
  readyState = OPEN;
  #isHeld = false;
  readonly #held: (() => void)[] = [];
  readonly #world: SocketWorld;
  readonly #wire: Wire;

  constructor(life: End, world: SocketWorld, wire: Wire) {
    super();
    this.life = life;
    this.#world = world;
    this.#wire = wire;
  }

  send(data: string | Uint8Array, sent?: () => void): void {
    if (this.life.isOver) return;
    if (this.readyState === OPEN) {
      const copy = typeof data === "string" ? data : Uint8Array.from(data);
      this.#wire.toClient(() => this.#wire.client.take(copy));
    }
    this.#world.after(0, () => this.life.run(() => sent?.()));
  }

  ping(): void {
    if (this.life.isOver || this.readyState !== OPEN) return;
    this.#wire.toClient(() => this.#wire.toServer(() => this.#heard(() => this.emit("pong"))));
  }

  pause(): void {
    this.#isHeld = true;
  }

  resume(): void {
    this.#isHeld = false;
    while (!this.#isHeld && this.#held.length > 0) this.#held.shift()?.();
  }

  close(code = 1000, reason = ""): void {
    if (this.life.isOver || this.readyState !== OPEN) return;
    this.readyState = CLOSED;
    this.#wire.toClient(() => this.#wire.client.closed(code, reason));
    this.#world.after(0, () => this.life.run(() => this.emit("close", code, Buffer.from(reason))));
  }

  terminate(): void {
    this.close(ABNORMAL);
  }

  take(data: Buffer, isBinary: boolean): void {
    this.#heard(() => {
      if (this.readyState === OPEN) this.emit("message", data, isBinary);
    });
  }

  gone(code: number, reason: string): void {
    this.life.run(() => {
      if (this.readyState !== OPEN) return;
      this.readyState = CLOSED;
      this.emit("close", code, Buffer.from(reason));
    });
  }

  #heard(then: () => void): void {
    this.life.run(() => {
      if (this.#isHeld) this.#held.push(then);
      else then();
    });
  }
}
