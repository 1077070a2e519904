import { execFileSync } from "node:child_process";
import { mkdir, open, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeWav } from "@parley/audio/format";
import { hasModels, MODELS, recordings, run, temporaryHome } from "../support.ts";

let home: Awaited<ReturnType<typeof temporaryHome>>;
beforeEach(async () => {
  home = await temporaryHome();
});
afterEach(() => home.remove());

/** A home of its own, no downloads, the models of the test machine if it has any. */
function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const models = MODELS === undefined ? {} : { PARLEY_MODELS: MODELS };
  const { path } = home;
  return { PARLEY_HOME: path, PARLEY_MODELS_DOWNLOAD: "false", PARLEY_LLM_PROVIDER: "embedded", ...models, ...more };
}

/** Runs a command that must fail, with an error line and a next step. */
async function failing(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | string; stderr: string }> {
  const { code, stderr } = await run(args, { env: environment(env) });
  expect(stderr).toMatch(/^error: .+\n {2}\S.+/m);
  return { code, stderr };
}

const heard = hasModels("stt/moonshine-tiny-en-q8", "vad/silero-v5");
const spoken = hasModels("tts/kokoro-82m-w8", "tts/espeak-ng-data-en");

/** A WAV header that promises `seconds` of 16 kHz mono, with `bytes` of sound behind it. */
function wav(seconds: number, bytes: number): Buffer {
  const whole = Buffer.from(encodeWav({ sampleRateHz: 16_000, samples: new Float32Array(0) }));
  whole.writeUInt32LE(seconds * 32_000 + 36, 4);
  whole.writeUInt32LE(seconds * 32_000, 40);
  return Buffer.concat([whole, Buffer.alloc(bytes)]);
}

describe("parley, given audio it cannot use,", () => {
  it.each([
    ["an empty file", "empty.wav", Buffer.alloc(0), /empty/i],
    ["a header without sound", "header.wav", wav(0, 0), /no sound|empty|holds no/i],
    ["a text", "text.wav", Buffer.from("This is not a recording at all, but a sentence."), /text|not|format/i],
    ["a picture", "picture.mp3", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), /PNG/],
    [
      "a film",
      "film.wav",
      Buffer.concat([Buffer.from("0000001c", "hex"), Buffer.from("ftypisom"), Buffer.alloc(64)]),
      /MP4[\s\S]*ffmpeg/,
    ],
    [
      "random bytes",
      "random.ogg",
      Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 251)),
      /format|recogni[sz]e|not/i,
    ],
    ["eight hours", "long.wav", wav(8 * 3600, 1000), /longer|long/],
  ])("says of %s what it is and exits 3", async (_name, name, bytes, says) => {
    const file = join(home.path, name);
    await writeFile(file, bytes);
    for (const args of [
      ["listen", file],
      ["ask", "--audio", file],
    ]) {
      const { code, stderr } = await failing(args);
      expect(stderr).toMatch(says);
      expect(code).toBe(3);
    }
  });

  it("says of a file that is not there, and of a folder, what is wrong", async () => {
    for (const file of [join(home.path, "nothing.wav"), home.path]) {
      const { code, stderr } = await failing(["listen", file]);
      expect(stderr).toContain(file);
      expect(code).toBe(3);
    }
  });

  it.skipIf(!heard)("hears a truncated recording as far as it goes, then says what is missing", async () => {
    const whole = await import("node:fs/promises").then(({ readFile }) => readFile(recordings()[0]?.path ?? ""));
    const file = join(home.path, "cut.wav");
    await writeFile(file, whole.subarray(0, Math.floor(whole.length * 0.8)));
    const { code, stdout, stderr } = await run(["listen", file], { env: environment() });
    expect(stdout).toMatch(/\w+ \w+/);
    expect(stderr).toMatch(/^error: .+\n {2}\S.+/m);
    expect(code).toBe(3);
    expect((await failing(["ask", "--audio", file])).code).toBe(3);
  });

  it.skipIf(!heard)(
    "of ten hours without an end in its header stops at the limit, whatever is still to come",
    async () => {
      const file = join(home.path, "pipe.wav");
      const handle = await open(file, "w");
      const header = wav(0, 0);
      header.writeUInt32LE(0xffff_ffff, 4);
      header.writeUInt32LE(0xffff_ffff, 40);
      await handle.write(header, 0);
      await handle.truncate(10 * 3600 * 32_000);
      await handle.close();
      const { code, stderr } = await failing(["listen", file], { PARLEY_LIMITS_LISTEN_MINUTES: "3" });
      expect(stderr).toMatch(/longer/);
      expect(code).toBe(3);
    },
  );

  it.skipIf(!heard)("says that a question of silence holds no speech", async () => {
    const file = join(home.path, "silence.wav");
    await writeFile(file, encodeWav({ sampleRateHz: 16_000, samples: new Float32Array(32_000) }));
    const { code, stderr } = await failing(["ask", "--audio", file]);
    expect(stderr).toContain("no speech");
    expect(code).toBe(3);
  });
});

