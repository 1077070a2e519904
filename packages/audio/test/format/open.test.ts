import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AudioError } from "../../src/errors.ts";
import { encodeWav, openAudio, openAudioFile } from "../../src/format/index.ts";
import { concat, decode, fixture, pieces, sine } from "./kit.ts";

const folder = mkdtempSync(join(tmpdir(), "parley-open-"));
afterAll(() => rmSync(folder, { recursive: true }));

const second = encodeWav({ sampleRateHz: 8000, samples: sine(300, 8000, 8000) });

/** A source, and whether it has been told to stop. */
function watched(bytes: Uint8Array, forever = false): { source: AsyncGenerator<Uint8Array>; closed: () => boolean } {
  let closed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces(bytes);
      if (forever) await new Promise(() => undefined);
    } finally {
      closed = true;
    }
  }
  return { source: source(), closed: () => closed };
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield second.subarray(0, 5044);
  throw new Error("the line went dead");
}

describe("what is not a sound file we read is named", () => {
  test.each([
    ["\0\0\0 ftypM4A \0\0\0\0", "an M4A file"],
    ["\0\0\0 ftypisom\0\0\0\0", "an MP4 or QuickTime file"],
    ["\u001aE\u00df\u00a3\u0001\0\0\0", "a WebM or Matroska file"],
    ["\u0089PNG\r\n\u001a\n\0\0\0\r", "a PNG image"],
    ["\u00ff\u00d8\u00ff\u00e0\0\u0010JFIF", "a JPEG image"],
    ["FORM\0\0\0\u0010AIFF", "an AIFF file"],
    ["RIFF\0\0\0\u0010AVI LIST", "an AVI file"],
    ["%PDF-1.7\n", "a PDF document"],
    ["\u00ff\u00f1\u0050\u0080\u0001\u003f\u00fc", "a raw AAC file"],
    ["Dear diary,\ntoday nothing was recorded.\n", "a text file"],
    ["\u0001\u0002\u0003\u0004\u0005\u0006", "not a sound file we know"],
  ])("%j: %s", async (head, name) => {
    const { code, message } = await decode(concat(head, name.includes("text") ? "" : new Uint8Array(64)));
    expect(code).toBe("audio-unsupported");
    expect(message).toContain(name);
  });

  test("and the next step is a command that converts it", async () => {
    const opening = openAudio(pieces(concat("\0\0\0 ftypisom")), { label: "clip.mp4" });
    await expect(opening).rejects.toMatchObject({
      message: expect.stringContaining("clip.mp4 is an MP4"),
      nextStep: expect.stringContaining("ffmpeg -i"),
    });
  });

  test("the name of the file does not matter", async () => {
    const path = join(folder, "really-a-wav.mp3");
    writeFileSync(path, second);
    const audio = await openAudioFile(path);
    expect(audio.format).toBe("wav");
    await audio.close();
  });
});

describe("a file that cannot be read", () => {
  test.each([
    ["is missing", () => join(folder, "absent.wav"), "there is no such file"],
    ["is a directory", () => folder, "it is a directory"],
  ])("because it %s says so", async (_, path, why) => {
    await expect(openAudioFile(path())).rejects.toMatchObject({
      code: "file-unreadable",
      message: `Cannot read ${path()}: ${why}.`,
    });
  });

  test.skipIf(process.getuid?.() === 0)("because it is forbidden says so", async () => {
    const path = join(folder, "secret.wav");
    writeFileSync(path, second);
    chmodSync(path, 0);
    await expect(openAudioFile(path)).rejects.toMatchObject({ code: "file-unreadable" });
  });

  test("because its source breaks off gives what came, then the reason", async () => {
    const audio = await openAudio(broken());
    const read = async (): Promise<number> => {
      let samples = 0;
      try {
        for await (const block of audio.pcm) samples += block.samples.length;
      } catch (error) {
        expect(error).toMatchObject({ code: "file-unreadable", message: expect.stringContaining("line went dead") });
      }
      return samples;
    };
    expect(await read()).toBe(2500);
  });
});

