/** The lanes of one connection, both ways: frames get their numbers here, wait for room, and are checked for gaps. */
import { Ring } from "../core/ring.ts";
import { ActorError } from "../errors.ts";
import type { RemotingLimits } from "./options.ts";
import type { Lane, TransportConnection } from "./transport.ts";
import type { Barrier } from "./wire/control.ts";
import type { FrameParts } from "./wire/data.ts";
import { distance, FIRST_WIRE_VERSION, following, stamp } from "./wire/header.ts";
import { totalBytes } from "./wire/values.ts";

class LaneState {
  readonly waiting = new Ring<FrameParts>();
  waitingBytes = 0;
  isFull = false;
  /** Number of the next frame, each way. */
  nextOut = 0;
  nextIn = 0;
}

export class Lanes {
  readonly #connection: TransportConnection;
  readonly #limits: RemotingLimits;
  readonly #lanes: Readonly<Record<Lane, LaneState>> = {
    control: new LaneState(),
    message: new LaneState(),
    bulk: new LaneState(),
  };

  /** Of the frames that are sent: the greeting has the first one's layout for ever. */
  #version = FIRST_WIRE_VERSION;

  constructor(connection: TransportConnection, limits: RemotingLimits) {
    this.#connection = connection;
    this.#limits = limits;
  }

  /** From the next frame on, what is sent is of the version that both ends know. */
  speak(version: number): void {
    this.#version = version;
  }

  /** Sends, or has it wait for room. @returns why not */
  send(lane: Lane, frame: FrameParts): ActorError | undefined {
    const state = this.#lanes[lane];
    if (state.isFull) {
      if (!this.hasRoom(lane)) {
        return new ActorError("mailbox-full", `${state.waiting.length} frames wait in lane ${lane} already`);
      }
      stamp(frame[0], this.#version, this.#number(state));
      state.waiting.push(frame);
      state.waitingBytes += totalBytes(frame);
      return undefined;
    }
    stamp(frame[0], this.#version, this.#number(state));
    state.isFull = !this.#connection.send(lane, frame);
    return undefined;
  }

  hasRoom(lane: Lane): boolean {
    const { waiting, waitingBytes } = this.#lanes[lane];
    const { maxQueuedFrames, maxQueuedBytes } = this.#limits;
    return waiting.length < maxQueuedFrames && (waiting.length === 0 || waitingBytes < maxQueuedBytes);
  }

  /** Whether a frame would leave at once. */
  isFree(lane: Lane): boolean {
    return !this.#lanes[lane].isFull;
  }

  /** The connection has room again. */
  drained(lane: Lane): void {
    const state = this.#lanes[lane];
    state.isFull = false;
    while (state.waiting.length > 0 && !state.isFull) {
      const frame = state.waiting.shift();
      state.waitingBytes -= totalBytes(frame);
      state.isFull = !this.#connection.send(lane, frame);
    }
  }

  /** What has been sent so far, be it on its way or waiting. */
  sent(): Barrier {
    return { message: this.#lanes.message.nextOut, bulk: this.#lanes.bulk.nextOut };
  }

  /**
   * A frame has come. False when it had come before.
   * @throws ActorError `stream-broken` when frames before it are missing
   */
  take(lane: Lane, sequence: number): boolean {
    const state = this.#lanes[lane];
    const ahead = distance(sequence, state.nextIn);
    if (ahead > 0) throw new ActorError("stream-broken", `${ahead} frames of lane ${lane} are missing`);
    if (ahead < 0) return false;
    state.nextIn = following(sequence);
    return true;
  }

  /** Whether all that the other end had sent before has come. */
  hasReceived({ message, bulk }: Barrier): boolean {
    const { message: messages, bulk: items } = this.#lanes;
    return distance(messages.nextIn, message) >= 0 && distance(items.nextIn, bulk) >= 0;
  }

  #number(state: LaneState): number {
    const number = state.nextOut;
    state.nextOut = following(number);
    return number;
  }
}