describe("parley, on a machine that lacks something,", () => {
  it("names a model that it does not know, and the ones it does", async () => {
    const { code, stderr } = await failing(["ask", "hello"], { PARLEY_MODELS_LLM: "gpt-17" });
    expect(stderr).toMatch(/gpt-17[\s\S]*tinyllama/);
    expect(code).toBe(4);
  });

  it("without models and without leave to fetch them says how to get them", async () => {
    const { code, stderr } = await failing(["ask", "hello"], { PARLEY_MODELS: "" });
    expect(stderr).toMatch(/parley models pull/);
    expect(code).toBe(4);
  });

  it("without a network says so, and leaves nothing half-written", async () => {
    const cache = join(home.path, "cache");
    const env = {
      PARLEY_MODELS: "",
      PARLEY_MODELS_DOWNLOAD: "true",
      PARLEY_MODELS_CACHE: cache,
      PARLEY_MODELS_REGISTRY: "http://127.0.0.1:9",
    };
    const { code } = await failing(["models", "pull", "tinyllama-1.1b-chat-iq2"], env);
    expect(code).toBe(6);
    expect((await readdir(cache)).filter((name) => !name.startsWith("."))).toEqual([]);
  });

  it.skipIf(!spoken || process.getuid?.() !== 0)("with a full disk says so and leaves no file", async () => {
    const disk = join(home.path, "disk");
    await mkdir(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
    try {
      const { code, stderr } = await failing([
        "say",
        "This sentence is far too long for so small a disk.",
        "--out",
        join(disk, "out.wav"),
      ]);
      expect(stderr).toMatch(/room|space|full/i);
      expect(code).toBe(5);
      expect(await readdir(disk)).toEqual([]);
    } finally {
      execFileSync("umount", [disk]);
    }
  });

  it.skipIf(!spoken)("says of a folder that is not there that it cannot be written", async () => {
    const { code } = await failing(["say", "Hello.", "--out", join(home.path, "no", "where.wav")]);
    expect(code).toBe(5);
  });

  it("says that a port is taken, and how to find by whom", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const port = String((server.address() as { port: number }).port);
    try {
      const { code, stderr } = await failing(["start", "--port", port, "--no-models"]);
      expect(stderr).toMatch(/in use[\s\S]*--port/);
      expect(code).toBe(7);
    } finally {
      server.close();
    }
  });

  it("says that no peer runs, and how to start one", async () => {
    const { code, stderr } = await failing(["status"]);
    expect(stderr).toContain("parley start");
    expect(code).toBe(7);
  });
});

describe("parley, used wrongly,", () => {
  it.each([
    [["ask", "--audio", "x.wav", "and", "text"]],
    [["say", "hello"]],
    [["listen"]],
    [["listen", "x.wav", "--mode", "shouting"]],
    [["talk", "--hot-words", "x".repeat(65)]],
    [["dance"]],
    [["ask", "--dance"]],
    [["start", "--port", "99999"]],
    [["ask", "hello", "--config", "/nowhere/parley.toml"]],
  ])("with %j exits 2", async (args) => {
    const { code, stderr } = await run(args, { env: environment() });
    expect(stderr).toMatch(/error/);
    expect(code).toBe(2);
  });

  it("has help for every command", async () => {
    const { code, stdout } = await run(["--help"], { env: environment() });
    expect(code).toBe(0);
    const cluster = ["join", "pair", "peers", "revoke", "leave", "recover", "trust"];
    const others = ["start", "status", "ask", "talk", "chat", "say", "listen", "models", "doctor", "config"];
    for (const command of [...others, ...cluster]) {
      expect(stdout).toContain(`  ${command}`);
      const help = await run([command, "--help"], { env: environment() });
      expect(help.code).toBe(0);
      expect(help.stdout).toContain(`parley ${command}`);
    }
  });
});

describe("parley talk, told to speak into a file that cannot be written,", () => {
  it.each([
    ["a folder", "."],
    ["a file in no folder", "none/out.opus"],
  ])("says so before anything is heard: %s", async (_, name) => {
    const { code, stderr } = await failing(["talk", "--in", join(home.path, "in.wav"), "--out", join(home.path, name)]);
    expect(stderr).toMatch(/^error: Cannot write /);
    expect(code).toBe(5);
  });
});
