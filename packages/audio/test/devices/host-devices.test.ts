import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findPrograms, microphone, Playback, speaker } from "../../src/devices/index.ts";
import type { DeviceEvent, DeviceProgram } from "../../src/devices/index.ts";
import { joined, sine } from "../format/kit.ts";

const STAND_IN = fileURLToPath(new URL("./stand-in-program.ts", import.meta.url));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-devices-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function standIn(...args: readonly string[]): DeviceProgram {
  return { command: process.execPath, args: [STAND_IN, ...args], latencyMs: 20 };
}

const deadline = (): AbortSignal => AbortSignal.timeout(20_000);

/** Blocks until `enough`, then lets go. */
async function hear(blocks: AsyncGenerator<Float32Array>, enough: (samples: number) => boolean): Promise<Float32Array> {
  const heard: Float32Array[] = [];
  let samples = 0;
  for await (const block of blocks) {
    heard.push(block);
    samples += block.length;
    if (enough(samples)) break;
  }
  return joined(heard);
}

describe("the programs", () => {
  function install(...names: readonly string[]): string {
    const path = join(folder, "bin");
    mkdirSync(path, { recursive: true });
    for (const name of names) writeFileSync(join(path, name), "#!/bin/sh\n", { mode: 0o755 });
    return path;
  }
  const rate = { sampleRateHz: 16_000 } as const;

  test("are those that are installed, the sound server's before the bare card's", () => {
    const path = install("arecord", "parec", "pw-record", "aplay");
    const found = findPrograms({ direction: "capture", platform: "linux", path, ...rate });
    expect(found.map(({ command }) => command.slice(path.length + 1))).toEqual([
      "parec",
      "pw-record",
      "pw-record",
      "arecord",
    ]);
    const [only] = findPrograms({ direction: "playback", platform: "linux", path, ...rate });
    expect(only.args).toContain("16000");
    expect(only.args.at(-1)).toBe("-");
  });

  test("are told which device, as one argument whatever is in it", () => {
    const path = install("parec", "sox", "ffmpeg.exe");
    const device = "Mic; rm -rf ~ 'x'";
    const [parec] = findPrograms({ direction: "capture", platform: "linux", path, device, ...rate });
    expect(parec.args).toContain(`--device=${device}`);
    const [sox] = findPrograms({ direction: "capture", platform: "darwin", path, device, ...rate });
    expect(sox.args.slice(3, 6)).toEqual(["-t", "coreaudio", device]);
    const [dshow] = findPrograms({ direction: "capture", platform: "win32", path, device, ...rate });
    expect(dshow.args).toContain(`audio=${device}`);
  });

  test.each([
    ["linux", "capture", "pulseaudio-utils"],
    ["darwin", "playback", "brew install sox"],
    ["win32", "capture", "ffmpeg"],
    ["aix", "playback", "file or a pipe"],
  ] as const)("that are missing on %s are named with what to install", (platform, direction, step) => {
    const search = { direction, platform, path: install(), ...rate };
    let thrown: unknown;
    try {
      findPrograms(search);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "device-missing", nextStep: expect.stringContaining(step) });
  });
});

