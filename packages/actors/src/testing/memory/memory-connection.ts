/** The two ends of a connection in memory. */
import type { Clock, RandomSource } from "../../core/ports.ts";
import { ActorError } from "../../errors.ts";
import type { ConnectionReceiver, Lane, TransportConnection } from "../../remoting/transport.ts";
import type { Weather } from "./weather.ts";

/** From here on a lane calls itself full, and below a half of it drained. */
const FULL_BYTES = 256 * 1024;

/** The way from one host to another. */
export interface Way {
  readonly from: string;
  readonly to: string;
  readonly clock: Clock;
  readonly random: RandomSource;
  weather(): Weather;
  isCut(): boolean;
  /** Runs once the way is mended, in the order of asking. */
  onMended(run: () => void): void;
}

interface LaneState {
  bytesUnderWay: number;
  isFull: boolean;
  lastArrivalMs: number;
}

export class MemoryConnection implements TransportConnection {
  readonly peer: string;
  readonly #way: Way;
  readonly #lanes: Readonly<Record<Lane, LaneState>> = { control: newLane(), message: newLane(), bulk: newLane() };
  readonly #forget: (connection: MemoryConnection) => void;
  #receiver: ConnectionReceiver | undefined;
  #other: MemoryConnection | undefined;
  /** Sends no more. */
  #hasEnded = false;
  /** Its receiver hears no more. */
  #isClosed = false;

  /** @param forget called once, when it is closed */
  constructor(way: Way, forget: (connection: MemoryConnection) => void) {
    this.peer = way.to;
    this.#way = way;
    this.#forget = forget;
  }

  join(other: MemoryConnection, receiver: ConnectionReceiver): void {
    this.#other = other;
    this.#receiver = receiver;
  }

  get from(): string {
    return this.#way.from;
  }

  send(lane: Lane, parts: readonly Uint8Array[]): boolean {
    if (this.#hasEnded) return true;
    const state = this.#lanes[lane];
    // Like a wire, it keeps nothing of what belongs to the sender.
    const frame = new Uint8Array(Buffer.concat(parts));
    const { weather, random } = { weather: this.#way.weather(), random: this.#way.random };
    state.bytesUnderWay += frame.length;
    const isLost = random() < weather.loss;
    this.#travel(this.#arrivalMs(state, weather), () => {
      if (!isLost) this.#deliver(lane, frame);
      this.#arrived(lane, frame.length);
    });
    if (random() < weather.duplication) {
      this.#travel(this.#arrivalMs(state, weather), () => this.#deliver(lane, frame.slice()));
    }
    if (state.bytesUnderWay >= FULL_BYTES) state.isFull = true;
    return !state.isFull;
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const lastMs = Math.max(...Object.values(this.#lanes).map(({ lastArrivalMs }) => lastArrivalMs));
    this.#travel(Math.max(lastMs, this.#way.clock.nowMs() + this.#way.weather().delayMs), () => {
      this.#other?.close(undefined);
      this.close(undefined);
    });
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#hasEnded = true;
    const gone = new ActorError("peer-gone", `${this.#way.from} has broken the connection`);
    this.#travel(this.#way.clock.nowMs() + this.#way.weather().delayMs, () => this.#other?.close(gone));
    this.#way.clock.after(0, () => this.close(new ActorError("peer-gone", "the connection was destroyed")));
  }

  /** The receiver hears of it, once. */
  close(error: ActorError | undefined): void {
    if (this.#isClosed) return;
    this.vanish();
    this.#receiver?.closed(error);
  }

  /** The host has died: nobody is told here any more. */
  vanish(): void {
    this.#isClosed = true;
    this.#hasEnded = true;
    this.#forget(this);
  }

  #arrivalMs(state: LaneState, { delayMs, jitterMs, stall, stallMs, reorder }: Weather): number {
    const { clock, random } = this.#way;
    const held = random() < stall ? stallMs : 0;
    const arrivalMs = Math.max(state.lastArrivalMs, clock.nowMs() + delayMs + jitterMs * random() + held);
    if (random() < reorder) return arrivalMs + delayMs + jitterMs;
    state.lastArrivalMs = arrivalMs;
    return arrivalMs;
  }

  /** Runs `arrive` at that time, or when the way is whole again. */
  #travel(atMs: number, arrive: () => void): void {
    this.#way.clock.after(atMs - this.#way.clock.nowMs(), () => {
      if (this.#way.isCut()) this.#way.onMended(arrive);
      else arrive();
    });
  }

  #deliver(lane: Lane, frame: Uint8Array): void {
    const other = this.#other;
    if (other === undefined || other.#isClosed) return;
    other.#receiver?.heard();
    // What it does may close the connection.
    if (!other.#isClosed) other.#receiver?.frame(lane, frame);
  }

  #arrived(lane: Lane, bytes: number): void {
    const state = this.#lanes[lane];
    state.bytesUnderWay -= bytes;
    if (!state.isFull || state.bytesUnderWay > FULL_BYTES / 2) return;
    state.isFull = false;
    if (!this.#isClosed) this.#receiver?.drained(lane);
  }
}

function newLane(): LaneState {
  return { bytesUnderWay: 0, isFull: false, lastArrivalMs: 0 };
}
