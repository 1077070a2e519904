/** Several hosts in processes of their own, and the stand-in for consensus that serves them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { Relay } from "../../remoting/processes/relay.ts";
import { ConsensusStandIn, type Served } from "./stand-in.ts";
import { type Order, type Outcome, outcomeOf, type ToChild, type ToParent, valueOf } from "./talk.ts";

const PROGRAM = fileURLToPath(new URL("placed-process.ts", import.meta.url));

class PlacedChild {
  readonly served: Served;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #orders = new Map<number, (outcome: Outcome) => void>();
  readonly #ready = Promise.withResolvers<number>();
  #ids = 0;

  constructor(peer: string, peers: readonly string[], consensus: ConsensusStandIn) {
    this.#process = fork(PROGRAM, [peer, peers.join(",")], {
      execArgv: ["--conditions=parley-source"],
      serialization: "advanced",
      stdio: "inherit",
    });
    this.served = consensus.serve(peer, (news) => this.tell(news));
    this.#process.on("message", (told: ToParent) => this.#heard(told));
    this.#exited = once(this.#process, "exit");
    void this.#mourn(peer);
    onTestFinished(() => this.kill());
  }

  /** Its port. */
  get ready(): Promise<number> {
    return this.#ready.promise;
  }

  tell(what: ToChild): void {
    if (!this.#process.connected) return;
    // Whoever waits for an answer hears of its end from its exit.
    this.#process.send(what, () => undefined);
  }

  async do(order: Order): Promise<unknown> {
    this.#ids += 1;
    const id = this.#ids;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#orders.set(id, resolve);
    this.tell({ type: "order", id, order });
    return valueOf(await promise);
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#exited;
  }

  /** It ends by itself. Gives its exit code. */
  async stop(): Promise<unknown> {
    await this.do({ type: "stop" });
    await this.#exited;
    return this.#process.exitCode;
  }

  #heard(told: ToParent): void {
    if (told.type === "ready") this.#ready.resolve(told.port);
    if (told.type === "done") {
      this.#orders.get(told.id)?.(told.outcome);
      this.#orders.delete(told.id);
    }
    if (told.type === "call") void this.#answer(told.id, this.served.call(told.call));
  }

  async #answer(id: number, work: Promise<unknown>): Promise<void> {
    this.tell({ type: "called", id, outcome: await outcomeOf(work) });
  }

  async #mourn(peer: string): Promise<void> {
    await this.#exited;
    this.served.end();
    this.#ready.reject(new Error(`${peer} ended before it was ready`));
    const gone: Outcome = { ok: false, code: "peer-gone", text: `the process of ${peer} has ended` };
    for (const settle of this.#orders.values()) settle(gone);
    this.#orders.clear();
  }
}

export class PlacedWorld {
  readonly consensus: ConsensusStandIn;
  readonly peers: readonly string[];
  readonly #children = new Map<string, PlacedChild>();
  readonly #ports = new Map<string, number>();
  readonly #relays = new Map<string, Relay>();

  private constructor(peers: readonly string[]) {
    this.peers = peers;
    this.consensus = new ConsensusStandIn(peers);
  }

  /** @param withRelays every link can be cut */
  static async start({ peers = ["a", "b", "c"], withRelays = false } = {}): Promise<PlacedWorld> {
    const world = new PlacedWorld(peers);
    await Promise.all(peers.map((peer) => world.#fork(peer)));
    if (withRelays) await world.#putRelays();
    for (const peer of peers) world.#begin(peer);
    return world;
  }

  get sink(): ConsensusStandIn["sink"] {
    return this.consensus.sink;
  }

  child(peer: string): PlacedChild {
    const child = this.#children.get(peer);
    if (child === undefined) throw new Error(`there is no ${peer}`);
    return child;
  }

  /** A new life, at another port. */
  async restart(peer: string): Promise<void> {
    await this.child(peer).kill();
    await this.#fork(peer);
    for (const each of this.peers) this.#begin(each);
  }

  /** Entities, one for each of many shards, and where they live. */
  async places(from: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const places = ids.map(async (entity) => [entity, String(await this.do(from, { type: "where", entity }))] as const);
    return new Map(await Promise.all(places));
  }

  do(peer: string, order: Order): Promise<unknown> {
    return this.child(peer).do(order);
  }

  cut(one: string, other: string): void {
    for (const relay of this.#between(one, other)) relay.cut();
  }

  mend(one: string, other: string): void {
    for (const relay of this.#between(one, other)) relay.mend();
  }

  async #fork(peer: string): Promise<void> {
    const child = new PlacedChild(peer, this.peers, this.consensus);
    this.#children.set(peer, child);
    this.#ports.set(peer, await child.ready);
  }

  #begin(peer: string): void {
    const others = this.peers.filter((each) => each !== peer);
    const ports = others.map((other) => [other, this.#relays.get(`${peer}>${other}`)?.port ?? this.#ports.get(other)]);
    const child = this.child(peer);
    child.tell({ type: "begin", ...child.served.now(), ports: Object.fromEntries(ports) as Record<string, number> });
  }

  async #putRelays(): Promise<void> {
    for (const from of this.peers) {
      for (const [to, port] of this.#ports) {
        if (from === to) continue;
        const relay = await Relay.to(port);
        onTestFinished(() => relay.close());
        this.#relays.set(`${from}>${to}`, relay);
      }
    }
  }

  /** Either may have dialled. */
  #between(one: string, other: string): readonly Relay[] {
    return [`${one}>${other}`, `${other}>${one}`].flatMap((name) => this.#relays.get(name) ?? []);
  }
}

/** Looks again and again; the time limit is the test's. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(10);
}