describe("the microphone", () => {
  test("gives every sample its program gives, in order, wherever the pipe cut them", async () => {
    const source = microphone({ programs: [standIn("speak", "16000")] });
    const heard = await hear(source.blocks(deadline()), (samples) => samples >= 16_000);
    expect(heard.length).toBe(16_000);
    expect(heard.every((sample, i) => sample === i / 32_768)).toBe(true);
  });

  test("that goes away is told, comes back by itself, and is told again", async () => {
    const events: DeviceEvent[] = [];
    const source = microphone({
      programs: [standIn("come-and-go", join(folder, "mark"))],
      backOff: { firstMs: 10, longestMs: 50 },
      onEvent: (event) => events.push(event),
    });
    const heard = await hear(source.blocks(deadline()), (samples) => samples >= 8000);
    expect(heard.length).toBeGreaterThanOrEqual(8000);
    expect(events.map(({ type }) => type)).toEqual(["lost", "back"]);
    expect(events[0]).toMatchObject({
      error: { code: "device-lost", message: expect.stringContaining("device unplugged") },
    });
  });

  test("that never gave sound is an error with the program's own words", async () => {
    const source = microphone({ programs: [standIn("refuse"), standIn("refuse")] });
    await expect(hear(source.blocks(deadline()), () => false)).rejects.toMatchObject({
      code: "device-failed",
      message: expect.stringContaining("no such card"),
    });
  });

  test("tries the next program when the first cannot", async () => {
    const source = microphone({ programs: [standIn("refuse"), standIn("speak", "3200")] });
    const heard = await hear(source.blocks(deadline()), (samples) => samples >= 3200);
    expect(heard.length).toBe(3200);
  });

  test("that hangs counts as gone", async () => {
    const events: DeviceEvent[] = [];
    const stop = new AbortController();
    const source = microphone({
      programs: [standIn("speak", "3200")],
      stallMs: 1500,
      backOff: { firstMs: 1, longestMs: 1 },
      onEvent: (event) => {
        events.push(event);
        if (event.type === "back") stop.abort();
      },
    });
    await hear(source.blocks(AbortSignal.any([deadline(), stop.signal])), () => false);
    expect(events.map(({ type }) => type)).toEqual(["lost", "back"]);
    expect(events[0]).toMatchObject({ error: { message: expect.stringContaining("no sound for 1.5 s") } });
  });

  test("of a reader that is busy keeps seconds, counts what it loses, and grows no further", async () => {
    let lost = 0;
    const source = microphone({ programs: [standIn("flood")], onOverrun: (samples) => (lost = samples) });
    const blocks = source.blocks(deadline());
    await blocks.next();
    await expect.poll(() => lost, { timeout: 20_000 }).toBeGreaterThan(0);
    let held = 0;
    for (let n = 0; n < 20; n++) held += (await blocks.next()).value?.length ?? 0;
    await blocks.return();
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThanOrEqual(20 * 2560);
  });

  test("ends without an error when it is told to, and leaves no program behind", async () => {
    const stop = new AbortController();
    const blocks = microphone({ programs: [standIn("speak", "3200")] }).blocks(stop.signal);
    await blocks.next();
    stop.abort();
    for await (const block of blocks) expect(block.length).toBeGreaterThan(0);
    const { execFileSync } = await import("node:child_process");
    const list = execFileSync("ps", ["-eo", "ppid,args"], { encoding: "utf8" });
    expect(list.split("\n").filter((line) => line.includes(STAND_IN) && line.includes(`${process.pid} `))).toEqual([]);
  });

  test("does not hand keys and tokens to its program", async () => {
    process.env["PARLEY_TEST_API_KEY"] = "secret";
    try {
      const seen = join(folder, "environment");
      await hear(microphone({ programs: [standIn("environment", seen)] }).blocks(deadline()), () => true);
      const names = JSON.parse(readFileSync(seen, "utf8")) as string[];
      expect(names).toContain("PATH");
      expect(names).not.toContain("PARLEY_TEST_API_KEY");
    } finally {
      delete process.env["PARLEY_TEST_API_KEY"];
    }
  });
});

