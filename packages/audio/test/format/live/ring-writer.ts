/** The other thread of the ring's stress test: writes 0, 1, 2, … as fast as there is room, in blocks of uneven sizes. */
import { workerData } from "node:worker_threads";
import { SampleRing } from "../../../src/format/live/ring.ts";

const { buffer, total } = workerData as { readonly buffer: SharedArrayBuffer; readonly total: number };
const ring = SampleRing.attach(buffer);
const signal = AbortSignal.timeout(50_000);
for (let written = 0, turn = 0; written < total; turn++) {
  const size = Math.min(1 + ((turn * 7919) % 700), total - written);
  if (!(await ring.untilWritable(size, signal))) break;
  const first = written;
  written += ring.write(Float32Array.from({ length: size }, (_, i) => first + i));
}
ring.close();
