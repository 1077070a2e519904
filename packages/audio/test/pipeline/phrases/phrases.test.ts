import { execFileSync, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { TextToSpeech } from "../../../src/engines/index.ts";
import type { AudioError } from "../../../src/index.ts";
import { cachedTts, openPhraseDisk } from "../../../src/pipeline/index.ts";
import { ByteLru, PhrasePolicy } from "../../../src/pipeline/phrases/policy.ts";
import { all } from "../scripted.ts";

const HEX = (digit: string): string => digit.repeat(64);
const SOUND = { sampleRateHz: 24_000, samples: Float32Array.from({ length: 1000 }, (_, n) => Math.sin(n)) };

async function temporaryFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "parley-phrases-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Two pieces a phrase, the text in their samples. */
function voice(calls: string[]): TextToSpeech {
  return {
    id: "voice",
    sampleRateHz: 24_000,
    voices: [{ name: "plain", language: "en" }],
    async *synthesize(text, { voice: name = "plain", speed = 1 } = {}) {
      calls.push(`${name} ${speed} ${text}`);
      yield { sampleRateHz: 24_000, samples: Float32Array.from(text, (char) => char.charCodeAt(0) / 1000) };
      yield { sampleRateHz: 24_000, samples: new Float32Array([speed]) };
    },
  };
}

async function sound(tts: TextToSpeech, text: string, options: object = {}): Promise<number[]> {
  return (await all(tts.synthesize(text, options))).flatMap(({ samples }) => [...samples]);
}

describe("what is worth keeping", () => {
  test("fixed phrases at once, short ones when said again, long ones never", () => {
    const policy = new PhrasePolicy({ maxChars: 10 });
    expect(policy.said("a", 500, true)).toBe("memory-and-disk");
    expect(policy.said("b", 10, false)).toBe("nowhere");
    expect(policy.said("b", 10, false)).toBe("memory");
    expect([1, 2, 3].map(() => policy.said("c", 11, false))).toEqual(["nowhere", "nowhere", "nowhere"]);
  });

  test("only so many phrases are counted", () => {
    const policy = new PhrasePolicy({ counted: 2 });
    for (const key of ["a", "b", "c"]) policy.said(key, 5, false);
    expect(policy.said("a", 5, false)).toBe("nowhere");
    expect(policy.said("c", 5, false)).toBe("memory");
    expect(() => new PhrasePolicy({ counted: 0 })).toThrow(RangeError);
  });

  test("the room is never exceeded, and what was used last stays longest", () => {
    const step = fc.record({
      key: fc.constantFrom("a", "b", "c", "d", "e", "f"),
      bytes: fc.integer({ min: 1, max: 40 }),
      isSet: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const lru = new ByteLru<number>(100);
        let model: { key: string; bytes: number }[] = [];
        for (const { key, bytes, isSet } of steps) {
          const held = model.find((entry) => entry.key === key);
          if (!isSet) {
            expect(lru.get(key)).toBe(held?.bytes);
            if (held !== undefined) model = [...model.filter((entry) => entry !== held), held];
            continue;
          }
          model = model.filter((entry) => entry !== held);
          if (bytes <= 25) model.push({ key, bytes });
          while (model.reduce((sum, entry) => sum + entry.bytes, 0) > 100) model.shift();
          lru.set(key, bytes, bytes);
          expect(lru.bytes).toBe(model.reduce((sum, entry) => sum + entry.bytes, 0));
        }
      }),
    );
  });
});

