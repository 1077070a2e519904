import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AudioLog } from "../../src/client/work/audio-log.ts";

/** Values that survive sixteen bits. */
const soundOf = (from: number, count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((from + i) % 32_767) / 32_767);

function all(log: AudioLog, from: number, most: number): number[] {
  const found: number[] = [];
  let at = from;
  for (;;) {
    const sound = log.read(at, most);
    if (sound === undefined) return found;
    found.push(...sound.samples);
    at += sound.samples.length;
  }
}

describe("sound that may have to be sent again", () => {
  it("is given from any place on that is still kept, whatever pieces it came in", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 30 }),
        fc.nat(400),
        fc.nat(400),
        fc.integer({ min: 1, max: 70 }),
        (sizes, forgotten, from, most) => {
          // prettier-ignore
          const log = new AudioLog(100_000);
          let count = 0;
          for (const size of sizes) {
            log.add({ samples: soundOf(count, size) });
            count += size;
          }
          log.forget(Math.min(forgotten, count));
          expect(log.end).toBe(count);
          expect(log.start).toBeLessThanOrEqual(Math.min(forgotten, count));
          const at = Math.min(count, Math.max(from, log.start));
          expect(all(log, at, most)).toEqual([...soundOf(at, count - at)]);
        },
      ),
    );
  });

  it("is kept up to its bound, the newest of it", () => {
    const log = new AudioLog(1000);
    for (let n = 0; n < 100; n += 1) log.add({ samples: soundOf(n * 30, 30) });
    expect(log.end).toBe(3000);
    expect(log.end - log.start).toBeLessThanOrEqual(1030);
    expect(log.end - log.start).toBeGreaterThanOrEqual(1000);
    expect(all(log, log.start, 100)).toEqual([...soundOf(log.start, log.end - log.start)]);
  });

  it("does not change when the one who gave it uses the buffer again, and keeps how much of it was playback", () => {
    const log = new AudioLog(1000);
    const buffer = soundOf(1, 10);
    log.add({ samples: buffer, echo: 0.5 });
    buffer.fill(0);
    expect(log.read(0, 4)).toEqual({ samples: soundOf(1, 4), echo: 0.5 });
  });
});
