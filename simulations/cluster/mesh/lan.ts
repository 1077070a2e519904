/** The simulated local network: who is where, and how connections come about. */
import type { Network } from "../../kit/network.ts";
import type { Random } from "../../kit/random.ts";
import { SECOND, type Micros, type Timeline } from "../../kit/timeline.ts";
import { ConnectionEnd, type Party } from "./connection.ts";
import type { Ways } from "./route.ts";

/** A dial that nothing answers is repeated by the kernel. */
const SYN_AGAIN: Micros = SECOND;

/** A process that takes connections. */
export interface Listener extends Party {
  readonly isListening: boolean;
  readonly ends: Iterable<ConnectionEnd>;
  connected(end: ConnectionEnd): void;
}

export class Lan implements Ways {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly random: Random;
  readonly #hosts = new Map<number, Listener>();
  /** Machines without power, or asleep. */
  readonly #off = new Set<number>();

  constructor(timeline: Timeline, network: Network, random: Random) {
    this.timeline = timeline;
    this.network = network;
    this.random = random;
  }

  addressOf(machine: number): string {
    return `/ip4/10.0.0.${machine}/tcp/8766`;
  }

  readonly isOn = (machine: number): boolean => !this.#off.has(machine);

  turnOff(machine: number): void {
    this.#off.add(machine);
  }

  turnOn(machine: number): void {
    this.#off.delete(machine);
  }

  listens(host: Listener): void {
    this.#hosts.set(host.machine, host);
  }

  /** The process there has ended. */
  ended(machine: number, isMachineGone: boolean): void {
    const host = this.#hosts.get(machine);
    this.#hosts.delete(machine);
    for (const end of host?.ends ?? []) end.orphan(isMachineGone);
  }

  connect(from: Listener, address: string, peer: string | undefined, signal: AbortSignal): Promise<ConnectionEnd> {
    const { promise, resolve, reject } = Promise.withResolvers<ConnectionEnd>();
    const to = Number(/^\/ip4\/10\.0\.0\.(\d+)\//.exec(address)?.[1]);
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    const attempt = (): void => {
      if (signal.aborted || from.isOver) return;
      if (!this.#passes(from.machine, to)) {
        this.timeline.after(SYN_AGAIN, attempt);
        return;
      }
      const answer = (say: () => void): void => {
        this.timeline.after(this.network.latency(), () => {
          if (!this.#passes(from.machine, to)) this.timeline.after(SYN_AGAIN, () => from.run(say));
          else from.run(say);
        });
      };
      const host = this.#hosts.get(to);
      if (host?.isListening !== true) {
        answer(() => reject(Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" })));
        return;
      }
      // It takes the process there to say who it is.
      host.run(() => {
        const isOther = peer !== undefined && peer !== host.peerId;
        if (!host.isListening || isOther) {
          answer(() => reject(new Error(isOther ? "somebody else is there" : "it does not want to talk")));
          return;
        }
        const { near, far } = ConnectionEnd.between(this, from, host);
        host.connected(far);
        answer(() => {
          if (signal.aborted || !from.isListening) {
            near.abort("nobody waits for it any more");
            return;
          }
          from.connected(near);
          resolve(near);
        });
      });
    };
    this.timeline.after(this.network.latency(), attempt);
    return promise.finally(() => signal.removeEventListener("abort", giveUp));
  }

  #passes(one: number, other: number): boolean {
    const isCut = this.network.isCut(one, other) || this.network.isCut(other, one);
    return !isCut && this.isOn(one) && this.isOn(other) && Number.isInteger(other);
  }
}
