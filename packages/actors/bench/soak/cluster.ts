/** The hosts of the soak as processes, and their parent's part in it: to be consensus, and to break things. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ActorError, applyPlacement, emptyPlacement, type PlacementChange } from "../../src/index.ts";
import type { Figures, Order, Said } from "./protocol.ts";

const PROGRAM = fileURLToPath(new URL("host.ts", import.meta.url));
const SHARDS = 16;

interface Host {
  readonly process: ChildProcess;
  readonly ready: PromiseWithResolvers<number>;
  readonly figures: ((figures: Figures) => void)[];
  readonly died: Promise<never>;
}

export class SoakCluster {
  readonly #peers: readonly string[];
  readonly #hosts = new Map<string, Host>();
  readonly #ports: Record<string, number> = {};
  #table = emptyPlacement(SHARDS);
  #term = 0;
  #leader: string | undefined;

  constructor(peers: readonly string[]) {
    this.#peers = peers;
  }

  /** Starts a host, or starts it anew after its death. */
  async start(peer: string): Promise<void> {
    const options = JSON.stringify({ peer, peers: this.#peers, shards: SHARDS });
    const child = fork(PROGRAM, [options], { execArgv: ["--conditions=parley-source", "--expose-gc"] });
    const died = once(child, "exit").then(([code]) => {
      throw new Error(`the host ${peer} ended by itself: ${String(code)}`);
    });
    // It is looked at by whoever waits for that host.
    died.catch(() => undefined);
    const host: Host = { process: child, ready: Promise.withResolvers(), figures: [], died };
    this.#hosts.set(peer, host);
    child.on("message", (said: Said) => this.#take(host, said));
    this.#ports[peer] = await Promise.race([host.ready.promise, died]);
    this.#tellAll({ type: "ports", ports: this.#ports });
    this.#tell(host, { type: "table", table: this.#table });
    // A term is of one life: what its former life led, it leads no more.
    const leader = this.#leader;
    if (leader !== undefined && leader !== peer) this.#tell(host, { type: "leadership", leader, term: this.#term });
  }

  /** Somebody leads, in the next term. */
  elect(leader: string): void {
    this.#term += 1;
    this.#leader = leader;
    this.#tellAll({ type: "leadership", leader, term: this.#term });
  }

  /** Breaks the connections that others have dialled to it. */
  breakConnections(peer: string): void {
    this.#tell(this.#host(peer), { type: "break", peer });
  }

  /** As by kill -9; when it led, another does. */
  async kill(peer: string): Promise<void> {
    const { process: child } = this.#host(peer);
    this.#hosts.delete(peer);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    const [heir] = this.#hosts.keys();
    if (this.#leader === peer && heir !== undefined) this.elect(heir);
  }

  async figures(peer: string): Promise<Figures> {
    const host = this.#host(peer);
    const said = new Promise<Figures>((resolve) => {
      host.figures.push(resolve);
    });
    this.#tell(host, { type: "figures" });
    return Promise.race([said, host.died]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#hosts.keys()].map((peer) => this.kill(peer)));
  }

  #take(host: Host, said: Said): void {
    if (said.type === "ready") host.ready.resolve(said.port);
    if (said.type === "figures") host.figures.shift()?.(said.figures);
    if (said.type === "propose") this.#propose(host, said.id, said.change);
  }

  #propose(host: Host, id: number, change: PlacementChange): void {
    const changed = applyPlacement(this.#table, change);
    const refusal = changed instanceof ActorError ? changed.message : undefined;
    if (!(changed instanceof ActorError)) {
      this.#table = changed;
      this.#tellAll({ type: "table", table: changed });
    }
    this.#tell(host, { type: "proposed", id, refusal, table: this.#table });
  }

  #tellAll(order: Order): void {
    for (const host of this.#hosts.values()) this.#tell(host, order);
  }

  #tell({ process: child }: Host, order: Order): void {
    if (child.connected) child.send(order);
  }

  #host(peer: string): Host {
    const host = this.#hosts.get(peer);
    if (host === undefined) throw new Error(`there is no host ${peer}`);
    return host;
  }
}
