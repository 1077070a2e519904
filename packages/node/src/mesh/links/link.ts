/** A link: two connections that live and die together. */
import { PeerError } from "../../errors.ts";
import type { MeshConnection } from "../host/connection.ts";
import type { Wires } from "./dial-attempt.ts";
import type { LinkFacts } from "./machine.ts";
import type { LinkLimits } from "./limits.ts";
import type { LinkWire, WireEvents } from "./link-wire.ts";

/** What runs between two members. */
export interface Link {
  readonly peer: string;
  readonly id: string;
  /** One life of the other side's process. */
  readonly incarnation: string;
  /** For what must be on time: Raft, failure detection, gossip. */
  readonly prompt: MeshConnection;
  /** For what may be much: actors' messages and streams, snapshots. */
  readonly bulk: MeshConnection;
  /** Smoothed, of the prompt connection; undefined until measured. */
  readonly roundTripMs: number | undefined;
}

export type LinkEvent =
  | { readonly type: "up"; readonly link: Link }
  | { readonly type: "down"; readonly link: Link; readonly error: PeerError }
  /** The process of `peer` has ended for sure: its link was closed and its host refuses another. */
  | { readonly type: "refused"; readonly peer: string };

/** `closed`: the other side or the network closed it; not: it was given up here. */
export type OnLinkEnd = (link: LiveLink, error: PeerError, closed: boolean) => void;

export class LiveLink implements Link, WireEvents {
  readonly peer: string;
  readonly id: string;
  readonly incarnation: string;
  readonly #wires: Wires;
  readonly #dialledHere: boolean;
  readonly #onEnd: OnLinkEnd;
  #beats = 0;
  #isOver = false;
  #givenUp = false;

  constructor(peer: string, facts: LinkFacts, wires: Wires, dialledHere: boolean, onEnd: OnLinkEnd) {
    this.peer = peer;
    this.id = facts.id;
    this.incarnation = facts.incarnation;
    this.#wires = wires;
    this.#dialledHere = dialledHere;
    this.#onEnd = onEnd;
    const nowMs = performance.now();
    for (const wire of [wires.prompt, wires.bulk]) {
      wire.events = this;
      wire.heardMs = nowMs;
    }
  }

  get prompt(): MeshConnection {
    return this.#wires.prompt.connection;
  }

  get bulk(): MeshConnection {
    return this.#wires.bulk.connection;
  }

  get roundTripMs(): number | undefined {
    return this.#wires.prompt.roundTripMs;
  }

  /** Pings what is due, and gives a silent link up. `lateMs`: so long this process itself stood still. */
  beat(nowMs: number, lateMs: number, limits: LinkLimits): void {
    const { prompt, bulk } = this.#wires;
    for (const [wire, silenceMs] of [
      [prompt, limits.promptSilenceMs],
      [bulk, limits.bulkSilenceMs],
    ] as const) {
      // What came while nobody could read must be read first.
      wire.heardMs += lateMs;
      if (nowMs - wire.heardMs > silenceMs) return this.giveUp(`nothing was heard for ${silenceMs} ms`);
    }
    if (!this.#dialledHere) return;
    prompt.ping();
    if (this.#beats % limits.bulkPingRatio === 0) bulk.ping();
    this.#beats += 1;
  }

  /** Closes it, and says so to its owner. */
  giveUp(why: string): void {
    this.#givenUp = true;
    this.#end(
      new PeerError("unreachable", `the link to ${this.peer} ended: ${why}`, { nextStep: "Wait: it is made anew." }),
    );
  }

  greeted(): void {
    this.#end(
      new PeerError("bad-frame", `${this.peer} greets on a link that is up`, { nextStep: "Wait: it is made anew." }),
    );
  }

  closed(_wire: LinkWire, error: PeerError): void {
    this.#end(error);
  }

  #end(error: PeerError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const wire of [this.#wires.prompt, this.#wires.bulk]) wire.abort(error);
    this.#onEnd(this, error, !this.#givenUp);
  }
}
