/** A network in memory, for virtual time: its faults are drawn from one source of chance, so that runs can be repeated. */
import type { Clock, RandomSource } from "../../core/ports.ts";
import { ActorError } from "../../errors.ts";
import type {
  AcceptConnection,
  ActorTransport,
  ConnectionReceiver,
  TransportConnection,
} from "../../remoting/transport.ts";
import { MemoryConnection, type Way } from "./memory-connection.ts";
import { FAIR_WEATHER, type Weather } from "./weather.ts";

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Default 16 MiB. */
  readonly maxFrameBytes?: number;
}

export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #hosts = new Map<string, AcceptConnection>();
  readonly #connections = new Set<MemoryConnection>();
  readonly #weather = new Map<string, Weather>();
  /** One-way cuts, and what waits for their end. */
  readonly #cuts = new Map<string, (() => void)[]>();
  /** Where nothing else is said. */
  weather: Weather = FAIR_WEATHER;

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  /** A host's access, for one life of it. */
  transport(peer: string): ActorTransport {
    return {
      maxFrameBytes: this.#options.maxFrameBytes ?? 16 * 1024 * 1024,
      listen: (accept) => {
        this.#hosts.set(peer, accept);
        return Promise.resolve();
      },
      connect: (to, receiver, signal) => this.#connect(peer, to, receiver, signal),
      close: () => {
        this.#hosts.delete(peer);
        for (const connection of this.#ofHost(peer)) connection.destroy();
        return Promise.resolve();
      },
    };
  }

  /** What is wrong from `from` to `to`. */
  setWeather(from: string, to: string, weather: Partial<Weather>): void {
    this.#weather.set(wayName(from, to), { ...this.weather, ...weather });
  }

  /** From now on nothing that `from` sends arrives at `to`; it waits on the way, as with TCP. */
  cut(from: string, to: string): void {
    const name = wayName(from, to);
    if (!this.#cuts.has(name)) this.#cuts.set(name, []);
  }

  mend(from: string, to: string): void {
    const name = wayName(from, to);
    const waiting = this.#cuts.get(name) ?? [];
    this.#cuts.delete(name);
    for (const run of waiting) run();
  }

  /** Cuts every way between the two sides. */
  partition(side: readonly string[], other: readonly string[]): void {
    for (const a of side) {
      for (const b of other) {
        this.cut(a, b);
        this.cut(b, a);
      }
    }
  }

  /** Mends all, and clears the weather. */
  heal(): void {
    this.#weather.clear();
    this.weather = FAIR_WEATHER;
    const waiting = [...this.#cuts.values()].flat();
    this.#cuts.clear();
    for (const run of waiting) run();
  }

  /** Breaks all connections between two hosts; both ends hear of it. */
  reset(a: string, b: string): void {
    const error = new ActorError("peer-gone", "the connection was reset");
    const between = [
      ...this.#ofHost(a).filter(({ peer }) => peer === b),
      ...this.#ofHost(b).filter(({ peer }) => peer === a),
    ];
    for (const connection of between) connection.close(error);
  }

  /** The host dies as by kill -9: it hears nothing more, and its connections break where the way is whole. */
  kill(peer: string): void {
    this.#hosts.delete(peer);
    for (const connection of this.#ofHost(peer)) {
      connection.destroy();
      connection.vanish();
    }
  }

  #ofHost(peer: string): readonly MemoryConnection[] {
    return [...this.#connections].filter(({ from }) => from === peer);
  }

  async #connect(
    from: string,
    to: string,
    receiver: ConnectionReceiver,
    signal: AbortSignal,
  ): Promise<TransportConnection> {
    await this.#trip(from, to, signal);
    const accept = this.#hosts.get(to);
    if (accept === undefined) throw new ActorError("peer-gone", `${to} takes no connections`);
    const forget = (connection: MemoryConnection): void => {
      this.#connections.delete(connection);
    };
    const near = new MemoryConnection(this.#way(from, to), forget);
    const far = new MemoryConnection(this.#way(to, from), forget);
    this.#connections.add(near).add(far);
    near.join(far, receiver);
    far.join(near, accept(far));
    return near;
  }

  /** There and back once: dialling takes that long. */
  #trip(from: string, to: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const there = this.#way(from, to);
    const back = this.#way(to, from);
    return new Promise((resolve, reject) => {
      const give = (): void => reject(new ActorError("cancelled", `dialling ${to} was cancelled`));
      if (signal.aborted) return give();
      signal.addEventListener("abort", give, { once: true });
      const arrived = (): void => {
        signal.removeEventListener("abort", give);
        if (!signal.aborted) resolve();
      };
      const hop = (way: Way, then: () => void): void => {
        clock.after(way.weather().delayMs, () => (way.isCut() ? way.onMended(then) : then()));
      };
      hop(there, () => hop(back, arrived));
    });
  }

  #way(from: string, to: string): Way {
    const { clock, random } = this.#options;
    const name = wayName(from, to);
    return {
      from,
      to,
      clock,
      random,
      weather: () => this.#weather.get(name) ?? this.weather,
      isCut: () => this.#cuts.has(name),
      onMended: (run) => {
        const waiting = this.#cuts.get(name);
        if (waiting === undefined) run();
        else waiting.push(run);
      },
    };
  }
}

function wayName(from: string, to: string): string {
  return `${from} ${to}`;
}
