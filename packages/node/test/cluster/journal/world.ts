/** Several members with consensus and a network in memory, each with its keeper of keys and its journals; time is the machine's. */
import { createActorSystem, createRemoting, systemClock, type ActorSystem, type Stamp } from "@parley/actors";
import { MemoryNetwork } from "@parley/actors/testing";
import { onTestFinished } from "vitest";
import { SharedState } from "../../../src/cluster/consensus/shared-state.ts";
import { SessionJournals } from "../../../src/cluster/journal/journals.ts";
import type { Journal } from "../../../src/cluster/journal/port.ts";
import type { Electorate } from "../../../src/cluster/journal/keys/electorate.ts";
import { startKeeper } from "../../../src/cluster/journal/keys/keeper.ts";
import type { KeyStore } from "../../../src/cluster/journal/keys/store.ts";
import { ClusterMachine } from "../../../src/cluster/state/machine.ts";
import { MemoryConsensusWorld } from "../../../src/testing/index.ts";
import { until } from "../../mesh/host/hosts.ts";
import { admit, FOUND, RECORD } from "../state/support.ts";

export interface Host {
  readonly peer: string;
  readonly system: ActorSystem;
  readonly shared: SharedState;
  readonly machine: ClusterMachine;
  readonly store: KeyStore;
  readonly journals: SessionJournals;
}

export const TIMEOUT = { timeoutMs: 10_000 };
export const SESSION = "session-1";
export const SCOPE = "sessions/1";

export function stampOf(token: number): () => Stamp {
  return () => ({ scope: SCOPE, kind: "epoch", token });
}

export class JournalWorld {
  readonly consensus: MemoryConsensusWorld;
  readonly network = new MemoryNetwork({ clock: systemClock(), random: Math.random });
  readonly hosts = new Map<string, Host>();
  electorate: Electorate;
  /** All that anybody ever proposed. */
  readonly log: Uint8Array[] = [];
  readonly #stops = new Map<string, () => Promise<void>>();

  private constructor(peers: readonly string[]) {
    this.consensus = new MemoryConsensusWorld(peers);
    this.electorate = [peers];
  }

  /** Of members that all know `version` of the commands. Ends with the test. */
  static async of(peers: readonly string[], version = 2): Promise<JournalWorld> {
    const world = new JournalWorld(peers);
    onTestFinished(() => world.dispose());
    for (const peer of peers) await world.start(peer);
    const [first] = peers;
    const { shared } = world.host(first ?? "");
    await shared.submit(FOUND, TIMEOUT);
    for (const peer of peers.slice(1)) await shared.submit(admit(peer), TIMEOUT);
    for (const peer of peers) await shared.submit({ type: "describe", peer, knows: version, record: RECORD }, TIMEOUT);
    await shared.submit({ type: "raise-version", to: version }, TIMEOUT);
    await until(() => [...world.hosts.values()].every((host) => host.shared.now.version === version), "the version");
    return world;
  }

  host(peer: string): Host {
    const host = this.hosts.get(peer);
    if (host === undefined) throw new Error(`${peer} does not run`);
    return host;
  }

  /** A session's journal at a host that has it by its epoch. */
  open(peer: string, epoch: number, session = SESSION): Journal {
    return this.host(peer).journals.open(session, stampOf(epoch));
  }

  async start(peer: string): Promise<void> {
    const machine = new ClusterMachine();
    const consensus = await this.consensus.start(peer, {
      apply: (commands) => machine.apply(commands),
      snapshot: () => machine.snapshot(),
      restore: (contents) => machine.restore(contents),
    });
    const shared = new SharedState(
      {
        ...consensus,
        propose: (command, options) => {
          this.log.push(Uint8Array.from(command));
          return consensus.propose(command, options);
        },
      },
      machine,
    );
    const remoting = createRemoting({ transport: this.network.transport(peer) });
    const system = createActorSystem({ peer, remoting: remoting.remoting });
    await remoting.start();
    const electorate = (): Electorate => this.electorate;
    const store = startKeeper(system, { shared, electorate });
    const journals = new SessionJournals(system, store, { shared, electorate });
    this.hosts.set(peer, { peer, system, shared, machine, store, journals });
    this.#stops.set(peer, async () => {
      journals.close();
      await remoting.close();
      await system.stop();
    });
  }

  /** Its memory is gone. */
  async kill(peer: string): Promise<void> {
    this.hosts.delete(peer);
    await this.consensus.kill(peer);
    await this.#stops.get(peer)?.();
    this.#stops.delete(peer);
  }

  /** It can be reached by nobody, and goes on. */
  isolate(peer: string): void {
    this.consensus.isolate(peer);
    this.network.partition([peer], this.others(peer));
  }

  heal(peer: string): void {
    this.consensus.heal(peer);
    this.network.heal();
  }

  others(peer: string): readonly string[] {
    return [...this.hosts.keys()].filter((each) => each !== peer);
  }

  async dispose(): Promise<void> {
    this.network.heal();
    for (const peer of this.#stops.keys()) await this.kill(peer);
    await this.consensus.dispose();
  }
}
