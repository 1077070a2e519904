/** Engines of fixed delay: everything above their delays is ours. `--turns N` says how many questions are asked. */
import type { ParleyClient } from "@parley/sdk";
import { below, informs, quantile } from "../../../../tools/bench/rows.ts";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { fixedDelaySources } from "../../src/testing/index.ts";
import { besideIdleTimers } from "./idle-timers.ts";
import type { PartOptions } from "./part.ts";
import { withPeer } from "./peer.ts";

/** The delays of the named test engines, in milliseconds, and what of ours may come on top. */
const DELAYS = { stt: 150, llm: 200, tts: 100 };
const OVERHEAD_GOAL_MS = 30;

export async function* fixedRows({ isQuick, number }: PartOptions): AsyncGenerator<BenchRow> {
  const turns = number("--turns", isQuick ? 20 : 100);
  const overheads: number[] = [];
  const { lateMs } = await besideIdleTimers([DELAYS.stt, DELAYS.llm, DELAYS.tts], () =>
    withPeer({}, fixedDelaySources(), async (client) => {
      // The first turns start the engines and warm the code up.
      for (let turn = -5; turn < turns; turn += 1) {
        const timings = await fixedTurn(client);
        if (turn >= 0) overheads.push(timings.firstAudioMs - timings.sentMs - DELAYS.stt - DELAYS.llm - DELAYS.tts);
      }
    }),
  );
  const what = "ask: our overhead, end of speech to first audio";
  yield informs(`${what}, p50`, quantile(overheads, 0.5), "ms");
  yield below(OVERHEAD_GOAL_MS, informs(`${what}, p95`, quantile(overheads, 0.95), "ms"));
  yield informs(`${what}, max`, Math.max(...overheads), "ms");
  yield informs(`${what}: a process that only waits so long beside it is late by, p95`, quantile(lateMs, 0.95), "ms");
}

/** One spoken question; times as the client sees them, from the moment its last sample was handed over. */
async function fixedTurn(client: ParleyClient): Promise<{ readonly sentMs: number; readonly firstAudioMs: number }> {
  let sentMs = 0;
  async function* question(): AsyncGenerator<Float32Array> {
    for (let block = 0; block < 10; block += 1) yield tone(block);
    sentMs = performance.now();
  }
  let firstAudioMs = 0;
  for await (const event of client.ask({ audio: question() }, { speak: true, partials: "off" })) {
    if (event.type === "audio" && firstAudioMs === 0) firstAudioMs = performance.now();
  }
  return { sentMs, firstAudioMs };
}

/** 100 ms of a tone, which the energy detector takes for speech. */
function tone(block: number): Float32Array {
  return Float32Array.from({ length: 1600 }, (_, i) => 0.4 * Math.sin((block * 1600 + i) / 5));
}
