/** Clients that each wait for an answer before they ask again, and a prober that does not wait. Knows no system. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Target } from "./target.ts";

/** Values of issue 3; keys come from a space that every system is filled to early on. */
const VALUE = Buffer.alloc(256, "v");
const KEYS = 10_000;
/** Per client, so that clients do not write the same keys at the same time. */
const KEY_STRIDE = 37;

const PUT_TIMEOUT_MS = 5000;
/** Under failover: a put to a node that has fallen silent is given up so soon. */
const FAILOVER_PUT_TIMEOUT_MS = 1000;
const PAUSE_AFTER_FAILURE_MS = 10;

const PROBE_EVERY_MS = 5;
const PROBE_TIMEOUT_MS = 1000;
/** More than ever wait for an answer, so that no probe is left out. */
const MAX_PROBES_UNDER_WAY = 1000;

/** What a closed loop of clients saw. */
export interface Measured {
  /** Of each put that was acknowledged. */
  readonly latenciesMs: readonly number[];
  readonly seconds: number;
  readonly failed: number;
  /** Processor time of the generator's process. */
  readonly cpuMs: number;
}

/** `clients` at one node for `ms`, or until each has made `puts`. */
export async function closedLoop(
  target: Target,
  clients: number,
  limit: { ms: number; puts: number },
): Promise<Measured> {
  const latenciesMs: number[] = [];
  let failed = 0;
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const one = async (client: number): Promise<void> => {
    for (let i = 0; i < limit.puts; i += 1) {
      const askedAt = performance.now();
      if (askedAt - startedAt >= limit.ms) return;
      if (await succeeds(target.put(keyOf(client, i), VALUE, PUT_TIMEOUT_MS))) {
        latenciesMs.push(performance.now() - askedAt);
      } else {
        failed += 1;
        await sleep(PAUSE_AFTER_FAILURE_MS);
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => one(client)));
  const used = process.cpuUsage(cpu);
  const seconds = (performance.now() - startedAt) / 1000;
  return { latenciesMs, seconds, failed, cpuMs: (used.user + used.system) / 1000 };
}

/** Clients that go on, at another node when theirs fails, until they are stopped. */
export class Background {
  #isStopping = false;
  readonly #clients: readonly Promise<void>[];

  constructor(targets: readonly Target[], first: number, clients: number) {
    this.#clients = Array.from({ length: clients }, (_, client) => this.#run(targets, first, client));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#clients);
  }

  async #run(targets: readonly Target[], first: number, client: number): Promise<void> {
    let at = first;
    for (let i = 0; !this.#isStopping; i += 1) {
      const target = targets[at % targets.length];
      if (target === undefined) return;
      if (await succeeds(target.put(keyOf(client, i), VALUE, FAILOVER_PUT_TIMEOUT_MS))) continue;
      at += 1;
      await sleep(PAUSE_AFTER_FAILURE_MS);
    }
  }
}

/**
 * Asks every target every few milliseconds, without waiting for earlier answers.
 * @returns when the first put of these was acknowledged, on the clock of `process.hrtime`; undefined when none was
 */
export async function firstAcknowledged(targets: readonly Target[], timeoutMs: number): Promise<bigint | undefined> {
  const { promise, resolve } = Promise.withResolvers<bigint | undefined>();
  let underWay = 0;
  const probe = async (target: Target): Promise<void> => {
    underWay += 1;
    if (await succeeds(target.put("probe", VALUE, PROBE_TIMEOUT_MS))) resolve(process.hrtime.bigint());
    underWay -= 1;
  };
  const round = (): void => {
    for (const target of targets) if (underWay < MAX_PROBES_UNDER_WAY) void probe(target);
  };
  round();
  const ticking = setInterval(round, PROBE_EVERY_MS);
  const givingUp = setTimeout(resolve, timeoutMs, undefined);
  const first = await promise;
  clearInterval(ticking);
  clearTimeout(givingUp);
  return first;
}

function keyOf(client: number, i: number): string {
  return `key-${(client * KEY_STRIDE + i) % KEYS}`;
}

/** Failures are counted, not told apart: an answer that a value is durable is all that counts here. */
async function succeeds(put: Promise<void>): Promise<boolean> {
  return put.then(
    () => true,
    () => false,
  );
}