describe("a limit on the duration", () => {
  test("refuses at once what the header tells is longer", async () => {
    for (const name of ["tone.flac", "tone.mp3"]) {
      const opening = openAudio(pieces(fixture(name)), { maxDurationMs: 400 });
      await expect(opening).rejects.toMatchObject({ code: "audio-too-long" });
    }
  });

  test("gives that much and then refuses when no header tells", async () => {
    for (const [name, rateHz] of [
      ["tone-vorbis.ogg", 16_000],
      ["tone-bare.mp3", 16_000],
      ["tone-opus-mono.ogg", 48_000],
    ] as const) {
      const { samples, code } = await decode(fixture(name), undefined, { maxDurationMs: 400 });
      expect(code).toBe("audio-too-long");
      expect(samples.length).toBe(0.4 * rateHz);
    }
  });

  test("lets pass what is exactly as long", async () => {
    expect((await decode(second, undefined, { maxDurationMs: 1000 })).code).toBeUndefined();
    expect((await decode(fixture("tone-vorbis.ogg"), undefined, { maxDurationMs: 500 })).code).toBeUndefined();
  });
});

test("of an MP3 that is still being made no more is waited for than its first frames", async () => {
  const bytes = concat(fixture("tone-bare.mp3"), fixture("tone-bare.mp3"), fixture("tone-bare.mp3"));
  expect(bytes.length).toBeGreaterThan(8192);
  let given = 0;
  async function* live(): AsyncGenerator<Uint8Array> {
    for (; given < bytes.length; given += 64) yield bytes.subarray(given, given + 64);
  }
  const audio = await openAudio(live());
  expect(audio.format).toBe("mp3");
  expect(given).toBeLessThan(2048);
  await audio.close();
});

describe("letting go", () => {
  test("an early leave of the loop closes the source", async () => {
    for (const bytes of [second, fixture("tone.flac"), fixture("tone-opus.ogg"), fixture("tone.mp3")]) {
      const { source, closed } = watched(concat(bytes, bytes));
      const audio = await openAudio(source);
      for await (const block of audio.pcm) {
        expect(block.samples.length).toBeGreaterThan(0);
        break;
      }
      expect(closed()).toBe(true);
    }
  });

  test("close without reading closes the source, twice is fine", async () => {
    const { source, closed } = watched(second);
    const audio = await openAudio(source);
    await audio.close();
    await audio.close();
    expect(closed()).toBe(true);
  });

  test("a refusal closes the source", async () => {
    const { source, closed } = watched(concat("plain text", " ".repeat(20_000)));
    await expect(openAudio(source)).rejects.toThrow(AudioError);
    expect(closed()).toBe(true);
  });

  test("an abort ends a wait for bytes that never come", async () => {
    const abort = new AbortController();
    const { source } = watched(second.subarray(0, 9000), true);
    const opening = openAudio(source, { signal: abort.signal });
    setImmediate(() => abort.abort());
    const read = async (): Promise<void> => {
      for await (const block of (await opening).pcm) expect(block.sampleRateHz).toBe(8000);
    };
    await expect(read()).rejects.toMatchObject({ code: "job-cancelled" });
  });

  test("a timeout is told apart from a cancel", async () => {
    const opening = openAudio(pieces(second), { signal: AbortSignal.abort(new DOMException("late", "TimeoutError")) });
    await expect(opening).rejects.toMatchObject({ code: "job-timed-out" });
  });

  test.skipIf(process.platform !== "linux")("files are closed again", async () => {
    const path = join(folder, "open.wav");
    writeFileSync(path, second);
    const before = readdirSync("/proc/self/fd").length;
    for (let i = 0; i < 20; i++) {
      const audio = await openAudioFile(path);
      if (i % 2 === 0) await audio.close();
      else for await (const block of audio.pcm) expect(block.sampleRateHz).toBe(8000);
    }
    expect(readdirSync("/proc/self/fd").length).toBeLessThan(before + 10);
  });
});