describe("a voice with a cache", () => {
  test("computes a repeated phrase twice, then never again, and sounds the same", async () => {
    const calls: string[] = [];
    const tts = cachedTts(voice(calls), { version: "1" });
    const sounds = [await sound(tts, "Yes."), await sound(tts, "Yes."), await sound(tts, "Yes.")];
    expect(calls).toEqual(["plain 1 Yes.", "plain 1 Yes."]);
    expect(sounds[2]).toEqual(sounds[0]);
    expect(tts.counts()).toEqual({ memory: 1, disk: 0, synthesised: 2 });
  });

  test("tells voices, speeds and texts apart", async () => {
    const calls: string[] = [];
    const tts = cachedTts(voice(calls), { version: "1", isFixed: () => true });
    for (const options of [{}, { voice: "other" }, { speed: 1.5 }, {}]) await sound(tts, "Yes.", options);
    await sound(tts, "Yes.", { urgent: true, voice: "plain", speed: 1, signal: new AbortController().signal });
    await sound(tts, "No.");
    expect(calls).toEqual(["plain 1 Yes.", "other 1 Yes.", "plain 1.5 Yes.", "plain 1 No."]);
  });

  test("what its listener does with the sound does not change what is kept", async () => {
    const tts = cachedTts(voice([]), { version: "1", isFixed: () => true });
    const first = await sound(tts, "Yes.");
    for (let n = 0; n < 2; n++) for await (const { samples } of tts.synthesize("Yes.")) samples.fill(0);
    expect(await sound(tts, "Yes.")).toEqual(first);
  });

  test("a phrase that was cut off is not kept, and an aborted one is refused", async () => {
    const calls: string[] = [];
    const tts = cachedTts(voice(calls), { version: "1", isFixed: () => true });
    for await (const _ of tts.synthesize("Yes.")) break;
    await sound(tts, "Yes.");
    expect(calls).toHaveLength(2);
    await expect(sound(tts, "Yes.", { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "job-cancelled" });
  });

  test("phrases are made ready without being said, once", async () => {
    const folder = await temporaryFolder();
    const calls: string[] = [];
    const start = async () =>
      cachedTts(voice(calls), { version: "1", disk: await openPhraseDisk({ folder, generation: "1" }) });
    const first = await start();
    await first.prepare("Sure.", { voice: "plain" });
    await first.prepare("Sure.");
    const second = await start();
    await second.prepare("Sure.");
    expect(calls).toEqual(["plain 1 Sure."]);
    expect(await sound(second, "Sure.")).toHaveLength(6);
    expect(second.counts()).toEqual({ memory: 0, disk: 1, synthesised: 0 });
  });

  test("who says that a phrase is fixed has it kept on the disk, also when it was in memory before", async () => {
    const folder = await temporaryFolder();
    const disk = await openPhraseDisk({ folder, generation: "1" });
    const calls: string[] = [];
    const tts = cachedTts(voice(calls), { version: "1", disk });
    for (let n = 0; n < 2; n++) await sound(tts, "The post is here.");
    const [generation = ""] = await readdir(folder);
    expect(await readdir(join(folder, generation))).toEqual([]);
    await sound(tts.fixed, "The post is here.");
    expect(await readdir(join(folder, generation))).toHaveLength(1);
    expect(calls).toHaveLength(2);
  });

  test("fixed phrases survive a restart on the disk, a person's words do not get there", async () => {
    const folder = await temporaryFolder();
    const start = async (version: string, calls: string[]) =>
      cachedTts(voice(calls), {
        version,
        disk: await openPhraseDisk({ folder, generation: version }),
        isFixed: (text) => text === "One moment.",
      });
    const first = await start("1", []);
    const said = await sound(first, "One moment.");
    for (let n = 0; n < 5; n++) await sound(first, "Your PIN is 1234.");
    const [generation = ""] = await readdir(folder);
    expect(await readdir(join(folder, generation))).toHaveLength(1);

    const calls: string[] = [];
    const second = await start("1", calls);
    expect(await sound(second, "One moment.")).toEqual(said);
    expect(calls).toEqual([]);
    expect(second.counts()).toEqual({ memory: 0, disk: 1, synthesised: 0 });

    await sound(await start("2", calls), "One moment.");
    expect(calls).toHaveLength(1);
    expect(await readdir(folder)).toHaveLength(1);
    expect(await readdir(folder)).not.toEqual([generation]);
  });
});

describe("the disk", () => {
  test("gives back what was written", async () => {
    const folder = await temporaryFolder();
    const disk = await openPhraseDisk({ folder, generation: "g" });
    await disk.write(HEX("a"), SOUND);
    expect(await disk.read(HEX("a"))).toEqual(SOUND);
    expect(await disk.read(HEX("b"))).toBeUndefined();
    await disk.write("../escape", SOUND);
    expect(await disk.read("../escape")).toBeUndefined();
  });

  test("takes a damaged sound for none and removes it", async () => {
    const folder = await temporaryFolder();
    const disk = await openPhraseDisk({ folder, generation: "g" });
    const [generation = ""] = await readdir(folder);
    const file = join(folder, generation, `${HEX("a")}.pcm`);
    const damages = [
      () => truncate(file, 100),
      () => truncate(file, 0),
      async () => {
        const bytes = await readFile(file);
        bytes[500] = (bytes[500] ?? 0) ^ 1;
        await writeFile(file, bytes);
      },
    ];
    for (const damage of damages) {
      await disk.write(HEX("a"), SOUND);
      await damage();
      expect(await disk.read(HEX("a"))).toBeUndefined();
      expect(await readdir(join(folder, generation))).toEqual([]);
    }
    await disk.write(HEX("a"), SOUND);
    await rm(file);
    expect(await disk.read(HEX("a"))).toBeUndefined();
  });

  test("stays within its room, also over a restart, and clears what was left half written", async () => {
    const folder = await temporaryFolder();
    const options = { folder, generation: "g", maxBytes: 20_000 };
    const disk = await openPhraseDisk(options);
    for (const digit of ["a", "b", "c", "d", "e", "f"]) await disk.write(HEX(digit), SOUND);
    const [generation = ""] = await readdir(folder);
    expect((await readdir(join(folder, generation))).toSorted()).toEqual(
      ["c", "d", "e", "f"].map((digit) => `${HEX(digit)}.pcm`),
    );
    await writeFile(join(folder, generation, "x.half"), "half");
    await openPhraseDisk({ ...options, maxBytes: 17_000 });
    expect(await readdir(join(folder, generation))).toHaveLength(4);
    await openPhraseDisk({ ...options, maxBytes: 10_000 });
    expect(await readdir(join(folder, generation))).toEqual([]);
  });

  test("goes on after somebody has deleted its folder", async () => {
    const folder = await temporaryFolder();
    const problems: AudioError[] = [];
    const disk = await openPhraseDisk({ folder, generation: "g", onProblem: (problem) => problems.push(problem) });
    await disk.write(HEX("a"), SOUND);
    await rm(folder, { recursive: true });
    expect(await disk.read(HEX("a"))).toBeUndefined();
    await disk.write(HEX("b"), SOUND);
    expect(await disk.read(HEX("b"))).toEqual(SOUND);
    expect(problems).toEqual([]);
  });

  test("reads from a folder that it may not write to, and says so once", async (context) => {
    const folder = await temporaryFolder();
    // Root is not stopped by a mode, but by a file system that is mounted for reading.
    const isRoot = process.getuid?.() === 0;
    if (isRoot && spawnSync("mount", ["-t", "tmpfs", "tmpfs", folder]).status !== 0) {
      return context.skip("root may write everywhere, and mounting is not permitted here");
    }
    if (isRoot) onTestFinished(() => void spawnSync("umount", [folder]));
    await (await openPhraseDisk({ folder, generation: "g" })).write(HEX("a"), SOUND);
    const [generation = ""] = await readdir(folder);
    if (isRoot) spawnSync("mount", ["-o", "remount,ro", folder]);
    else await chmod(join(folder, generation), 0o500);
    if (!isRoot) onTestFinished(() => chmod(join(folder, generation), 0o700));
    const problems: AudioError[] = [];
    const disk = await openPhraseDisk({ folder, generation: "g", onProblem: (problem) => problems.push(problem) });
    expect(await disk.read(HEX("a"))).toEqual(SOUND);
    for (const digit of ["b", "c"]) await disk.write(HEX(digit), SOUND);
    expect(problems.map(({ code }) => code)).toEqual(["file-unwritable"]);
  });

  test("leaves alone what is not its own", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "photos"));
    await writeFile(join(folder, "letter.txt"), "dear");
    await openPhraseDisk({ folder, generation: "g" });
    expect(await readdir(folder)).toEqual(expect.arrayContaining(["photos", "letter.txt"]));
  });

  test("a folder that cannot be is reported once and harms nothing", async () => {
    const folder = join(await temporaryFolder(), "file");
    await writeFile(folder, "");
    const problems: AudioError[] = [];
    const disk = await openPhraseDisk({ folder, generation: "g", onProblem: (problem) => problems.push(problem) });
    const tts = cachedTts(voice([]), { version: "1", disk, isFixed: () => true });
    for (const text of ["a", "b", "c"]) expect(await sound(tts, text)).toHaveLength(2);
    expect(problems.map(({ code }) => code)).toEqual(["file-unwritable"]);
  });

  const mountable = process.platform === "linux" && process.getuid?.() === 0;
  if (!mountable) console.log("full-disk test of the phrase cache skipped: mounting a small disk needs root on Linux");

  test.skipIf(!mountable)(
    "a full one is reported once, harms nothing, and is used again when there is room",
    async () => {
      const folder = await temporaryFolder();
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=200k", "tmpfs", folder]);
      onTestFinished(() => {
        execFileSync("umount", [folder]);
      });
      const problems: AudioError[] = [];
      const disk = await openPhraseDisk({ folder, generation: "g", onProblem: (problem) => problems.push(problem) });
      await disk.write(HEX("a"), SOUND);
      await writeFile(join(folder, "ballast"), Buffer.alloc(300_000)).catch((error: unknown) => {
        expect(error).toMatchObject({ code: "ENOSPC" });
      });
      const tts = cachedTts(voice([]), { version: "1", disk, isFixed: () => true });
      const long = "x".repeat(3000);
      for (const text of [`${long}1`, `${long}2`]) expect(await sound(tts, text)).toHaveLength(3002);
      expect(problems.map(({ code }) => code)).toEqual(["disk-full"]);
      const generation = (await readdir(folder)).find((name) => name !== "ballast");
      expect(await readdir(join(folder, String(generation)))).toEqual([`${HEX("a")}.pcm`]);
      await rm(join(folder, "ballast"));
      await disk.write(HEX("b"), SOUND);
      expect(await disk.read(HEX("b"))).toEqual(SOUND);
    },
  );
});
