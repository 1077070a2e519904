/** One host: how fast actors are beside nact, XState, and the least that sending can be. */
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { nactBytes, parleyBytes, restartUs } from "./idle.ts";
import { ratesPerMs } from "./measure.ts";
import { bareRing, nactAsk, nactTell, parleyAsk, parleyStream, parleyTell, xstateTell } from "./subjects.ts";

const TELL_GOAL = 15;
const ASK_GOAL = 1.5;
const ROUNDS = 9;
const IDLE_ACTORS = 100_000;
const RESTARTS = 20_000;

export async function localRows(): Promise<readonly BenchRow[]> {
  return [...(await tellRows()), ...(await askRows()), ...(await otherRows())];
}

async function tellRows(): Promise<readonly BenchRow[]> {
  const [parley = 0, limit = 0, nact = 0, xstate = 0] = await ratesPerMs(
    [
      { subject: parleyTell(), count: 2_000_000 },
      { subject: bareRing(), count: 2_000_000 },
      { subject: nactTell(), count: 100_000 },
      { subject: xstateTell(), count: 200_000 },
    ],
    ROUNDS,
  );
  return [
    millions("tell, beside nact", parley, nact, TELL_GOAL),
    millions("tell, beside XState without a mailbox", parley, xstate, null),
    millions("tell, beside the limit (bare ring, micro-tasks)", parley, limit, null),
  ];
}

async function askRows(): Promise<readonly BenchRow[]> {
  const [parley = 0, nact = 0] = await ratesPerMs(
    [
      { subject: parleyAsk(), count: 300_000 },
      { subject: nactAsk(), count: 60_000 },
    ],
    ROUNDS,
  );
  return [millions("ask, beside nact", parley, nact, ASK_GOAL)];
}

async function otherRows(): Promise<readonly BenchRow[]> {
  const [stream = 0] = await ratesPerMs([{ subject: parleyStream(), count: 100_000 }], ROUNDS);
  const parley = await parleyBytes(IDLE_ACTORS);
  const nact = await nactBytes(IDLE_ACTORS);
  const restart = await restartUs(RESTARTS);
  return [
    { ...informs("stream on one host, window 64", stream / 1000, "M items/s") },
    { ...informs("supervised restart", restart, "us") },
    {
      ...informs(`each of ${IDLE_ACTORS} idle actors, beside nact`, parley, "bytes"),
      baseline: nact,
      ratio: parley / nact,
    },
  ];
}

/** @param goal in millions a second */
function millions(metric: string, perMs: number, baselinePerMs: number, goal: number | null): BenchRow {
  const value = perMs / 1000;
  return {
    metric,
    value,
    unit: "M/s",
    baseline: baselinePerMs / 1000,
    ratio: perMs / baselinePerMs,
    goal: goal === null ? null : `>= ${goal}`,
    met: goal === null ? null : value >= goal,
  };
}

function informs(metric: string, value: number, unit: string): BenchRow {
  return { metric, value, unit, baseline: null, ratio: null, goal: null, met: null };
}
