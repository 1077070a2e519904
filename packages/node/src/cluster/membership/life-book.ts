/** Who is alive, since when, and how often each went away: what the prime has seen itself. Pure. */
import type { NodeId } from "@parley/raft";

interface Life {
  isAlive: boolean;
  /** Of the present state. */
  sinceMs: number;
  /** When it was last active. */
  lastMs: number;
  departedMs: number[];
}

export interface LifeSeen {
  readonly isAlive: boolean;
  readonly forMs: number;
  readonly departures: number;
}

/** Activity is sampled, and a follower may just not have answered yet: silence becomes death only after this. */
const SILENT_MS = 2_000;
const REMEMBERED_MS = 60 * 60_000;
const MAX_DEPARTURES = 16;

export class LifeBook {
  readonly #lives = new Map<NodeId, Life>();

  /** What holds for each node now; nodes that are not named are forgotten. */
  observe(active: ReadonlyMap<NodeId, boolean>, nowMs: number): void {
    for (const node of this.#lives.keys()) if (!active.has(node)) this.#lives.delete(node);
    for (const [node, isActive] of active) this.#observe(node, isActive, nowMs);
  }

  look(node: NodeId, nowMs: number): LifeSeen {
    const life = this.#lives.get(node);
    if (life === undefined) return { isAlive: false, forMs: 0, departures: 0 };
    const departures = life.departedMs.filter((atMs) => nowMs - atMs < REMEMBERED_MS).length;
    return { isAlive: life.isAlive, forMs: nowMs - life.sinceMs, departures };
  }

  /** What a former prime saw is not known to this one. */
  clear(): void {
    this.#lives.clear();
  }

  #observe(node: NodeId, isActive: boolean, nowMs: number): void {
    const life = this.#lives.get(node);
    if (life === undefined) {
      this.#lives.set(node, { isAlive: isActive, sinceMs: nowMs, lastMs: nowMs, departedMs: [] });
      return;
    }
    if (isActive) {
      life.lastMs = nowMs;
      if (!life.isAlive) [life.isAlive, life.sinceMs] = [true, nowMs];
    } else if (life.isAlive && nowMs - life.lastMs >= SILENT_MS) {
      [life.isAlive, life.sinceMs] = [false, life.lastMs];
      life.departedMs = [...life.departedMs, nowMs].slice(-MAX_DEPARTURES);
    }
  }
}
