/** Hosts that hear one wake word, and a mesh between them that delays, loses and reorders as a test says. */
import { createArbiter } from "../../../src/turn/index.ts";
import type { Arbiter, ArbitrationEffect, ArbitrationMessage, ArbitrationOptions } from "../../../src/turn/index.ts";

/** One host: when it hears the word's end (ms), how long its detector took, how well it hears. */
export interface Ears {
  readonly hearsAtMs: number;
  readonly tookMs: number;
  readonly score: number;
  /** It is gone from then on. */
  readonly diesAtMs?: number;
}

/** What the mesh does to the n-th message from one host to another: its delay, or that it is lost. */
export type Mesh = (from: number, to: number) => number | "lost";

export interface Outcome {
  /** Hosts that answer in the end. */
  readonly winners: readonly number[];
  /** How long after its own hearing the (first) winner decided. */
  readonly tookMs: number;
  /** How many hosts have answered and then yielded. */
  readonly takenBack: number;
  readonly messages: number;
  /** Hosts that know neither that they answer nor that another does. */
  readonly undecided: number;
}

/** What happens next, on the clock of the test, which no host sees: each has a clock of its own. */
interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Host ids sort like their places. */
export const hostId = (index: number): string => `host-${index}`;

export function run(ears: readonly Ears[], mesh: Mesh, options: Partial<ArbitrationOptions> = {}): Outcome {
  const queue: Due[] = [];
  let order = 0;
  let messages = 0;
  let nowMs = 0;
  const state = ears.map(() => ({ answer: "none" as "none" | "won" | "yielded", wonAtMs: 0, back: 0 }));
  const hosts: readonly Arbiter[] = ears.map((_, index) => createArbiter(hostId(index), options));
  /** Clocks differ by hours. */
  const local = (index: number): number => nowMs + index * 7_919_993;
  const at = (atMs: number, what: () => void): void => {
    queue.push({ atMs, order: (order += 1), run: what });
  };
  const isDead = (index: number): boolean => nowMs >= (ears[index]?.diesAtMs ?? Number.POSITIVE_INFINITY);

  const send = (from: number, to: number, message: ArbitrationMessage): void => {
    messages += 1;
    const delay = mesh(from, to);
    if (delay !== "lost") at(nowMs + delay, () => act(to, (host) => host.received(message, local(to))));
  };
  const act = (index: number, what: (host: Arbiter) => readonly ArbitrationEffect[]): void => {
    const host = hosts[index];
    const own = state[index];
    if (host === undefined || own === undefined || isDead(index)) return;
    for (const effect of what(host)) {
      if (effect.type === "win") {
        own.answer = "won";
        own.wonAtMs = nowMs;
      } else if (effect.type === "yield") {
        if (own.answer === "won") own.back += 1;
        own.answer = "yielded";
      } else {
        for (const to of ears.keys()) {
          if (to !== index && (effect.type === "broadcast" || effect.to === hostId(to)))
            send(index, to, effect.message);
        }
      }
    }
    const due = host.nextDueMs;
    if (due !== undefined) {
      at(Math.max(nowMs, due - index * 7_919_993), () => act(index, (one) => one.advance(local(index))));
    }
  };

  const others = ears.map((_, index) => hostId(index));
  for (const [index, { hearsAtMs, tookMs, score }] of ears.entries()) {
    at(hearsAtMs + tookMs, () =>
      act(index, (host) => host.heard({ number: 1, score, agoMs: tookMs, others }, local(index))),
    );
  }
  for (;;) {
    const next = queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order).shift();
    if (next === undefined || next.atMs > 60_000) break;
    nowMs = next.atMs;
    next.run();
  }
  const alive = state.map((own, index) => ({ ...own, index, dead: ears[index]?.diesAtMs !== undefined }));
  const won = alive.filter((own) => own.answer === "won" && !own.dead);
  const first = won.toSorted((a, b) => a.wonAtMs - b.wonAtMs)[0];
  const heardAt = first === undefined ? 0 : (ears[first.index]?.hearsAtMs ?? 0) + (ears[first.index]?.tookMs ?? 0);
  return {
    winners: won.map((own) => own.index),
    tookMs: first === undefined ? Number.NaN : first.wonAtMs - heardAt,
    takenBack: alive.reduce((sum, own) => sum + own.back, 0),
    messages,
    undecided: alive.filter((own) => own.answer === "none" && !own.dead).length,
  };
}
