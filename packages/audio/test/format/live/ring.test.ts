import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SampleRing } from "../../../src/format/index.ts";

const soon = (): AbortSignal => AbortSignal.timeout(20_000);

describe("a sample ring", () => {
  test("behaves as a list that takes no more than its capacity, wherever its positions stand", () => {
    const step = fc.record({ isWrite: fc.boolean(), length: fc.integer({ min: 0, max: 40 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer(), (steps, start) => {
        const ring = SampleRing.create(16);
        // Near 2^31 and 2^32 positions wrap: any start must do.
        new Int32Array(ring.buffer).fill(start, 0, 2);
        const model: number[] = [];
        let next = 1;
        let overrun = 0;
        let underrun = 0;
        for (const { isWrite, length } of steps) {
          if (isWrite) {
            const taken = ring.write(Float32Array.from({ length }, (_, i) => next + i));
            expect(taken).toBe(Math.min(length, 16 - model.length));
            for (let i = 0; i < taken; i++) model.push(next + i);
            overrun += length - taken;
            next += length;
          } else {
            const target = new Float32Array(length).fill(-1);
            const there = model.splice(0, length);
            expect(ring.read(target)).toBe(there.length);
            expect([...target]).toEqual([...there, ...Array.from({ length: length - there.length }, () => 0)]);
            underrun += length - there.length;
          }
          expect([ring.readable, ring.writable]).toEqual([model.length, 16 - model.length]);
        }
        expect([ring.overrunSamples, ring.underrunSamples]).toEqual([overrun, underrun]);
      }),
    );
  });

  test("carries millions of samples between threads: none lost, doubled or out of order, nobody stuck", async () => {
    const total = 4_000_000;
    const ring = SampleRing.create(2048);
    const worker = new Worker(new URL("./ring-writer.ts", import.meta.url), {
      workerData: { buffer: ring.buffer, total },
    });
    const signal = AbortSignal.timeout(50_000);
    let expected = 0;
    let wrong = 0;
    const block = new Float32Array(512);
    for (let turn = 0; ; turn++) {
      const size = 1 + ((turn * 104_729) % block.length);
      const isOpen = await ring.untilReadable(size, signal);
      const got = block.subarray(0, Math.min(size, ring.readable));
      ring.read(got);
      for (const sample of got) if (sample !== expected++) wrong++;
      if (!isOpen && ring.readable === 0) break;
    }
    await worker.terminate();
    expect({ wrong, expected, overrun: ring.overrunSamples, underrun: ring.underrunSamples }).toEqual({
      wrong: 0,
      expected: total,
      overrun: 0,
      underrun: 0,
    });
  });

  test("drops what does not fit and says how much, instead of waiting", () => {
    const ring = SampleRing.create(4);
    expect(ring.write(Float32Array.of(1, 2, 3, 4, 5, 6))).toBe(4);
    expect(ring.overrunSamples).toBe(2);
    const read = new Float32Array(4);
    ring.read(read);
    expect([...read]).toEqual([1, 2, 3, 4]);
  });

  test("after close gives what is left, then tells both sides", async () => {
    const ring = SampleRing.create(8);
    ring.write(Float32Array.of(1, 2));
    const more = ring.untilReadable(4, soon());
    ring.close();
    expect(await more).toBe(false);
    expect(ring.readable).toBe(2);
    expect(await ring.untilReadable(2, soon())).toBe(true);
    expect(await ring.untilWritable(1, soon())).toBe(false);
    expect(ring.write(Float32Array.of(3))).toBe(0);
  });

  test("a wait ends with its signal", async () => {
    const ring = SampleRing.create(8);
    const abort = new AbortController();
    const waiting = ring.untilReadable(1, abort.signal);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: "job-cancelled" });
  });

  test("refuses sizes and buffers that are none", () => {
    for (const size of [0, -1, 1.5, 2 ** 29]) expect(() => SampleRing.create(size)).toThrow(RangeError);
    expect(() => SampleRing.attach(new SharedArrayBuffer(64 + 12))).toThrow(RangeError);
    expect(SampleRing.attach(SampleRing.create(5).buffer).capacity).toBe(8);
  });
});
