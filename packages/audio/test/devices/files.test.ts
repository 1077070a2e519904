import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  fileSink,
  fileSource,
  nullSink,
  pipeSink,
  Playback,
  rawSource,
  silentSource,
} from "../../src/devices/index.ts";
import type { AudioSource, SinkDevice } from "../../src/devices/index.ts";
import { encodeWav, toPcm16 } from "../../src/format/index.ts";
import { concat, decode, joined, pieces, sine } from "../format/kit.ts";
import { SimulatedClock } from "./simulated-clock.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const deadline = (): AbortSignal => AbortSignal.timeout(20_000);
const tone = sine(300, 16_000, 16_000);

/** What `promise` comes to, with as much simulated time as it needs; disks take real time, too. */
async function passing<T>(clock: SimulatedClock, promise: Promise<T>): Promise<T> {
  const state = { isDone: false };
  const done = promise.finally(() => (state.isDone = true));
  for (let turn = 0; turn < 5000 && !state.isDone; turn++) {
    await clock.pass(20);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return done;
}

async function all(source: AudioSource): Promise<Float32Array> {
  const blocks: Float32Array[] = [];
  for await (const block of source.blocks(deadline())) blocks.push(block);
  return joined(blocks);
}

describe("a file as a microphone", () => {
  test("gives its sound at the rate asked for, as fast as it is read when told so", async () => {
    const path = join(folder, "in.wav");
    writeFileSync(path, encodeWav({ sampleRateHz: 48_000, samples: sine(300, 48_000, 48_000) }));
    const heard = await all(fileSource(path, { pace: "fast" }));
    expect(heard.length).toBe(16_000);
  });

  test("gives it as a microphone would: no block before its time, none lost", async () => {
    const clock = new SimulatedClock();
    const bytes = encodeWav({ sampleRateHz: 16_000, samples: tone });
    const source = fileSource(pieces(bytes), { clock });
    const startMs = clock.nowMs();
    const heard: Float32Array[] = [];
    let samples = 0;
    let early = 0;
    const reading = (async () => {
      for await (const block of source.blocks(deadline())) {
        heard.push(block);
        samples += block.length;
        if (samples / 16 > clock.nowMs() - startMs + 1e-6) early += 1;
      }
    })();
    // Opening reads the header without the clock.
    for (let turn = 0; turn < 1000 && heard.length === 0; turn++) await clock.pass(20);
    expect(samples).toBeLessThan(1600);
    await clock.pass(1100);
    await reading;
    expect(joined(heard).length).toBe(16_000);
    expect(early).toBe(0);
  });

  test("that cannot be read says why; one that is told to stop ends without an error", async () => {
    await expect(all(fileSource(join(folder, "none.wav")))).rejects.toMatchObject({ code: "file-unreadable" });
    const stop = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield encodeWav({ sampleRateHz: 16_000, samples: tone }).subarray(0, 8044);
      await new Promise(() => undefined);
    }
    let samples = 0;
    for await (const block of fileSource(stuck(), { pace: "fast" }).blocks(stop.signal)) {
      samples += block.length;
      if (samples === 4000) stop.abort();
    }
    expect(samples).toBe(4000);
  });
});

describe("a raw pipe as a microphone", () => {
  test("is mixed down from any number of channels and brought to the rate", async () => {
    const frames = 8000;
    const interleaved = new Float32Array(3 * frames);
    for (let i = 0; i < frames; i++) interleaved.set([0.6, 0.3, -0.3], 3 * i);
    const source = rawSource(
      pieces(toPcm16(interleaved), [1, 7, 100]),
      { encoding: "pcm16", channels: 3, sampleRateHz: 8000 },
      { pace: "fast" },
    );
    const heard = await all(source);
    expect(heard.length).toBe(16_000);
    expect(heard[8000]).toBeCloseTo(0.2, 3);
  });

  test("of no channel is refused", () => {
    const layout = { encoding: "pcm16", channels: 0, sampleRateHz: 8000 } as const;
    return expect(all(rawSource(pieces(new Uint8Array(4)), layout, { pace: "fast" }))).rejects.toThrow(RangeError);
  });
});

