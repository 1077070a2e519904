/** Hosts with what placement needs of consensus. */
import { Hosts, type Host } from "../remoting/hosts.ts";
import type { RemotingOptions } from "../../src/index.ts";
import { MemoryPlacement } from "../../src/testing/index.ts";

export class Cluster extends Hosts {
  readonly placement: MemoryPlacement;
  readonly peers: readonly string[];
  readonly #hosts = new Map<string, Host>();

  constructor(peers: readonly string[], { seed = 1, shards = 8 } = {}) {
    super(seed);
    this.peers = peers;
    this.placement = new MemoryPlacement({ clock: this.clock, members: peers, shards });
  }

  /** Starts all, or one anew. */
  async up(peers: readonly string[] = this.peers, options: Partial<RemotingOptions> = {}): Promise<void> {
    for (const peer of peers) {
      if (this.#hosts.has(peer)) this.placement.restart(peer);
      this.#hosts.set(peer, await this.start(peer, options));
    }
  }

  host(peer: string): Host {
    const host = this.#hosts.get(peer);
    if (host === undefined) throw new Error(`${peer} is not up`);
    return host;
  }

  /** From all others and from consensus, which elects somebody else when it led. */
  partitionOff(peer: string): void {
    this.network.partition(
      [peer],
      this.peers.filter((each) => each !== peer),
    );
    this.placement.cutOff(peer);
  }

  rejoin(peer: string): void {
    this.network.heal();
    this.placement.reconnect(peer);
  }

  /** As by kill -9, as far as all others can see: what it still does in its end reaches nobody. */
  async crash(peer: string): Promise<void> {
    const { system, remoting } = this.host(peer);
    this.kill(peer);
    this.placement.cutOff(peer);
    await this.clock.until(remoting.close());
    await this.clock.until(system.stop());
  }
}
