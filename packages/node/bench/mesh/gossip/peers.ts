/** All peers of one run of the gossip bench, and their clock. */
import { OneProcess } from "./one-process.ts";
import type { Counted, GossipAnswers, GossipOrder } from "./orders.ts";

const PEERS_PER_PROCESS = 10;
const CALM_MS = 60_000;
/** Between two looks whether all has been dealt with: looking costs those that are looked at. */
const LOOK_MS = 20;
/** What is not dealt with after so long of silence was lost with a connection that failed. */
const LOST_MS = 5_000;
const PRICED_ORDERS = 200;

export type Count = Counted & {
  /** How often the processes were asked for something, which is no part of what gossip costs. */
  readonly orders: number;
};

export class GossipPeers {
  readonly size: number;
  readonly perProcess: number;
  readonly #processes: readonly OneProcess[];
  #sayEveryMs = 0;
  #beatEveryMs = 0;
  #orders = 0;
  #lost = 0;

  private constructor(size: number) {
    this.size = size;
    const sizes = [];
    for (let left = size; left > 0; left -= PEERS_PER_PROCESS) sizes.push(Math.min(left, PEERS_PER_PROCESS));
    this.perProcess = Math.max(...sizes);
    this.#processes = sizes.map((each) => new OneProcess(each));
  }

  /** Started, and each linked with each. */
  static async start(size: number): Promise<GossipPeers> {
    const peers = new GossipPeers(size);
    try {
      const places = (await Promise.all(peers.#processes.map((each) => each.places()))).flat();
      await peers.#all({ type: "link", places });
      const [pace] = await peers.#all({ type: "await-links", others: size - 1 });
      peers.#sayEveryMs = pace?.sayEveryMs ?? 0;
      peers.#beatEveryMs = pace?.beatEveryMs ?? 0;
      await peers.#settle();
      return peers;
    } catch (error) {
      await peers.close();
      throw error;
    }
  }

  /** How much of simulated time a round is. */
  get roundMs(): number {
    return this.#sayEveryMs;
  }

  /**
   * So long as it takes each peer to say one thing, spread over that time, as are the beats of gossip's hearts. What one step brings
   * about has come to its end before the next.
   */
  async round(): Promise<void> {
    const beats = Math.round(this.#sayEveryMs / this.#beatEveryMs);
    const steps = this.perProcess;
    for (let say = 0; say < steps; say += 1) {
      const beat = Array.from({ length: beats }, (_, i) => (say + Math.round((i * steps) / beats)) % steps);
      await this.#all({ type: "step", say, beat });
      await this.#calm();
    }
  }

  async count(): Promise<Count> {
    const counts = await this.#all({ type: "count" });
    const sum = (name: keyof Counted): number => counts.reduce((total, count) => total + count[name], 0);
    return {
      cpuMs: sum("cpuMs"),
      sent: sum("sent"),
      sentBytes: sum("sentBytes"),
      received: sum("received"),
      said: sum("said"),
      saidBytes: sum("saidBytes"),
      heard: sum("heard"),
      orders: this.#orders,
    };
  }

  /** What the processes need to answer once, all together. */
  async orderMs(): Promise<number> {
    const before = await this.count();
    for (let i = 0; i < PRICED_ORDERS; i += 1) await this.count();
    const after = await this.count();
    return (after.cpuMs - before.cpuMs) / (after.orders - before.orders);
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.end()));
  }

  /** Fulfilled when all that was sent has been dealt with. Processes answer one after the other, hence twice the same. */
  async #calm(): Promise<void> {
    const deadlineMs = performance.now() + CALM_MS;
    for (let before = await this.count(); ;) {
      await rest(LOOK_MS);
      const now = await this.count();
      if (now.sent - now.received === this.#lost && isSame(before, now)) return;
      if (performance.now() > deadlineMs) throw new Error(`of ${now.sent} messages ${now.received} have come`);
      before = now;
    }
  }

  /** What linking has brought about has come to its end. */
  async #settle(): Promise<void> {
    let sinceMs = performance.now();
    for (let before = await this.count(); ;) {
      await rest(LOOK_MS);
      const now = await this.count();
      if (!isSame(before, now)) sinceMs = performance.now();
      else if (now.sent === now.received || performance.now() - sinceMs > LOST_MS) {
        this.#lost = now.sent - now.received;
        return;
      }
      before = now;
    }
  }

  #all<Type extends GossipOrder["type"]>(
    order: GossipOrder & { readonly type: Type },
  ): Promise<readonly GossipAnswers[Type][]> {
    this.#orders += 1;
    return Promise.all(this.#processes.map((each) => each.ask<Type>(order)));
  }
}

function isSame(one: Count, other: Count): boolean {
  return one.sent === other.sent && one.received === other.received;
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
