/** The transport that a node finds on its host: messages and snapshot streams over the simulated network. */
import type { DiskOperation, Message, NodeId, SnapshotContents, Transport, TransportReceiver } from "@parley/raft";
import type { Network } from "../kit/network.ts";
import type { Random } from "../kit/random.ts";
import { MS, type Micros, type Timeline } from "../kit/timeline.ts";
import { never } from "../kit/turn.ts";
import type { Host, Life } from "./host.ts";
import type { Library } from "./library.ts";

/** What the wires need of the world. */
export interface Exchange {
  readonly library: Library;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly hosts: ReadonlyMap<number, Host>;
  /** A message leaves its host. */
  sent(life: Life, message: Message): void;
  /** The stream of a snapshot ended. */
  streamed(life: Life, message: Message, hasArrived: boolean): void;
  /** Puts a message on its way, as often as the network pleases. */
  transmit(message: Message): void;
  /** Runs `action` as an event of `life`: after its pause, or never when it is over. */
  run(life: Life, action: () => void): void;
  /** True: the life has just ended here. */
  strikes(life: Life, operation?: DiskOperation): boolean;
  /** Whether a stream breaks before its next piece. */
  breaksStream(): boolean;
  note(kind: string, ...values: readonly number[]): void;
  /** A stream that may turn up once more. */
  remember(stream: Stream): void;
}

/** A snapshot as it went over a wire. */
export interface Stream {
  readonly message: Message;
  readonly contentBytes: number;
  readonly pieces: readonly Uint8Array[];
}

const MAX_PIECE_BYTES = 64;
/** A connection that carries nothing for this long counts as broken. */
const SILENCE: Micros = 3000 * MS;
const POLL: Micros = 100 * MS;

export class Wire implements Transport {
  readonly #exchange: Exchange;
  readonly #life: Life;
  readonly #random: Random;
  #isClosed = false;

  constructor(exchange: Exchange, life: Life) {
    this.#exchange = exchange;
    this.#life = life;
    this.#random = life.chance.fork("wire");
  }

  async start(receiver: TransportReceiver): Promise<void> {
    this.#life.receiver = receiver;
  }

