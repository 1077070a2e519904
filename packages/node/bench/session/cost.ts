/** What a journal costs one client: bytes and writes of a turn, and what is waited for. */
import { setTimeout as sleep } from "node:timers/promises";
import { below, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { given } from "../../src/testing/index.ts";
import { openHouse, writtenBy, type JournalledHouse, type Written } from "./house.ts";

/** Difference at the 95th percentile. */
const GOAL_MS = 10;
const WARM_UP = 3;
/** What a turn has written is taken by the cluster a little later. */
const SETTLED_MS = 500;

export async function* costRows(turns: number): AsyncGenerator<BenchRow> {
  const [on, off] = [await openHouse(true), await openHouse(false)];
  try {
    for (let turn = 0; turn < WARM_UP; turn += 1) for (const house of [on, off]) await firstSoundMs(house);
    await sleep(SETTLED_MS);
    const before = await written(on);
    const withIt: number[] = [];
    const without: number[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      // Who comes first changes: what wears a machine down in between wears both down.
      const order =
        turn % 2 === 0
          ? ([
              [on, withIt],
              [off, without],
            ] as const)
          : ([
              [off, without],
              [on, withIt],
            ] as const);
      for (const [house, times] of order) times.push(await firstSoundMs(house));
    }
    await sleep(SETTLED_MS);
    const after = await written(on);
    yield informs("journal: writes the cluster agreed on, a turn", (after.commits - before.commits) / turns, "");
    yield informs("journal: bytes in them, a turn", (after.bytes - before.bytes) / turns, "B");
    for (const [name, share] of [
      ["p50", 0.5],
      ["p95", 0.95],
    ] as const) {
      const [value, baseline] = [quantile(withIt, share), quantile(without, share)];
      yield {
        ...informs(`question to first sound, ${name}, beside the same without a journal`, value, "ms"),
        baseline,
        ratio: value / baseline,
      };
      const difference = informs(`question to first sound, ${name}, with a journal more by`, value - baseline, "ms");
      yield share === 0.95 ? below(GOAL_MS, difference) : difference;
    }
  } finally {
    await Promise.all([on.close(), off.close()]);
  }
}

async function firstSoundMs({ client }: JournalledHouse): Promise<number> {
  const { firstSoundMs: atMs, startedMs } = await given(client.ask({ text: "How is the house?" }, { speak: true }));
  return atMs - startedMs;
}

async function written({ peers }: JournalledHouse): Promise<Written> {
  for (const peer of peers) {
    const found = await writtenBy(peer);
    if (found !== undefined) return found;
  }
  throw new Error("no session has a journal");
}