test("a host without a microphone hears silence, in real time, until it is told to stop", async () => {
  const clock = new SimulatedClock();
  const stop = new AbortController();
  let samples = 0;
  const reading = (async () => {
    for await (const block of silentSource({ clock }).blocks(stop.signal)) {
      expect(block.every((sample) => sample === 0)).toBe(true);
      samples += block.length;
    }
  })();
  await clock.pass(1000);
  expect(samples).toBe(16_000);
  stop.abort();
  await reading;
});

describe("in the place of a loudspeaker", () => {
  async function play(device: SinkDevice): Promise<number> {
    const clock = new SimulatedClock();
    const playback = new Playback(device, { clock });
    await playback.play({ sampleRateHz: 16_000, samples: tone });
    const heardMs = await passing(clock, playback.finished(deadline()));
    await passing(clock, playback.close());
    return heardMs;
  }

  test("nobody: a reply takes the time it takes", async () => {
    expect(await play(nullSink())).toBeCloseTo(1000, 6);
  });

  test("a file: complete when closed", async () => {
    const path = join(folder, "out.wav");
    await play(fileSink(path, 16_000));
    const { samples, code } = await decode(new Uint8Array(readFileSync(path)));
    expect(code).toBeUndefined();
    expect(samples.length).toBeGreaterThanOrEqual(16_000);
    const worst = Math.max(...samples.subarray(96, 16_000).map((x, i) => Math.abs(x - (tone[96 + i] ?? 9))));
    expect(worst).toBeLessThan(1 / 32_768);
    expect(existsSync(`${path}.partial`)).toBe(false);
  });

  test("a file: what is played after a long silence does not replace what was played before", async () => {
    const path = join(folder, "long.wav");
    const clock = new SimulatedClock();
    const playback = new Playback(fileSink(path, 16_000), { clock, lingerMs: 100 });
    for (let reply = 0; reply < 2; reply++) {
      await playback.play({ sampleRateHz: 16_000, samples: tone });
      await passing(clock, playback.finished(deadline()));
      await clock.pass(1000);
    }
    await passing(clock, playback.close());
    const { samples } = await decode(new Uint8Array(readFileSync(path)));
    // Nearly no sample of the tone is exactly 0.
    expect(samples.filter((sample) => sample !== 0).length).toBeGreaterThan(1.9 * 16_000);
  });

  test("a file: its name says what is in it", async () => {
    const path = join(folder, "out.opus");
    await play(fileSink(path, 24_000));
    const { samples, audio } = await decode(new Uint8Array(readFileSync(path)));
    expect(audio?.format).toBe("ogg-opus");
    expect(samples.length).toBeGreaterThanOrEqual(48_000);
  });

  test("a file that cannot be written is told to who plays", async () => {
    const playback = new Playback(fileSink(join(folder, "no", "out.wav"), 16_000), {
      backOff: { firstMs: 1, longestMs: 1 },
    });
    const failed = (async () => {
      for (;;) {
        await playback.play({ sampleRateHz: 16_000, samples: tone.subarray(0, 1600) }, deadline());
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    await expect(failed).rejects.toMatchObject({ code: "file-unwritable" });
    await playback.close();
  });

  test.each(["wav", "raw"] as const)("a pipe, %s: what a program behind it reads", async (format) => {
    const out = new PassThrough();
    const reading = out.toArray();
    await play(pipeSink(out, format, 16_000));
    out.end();
    const bytes = concat(...((await reading) as Uint8Array[]));
    const raw = format === "raw" ? bytes : bytes.subarray(44);
    expect(raw.subarray(200, 32_000)).toEqual(toPcm16(tone).subarray(200));
    if (format === "wav") expect((await decode(bytes)).code).toBeUndefined();
  });

  test("a pipe whose reader went away is lost, not waited for", async () => {
    const out = new PassThrough();
    out.destroy(new Error("EPIPE"));
    out.on("error", () => undefined);
    const sink = await pipeSink(out, "raw", 16_000).open(deadline());
    await expect(sink.write(tone)).rejects.toMatchObject({ code: "device-lost" });
  });
});
