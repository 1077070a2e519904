/** A client of the cluster's key-value face. It asks any peer, and another when one certainly did nothing. */
import { setTimeout as delay } from "node:timers/promises";
import { PeerFailure, type LivePeer } from "@parley/node/testing";
import type { KvOutcome } from "@parley/raft/testing";
import type { Random } from "../../kit/random.ts";
import type { Kv } from "../workload.ts";
import type { World } from "./world.ts";

const TIMEOUT_MS = 5_000;
const ATTEMPT_MS = 1_500;
const PAUSE_MS = 20;

/** Undefined: the peer certainly did nothing. */
type Answer<T> = KvOutcome<T> | undefined;

interface Write {
  readonly key: string;
  readonly value: string;
  readonly when?: string | null;
}

export class PeerClient implements Kv {
  readonly #world: World;
  readonly #random: Random;
  readonly #isStale: boolean;

  /** @param isStale whether it reads whatever a peer happens to hold, which is wrong, and is to be found out */
  constructor(world: World, random: Random, isStale: boolean) {
    this.#world = world;
    this.#random = random;
    this.#isStale = isStale;
  }

  readonly get: Kv["get"] = async (key, { timeoutMs = TIMEOUT_MS, node } = {}) =>
    this.#ask<string | null>(node, timeoutMs, async (peer, tryMs) => {
      const answer = await peer.get(key, { timeoutMs: tryMs, isStale: this.#isStale });
      return answer.outcome === "read" ? { outcome: "done", result: answer.value, index: answer.index } : undefined;
    });

  readonly put: Kv["put"] = async (key, value, { timeoutMs = TIMEOUT_MS } = {}) => {
    const outcome = await this.#write({ key, value }, timeoutMs);
    return outcome.outcome === "done" ? { ...outcome, result: null } : outcome;
  };

  readonly cas: Kv["cas"] = async (key, when, value, { timeoutMs = TIMEOUT_MS } = {}) =>
    this.#write({ key, value, when }, timeoutMs);

  /** @returns whether it took */
  #write({ key, value, ...when }: Write, timeoutMs: number): Promise<KvOutcome<boolean>> {
    return this.#ask<boolean>(undefined, timeoutMs, async (peer, tryMs) => {
      const answer = await peer.put(key, value, { timeoutMs: tryMs, ...when });
      if (answer.outcome === "unknown") return { outcome: "unknown", reason: "deadline", detail: answer.detail };
      if (answer.outcome === "refused") return undefined;
      return { outcome: "done", result: answer.outcome === "done", index: answer.index };
    });
  }

  async #ask<T>(
    node: number | undefined,
    timeoutMs: number,
    act: (peer: LivePeer, tryMs: number) => Promise<Answer<T>>,
  ): Promise<KvOutcome<T>> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return { outcome: "refused", reason: "deadline", detail: "no peer did it in time" };
      const { open } = this.#world;
      const peer = node === undefined ? this.#random.pick(open) : open[node % open.length];
      const answer = peer && (await this.#attempt(peer, Math.max(1, Math.min(leftMs, ATTEMPT_MS)), act));
      if (answer !== undefined) return answer;
      await delay(PAUSE_MS);
    }
  }

  async #attempt<T>(
    peer: LivePeer,
    tryMs: number,
    act: (peer: LivePeer, tryMs: number) => Promise<Answer<T>>,
  ): Promise<Answer<T>> {
    try {
      return await act(peer, tryMs);
    } catch (error) {
      if (!(error instanceof PeerFailure)) throw error;
      if (error.code === "absent") return undefined;
      return { outcome: "unknown", reason: "deadline", detail: error.message };
    }
  }
}
