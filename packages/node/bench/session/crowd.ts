/** How many sessions a peer holds: what each costs that has said something and whose client is still there. */
import { readFile } from "node:fs/promises";
import { informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { clientOf } from "../../src/testing/index.ts";
import { openHouse } from "./house.ts";

const SESSIONS = 200;
/** At once: more would only wait for the engines. */
const ASKING = 4;

export async function* crowdRows(): AsyncGenerator<BenchRow> {
  const house = await openHouse(true);
  const { entry } = house;
  try {
    await Array.fromAsync(house.client.ask({ text: "How is the house?" }));
    const beforeKib = await residentKib(entry.pid);
    const clients = await Promise.all(Array.from({ length: SESSIONS }, () => clientOf(entry)));
    const waiting = [...clients];
    const times: number[] = [];
    const startedMs = performance.now();
    const asker = async (): Promise<void> => {
      for (let client = waiting.pop(); client !== undefined; client = waiting.pop()) {
        const askedMs = performance.now();
        await Array.fromAsync(client.ask({ text: "How is the house?" }));
        times.push(performance.now() - askedMs);
      }
    };
    await Promise.all(Array.from({ length: ASKING }, asker));
    const seconds = (performance.now() - startedMs) / 1_000;
    yield informs(
      `${SESSIONS} sessions with a turn each: memory of one at its peer`,
      ((await residentKib(entry.pid)) - beforeKib) / SESSIONS,
      "KiB",
    );
    yield informs(`${SESSIONS} sessions with a turn each, ${ASKING} asking at once: turns`, SESSIONS / seconds, "/s");
    yield informs(
      `${SESSIONS} sessions with a turn each, ${ASKING} asking at once: a turn, p95`,
      quantile(times, 0.95),
      "ms",
    );
    for (const client of clients) client.close();
  } finally {
    await house.close();
  }
}

async function residentKib(pid: number | undefined): Promise<number> {
  if (pid === undefined) throw new Error("the peer does not run");
  const found = /VmRSS:\s+(\d+) kB/u.exec(await readFile(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1] ?? Number.NaN);
}
