/** Faults drawn from a seed, until told to end; all undone then. */
import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "@parley/raft/testing";
import { RaftError, type NodeId } from "@parley/raft";
import { Random } from "../kit/random.ts";
import { LANES, type Fault, type FaultContext, type Undo } from "./faults.ts";

const FIRST_REST_MS = 500;
const REST_MS = [300, 2_000] as const;
const HOLD_MS = [200, 2_000] as const;

export interface NemesisOptions {
  readonly cluster: Cluster;
  readonly seed: number;
  readonly signal: AbortSignal;
}

export class Nemesis {
  /** How often each kind was done. */
  readonly counts: Record<string, number> = {};
  /** What could not be done, or undone, in the midst of other faults: expected, but shown. */
  readonly failures: Record<string, number> = {};
  /** What is wrong right now, for people who watch. */
  readonly active = new Set<string>();
  readonly #options: NemesisOptions;
  readonly #size: number;
  readonly #claimed = new Set<NodeId>();

  constructor(options: NemesisOptions) {
    this.#options = options;
    this.#size = options.cluster.ids().length;
  }

  /** Runs all lanes until the signal aborts, and undoes what is left. What must be right in the end is not seen to here. */
  async run(): Promise<void> {
    await Promise.all(Object.entries(LANES).map(async ([name, faults]) => this.#lane(name, faults)));
  }

  async #lane(name: string, faults: Readonly<Record<string, Fault>>): Promise<void> {
    const { cluster, seed, signal } = this.#options;
    const random = new Random(seed, `nemesis/${name}`);
    const context: FaultContext = { cluster, random, claimed: this.#claimed, size: this.#size };
    await this.#wait(FIRST_REST_MS);
    while (!signal.aborted) {
      const [kind, fault] = random.pick(Object.entries(faults)) ?? [];
      const [restMs, holdMs] = [random.between(...REST_MS), random.between(...HOLD_MS)];
      if (kind === undefined || fault === undefined) return;
      this.active.add(kind);
      const undo = await this.#attempt<Undo | undefined>(kind, () => fault(context));
      if (undo !== undefined) {
        this.counts[kind] = (this.counts[kind] ?? 0) + 1;
        await this.#wait(holdMs);
        await this.#attempt(`${kind}, undone`, undo);
      }
      this.active.delete(kind);
      await this.#wait(restMs);
    }
  }

  async #attempt<T>(kind: string, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      this.failures[kind] = (this.failures[kind] ?? 0) + 1;
      return undefined;
    }
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#options;
    if (signal.aborted) return;
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