  send(messages: readonly Message[]): void {
    for (const message of messages) {
      if (this.#isClosed || this.#life.isOver) return;
      this.#exchange.sent(this.#life, message);
      this.#exchange.transmit(message);
      if (this.#exchange.strikes(this.#life)) return;
    }
  }

  async sendSnapshot(message: Message, contents: SnapshotContents, signal: AbortSignal): Promise<void> {
    const exchange = this.#exchange;
    if (this.#life.isOver) return never();
    exchange.sent(this.#life, message);
    const pieces: Uint8Array[] = [];
    const incoming = new Incoming(exchange, message, contents.contentBytes, () => this.#life.isOver);
    try {
      for await (const chunk of contents.chunks) {
        for (const piece of split(chunk, this.#random)) {
          await this.#sleep(exchange.network.latency());
          this.#mustBeOpen(message.to, signal, incoming);
          if (exchange.breaksStream()) throw this.#unreachable("the connection broke");
          incoming.push(piece);
          pieces.push(piece);
        }
      }
      incoming.end();
      exchange.remember({ message, contentBytes: contents.contentBytes, pieces });
      await this.#answered(message.to, signal, incoming);
      exchange.streamed(this.#life, message, true);
    } catch (error) {
      exchange.streamed(this.#life, message, false);
      incoming.fail(this.#unreachable("the sender gave up"));
      throw error;
    }
  }

  roundTripMs(peer: NodeId): number | undefined {
    const { network } = this.#exchange;
    const { id } = this.#life.host;
    return network.isCut(id, peer) || network.isCut(peer, id) ? undefined : 2 + 2 * network.weather.delay;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #answered(to: NodeId, signal: AbortSignal, incoming: Incoming): Promise<void> {
    for (;;) {
      await this.#sleep(incoming.answer === undefined ? POLL : this.#exchange.network.latency());
      this.#mustBeOpen(to, signal, incoming);
      if (incoming.answer === "taken") return;
      if (incoming.answer === "refused") throw this.#unreachable("the receiver refused it");
    }
  }

  #mustBeOpen(to: NodeId, signal: AbortSignal, incoming: Incoming): void {
    const { network, timeline } = this.#exchange;
    signal.throwIfAborted();
    if (this.#isClosed) throw this.#unreachable("this side is closed");
    const isCut = network.isCut(this.#life.host.id, to) || network.isCut(to, this.#life.host.id);
    if (isCut || incoming.isBroken) throw this.#unreachable("the connection broke");
    if (timeline.now - incoming.since > SILENCE) throw this.#unreachable("the other side is silent");
  }

  #unreachable(why: string): Error {
    return new this.#exchange.library.RaftError("unreachable", why);
  }

  #sleep(delay: Micros): Promise<void> {
    return new Promise((resolve) => {
      this.#exchange.timeline.after(delay, () => this.#exchange.run(this.#life, resolve));
    });
  }
}

/** The receiving end of a stream. Every piece is an event of the life that was there when the first one came. */
class Incoming {
  readonly #exchange: Exchange;
  readonly #message: Message;
  readonly #contentBytes: number;
  #life: Life | undefined;
  #isBegun = false;
  /** Pieces that have come and were not read yet; null is the end. */
  readonly #arrived: (Uint8Array | null)[] = [];
  #wake: (() => void) | undefined;
  #error: Error | undefined;
  readonly #isOrphan: () => boolean;
  answer: "taken" | "refused" | undefined;
  /** When something came last. */
  since: Micros;

  /** @param isOrphan whether the sender has died */
  constructor(exchange: Exchange, message: Message, contentBytes: number, isOrphan: () => boolean) {
    this.#isOrphan = isOrphan;
    this.#exchange = exchange;
    this.#message = message;
    this.#contentBytes = contentBytes;
    this.since = exchange.timeline.now;
  }

  /** Nobody is there any more, or nobody was. */
  get isBroken(): boolean {
    return this.#isBegun && this.#life?.isOver !== false;
  }

  push(piece: Uint8Array): void {
    this.#begin();
    this.#arrive(piece);
  }

  end(): void {
    this.#begin();
    this.#arrive(null);
  }

  fail(error: Error): void {
    if (this.#life === undefined) return;
    this.#exchange.run(this.#life, () => {
      this.#error ??= error;
      this.#wake?.();
    });
  }

  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const life = this.#exchange.hosts.get(this.#message.to)?.life;
    if (life?.receiver === undefined) return;
    this.#life = life;
    this.#guard();
    this.#exchange.run(life, () => {
      const { from, to, snapshot } = this.#message;
      this.#exchange.note("snapshot", from, to, snapshot?.index ?? 0);
      life.receiver?.receiveSnapshot(this.#message, this.#contentBytes, this.#chunks()).then(
        () => {
          this.answer = "taken";
        },
        () => {
          this.answer = "refused";
        },
      );
    });
  }

  /** A connection whose other end is dead or silent breaks after a while. */
  #guard(): void {
    const { timeline } = this.#exchange;
    timeline.after(POLL, () => {
      if (this.answer !== undefined || this.#life?.isOver !== false) return;
      const isSilent = timeline.now - this.since > SILENCE;
      if (isSilent || this.#isOrphan()) {
        this.fail(new this.#exchange.library.RaftError("unreachable", "the connection broke"));
      } else this.#guard();
    });
  }

  #arrive(piece: Uint8Array | null): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#exchange.run(life, () => {
      this.since = this.#exchange.timeline.now;
      this.#arrived.push(piece);
      this.#wake?.();
    });
  }

  async *#chunks(): AsyncIterable<Uint8Array> {
    for (;;) {
      const piece = this.#arrived.shift();
      if (piece === null) return;
      if (piece !== undefined) {
        yield piece;
        continue;
      }
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** A stream of before comes once more, as from a connection that was held up. Nobody waits for its answer. */
export function repeat(exchange: Exchange, { message, contentBytes, pieces }: Stream): void {
  const incoming = new Incoming(exchange, message, contentBytes, () => false);
  for (const piece of pieces) incoming.push(piece);
  incoming.end();
}

function* split(chunk: Uint8Array, random: Random): Iterable<Uint8Array> {
  for (let at = 0; at < chunk.length;) {
    const next = at + random.between(1, MAX_PIECE_BYTES);
    yield chunk.slice(at, next);
    at = next;
  }
}
