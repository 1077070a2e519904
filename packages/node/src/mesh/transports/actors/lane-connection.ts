/** Three lanes that are one connection: it lives as long as all of them. */
import { ActorError, LANES, type ConnectionReceiver, type Lane, type TransportConnection } from "@parley/actors";
import type { PeerError } from "../../../errors.ts";
import type { Talk } from "../../host/talk.ts";
import type { LaneStream } from "./lane-stream.ts";

export type Lanes = Readonly<Record<Lane, LaneStream>>;

export class LaneConnection implements TransportConnection {
  readonly peer: string;
  /** Bulk travels where messages do. Beside control talks Raft. */
  readonly heartbeatLanes: readonly Lane[] = ["message", "control"];
  readonly #lanes: Lanes;
  readonly #talk: Talk;
  readonly #forget: (connection: LaneConnection) => void;
  #receiver: ConnectionReceiver | undefined;
  #stopHearing: (() => void) | undefined;
  #open = LANES.length;
  #isEnding = false;
  #isDestroyed = false;
  #error: ActorError | undefined;

  /**
   * @param talk over the connection of lane `control`
   * @param forget called once, when all lanes are closed
   */
  constructor(peer: string, lanes: Lanes, talk: Talk, forget: (connection: LaneConnection) => void) {
    this.peer = peer;
    this.#lanes = lanes;
    this.#talk = talk;
    this.#forget = forget;
  }

  /** From now on `receiver` hears of it. */
  listen(receiver: ConnectionReceiver): void {
    this.#receiver = receiver;
    this.#stopHearing = this.#talk.onHeard(() => this.#isDestroyed || receiver.heard());
    for (const lane of LANES) {
      this.#lanes[lane].listen({
        heard: () => this.#isDestroyed || receiver.heard(),
        frame: (frame) => this.#isDestroyed || receiver.frame(lane, frame),
        drained: () => this.#isEnding || this.#isDestroyed || receiver.drained(lane),
        ended: () => this.end(),
        closed: (error) => this.#laneClosed(error),
      });
    }
  }

  send(lane: Lane, frame: readonly Uint8Array[]): boolean {
    return this.#isEnding || this.#isDestroyed || this.#lanes[lane].frames.send(...frame);
  }

  hasTalked(ms: number): boolean {
    return this.#talk.hasSaidWithin(ms);
  }

  end(): void {
    if (this.#isEnding || this.#isDestroyed) return;
    this.#isEnding = true;
    for (const lane of LANES) this.#lanes[lane].frames.end();
  }

  destroy(): void {
    this.#destroy(new ActorError("peer-gone", "the connection was destroyed"));
  }

  #laneClosed(error: PeerError | undefined): void {
    this.#open -= 1;
    if (error !== undefined) {
      const code = error.code === "bad-frame" ? "too-large" : "peer-gone";
      this.#destroy(new ActorError(code, `the connection to ${this.peer} broke`, { cause: error }));
    }
    if (this.#open > 0) return;
    this.#stopHearing?.();
    this.#forget(this);
    this.#receiver?.closed(this.#error);
  }

  #destroy(error: ActorError): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#error ??= error;
    for (const lane of LANES) this.#lanes[lane].frames.destroy();
  }
}