describe("the loudspeaker", () => {
  test("gets every sample through a real pipe, then silence, in the order played", async () => {
    const file = join(folder, "heard");
    const device = speaker({ sampleRateHz: 16_000, programs: [standIn("listen", file)] });
    const playback = new Playback(device);
    const tone = sine(300, 16_000, 8000);
    await playback.play({ sampleRateHz: 16_000, samples: tone });
    expect(await playback.finished(deadline())).toBeCloseTo(500, 6);
    await playback.close();
    const heard = new Int16Array(new Uint8Array(readFileSync(file)).buffer);
    const first = 96;
    expect(heard.length).toBeGreaterThanOrEqual(8000);
    const worst = Math.max(
      ...[...heard.subarray(first, 8000)].map((x, i) => Math.abs(x / 32_768 - (tone[first + i] ?? 9))),
    );
    expect(worst).toBeLessThan(1 / 32_768);
  });

  test("is another program when the first cannot", async () => {
    const file = join(folder, "heard");
    const device = speaker({ sampleRateHz: 16_000, programs: [standIn("refuse"), standIn("listen", file)] });
    const playback = new Playback(device, { backOff: { firstMs: 10, longestMs: 50 } });
    // However long the first takes to fail on a busy machine.
    for (let reply = 0; reply < 50 && !existsSync(file); reply++) {
      await playback.play({ sampleRateHz: 16_000, samples: sine(300, 16_000, 3200) });
      await playback.finished(deadline());
    }
    await playback.close();
    expect(existsSync(file)).toBe(true);
  });

  test("that dies while it plays is told, and opened again for the rest", async () => {
    const events: DeviceEvent[] = [];
    const file = join(folder, "heard");
    const device = speaker({ sampleRateHz: 16_000, programs: [standIn("listen", file, "8000")] });
    const playback = new Playback(device, {
      backOff: { firstMs: 10, longestMs: 50 },
      onEvent: (event) => events.push(event),
    });
    for (let reply = 0; reply < 50 && events.length < 2; reply++) {
      await playback.play({ sampleRateHz: 16_000, samples: sine(300, 16_000, 8000) });
      await playback.finished(deadline());
    }
    await playback.close();
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(["lost", "back"]);
    expect(events[0]).toMatchObject({ error: { code: "device-lost" } });
  });
});

const path = (process.env["PATH"] ?? "").split(delimiter);
const hasAlsa = ["arecord", "aplay"].every((program) => path.some((place) => existsSync(join(place, program))));
if (!hasAlsa) console.log("skipped: alsa-utils (arecord, aplay) is not installed");

describe.skipIf(!hasAlsa)("ALSA's own programs", () => {
  const original = process.env["ALSA_CONFIG_PATH"];
  afterEach(() => {
    if (original === undefined) delete process.env["ALSA_CONFIG_PATH"];
    else process.env["ALSA_CONFIG_PATH"] = original;
  });

  /** The default device is ALSA's null device; what is played is kept in a file. */
  function configure(): string {
    const kept = join(folder, "played.raw");
    const config = join(folder, "asound.conf");
    writeFileSync(
      config,
      `</usr/share/alsa/alsa.conf>\npcm.!default { type file slave.pcm "null" file "${kept}" format "raw" }\n`,
    );
    process.env["ALSA_CONFIG_PATH"] = config;
    return kept;
  }

  const alsa = (direction: "capture" | "playback"): readonly [DeviceProgram, ...DeviceProgram[]] => {
    const found = findPrograms({ direction, sampleRateHz: 16_000 });
    const only = found.find(({ command }) => /(arecord|aplay)$/.test(command));
    if (only === undefined) throw new Error("alsa-utils went away");
    return [only];
  };

  test("arecord understands how it is started, and what it records is heard", async () => {
    configure();
    const heard = await hear(microphone({ programs: alsa("capture") }).blocks(deadline()), (n) => n >= 4800);
    // What the null device records is whatever was in its memory.
    expect(heard.length).toBeGreaterThanOrEqual(4800);
  });

  test("aplay plays what it is given, sample for sample", async () => {
    const kept = configure();
    const playback = new Playback(speaker({ sampleRateHz: 16_000, programs: alsa("playback") }));
    const tone = sine(300, 16_000, 8000);
    await playback.play({ sampleRateHz: 16_000, samples: tone });
    await playback.finished(deadline());
    await playback.close();
    const bytes = new Uint8Array(readFileSync(kept));
    const played = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
    const start = played.findIndex((sample) => sample !== 0) - 1;
    const error = [...played.subarray(start + 96, start + 7900)].map((x, i) =>
      Math.abs(x / 32_768 - (tone[96 + i] ?? 9)),
    );
    expect(Math.max(...error)).toBeLessThan(2 / 32_768);
  });
});
