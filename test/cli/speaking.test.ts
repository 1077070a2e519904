import { spawnSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openAudioFile } from "@parley/audio/format";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasModels, MODELS, run, temporaryHome } from "../support.ts";

let home: Awaited<ReturnType<typeof temporaryHome>>;
beforeEach(async () => {
  home = await temporaryHome();
});
afterEach(() => home.remove());

function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const models = MODELS === undefined ? {} : { PARLEY_MODELS: MODELS };
  return { PARLEY_HOME: home.path, PARLEY_MODELS_DOWNLOAD: "false", ...models, ...more };
}

const spoken = hasModels("tts/kokoro-82m-w8", "tts/espeak-ng-data-en");
const hasProbe = spawnSync("ffprobe", ["-version"]).status === 0;
if (!hasProbe) console.warn("no ffprobe here: what Opus files are is checked by our own reader alone");

async function secondsOf(path: string): Promise<number> {
  let samples = 0;
  let rateHz = 1;
  for await (const block of (await openAudioFile(path)).pcm) {
    samples += block.samples.length;
    rateHz = block.sampleRateHz;
  }
  return samples / rateHz;
}

describe("parley say", { timeout: 120_000 }, () => {
  it("refuses SSML that is none at once, with its place and what to do, and leaves no file", async () => {
    const out = join(home.path, "out.wav");
    const args = ["say", "--ssml", "<speak>Hello <b>there</speak>", "--out", out];
    const { code, stderr } = await run(args, { env: environment({ PARLEY_MODELS: home.path }) });
    expect(stderr).toContain("error: SSML, line 1, column 22");
    expect(stderr).toContain("Close it first with </b>.");
    expect(code).toBe(3);
    expect(await readdir(home.path)).not.toContain("out.wav");
  });

  it.skipIf(!spoken)("writes Opus that players know, with an SSML document's pauses in it", async () => {
    const document = join(home.path, "document.ssml");
    const out = join(home.path, "out.opus");
    await writeFile(document, '<speak>Good <break time="3s"/> morning.</speak>');
    const script = `exec npx parley say --ssml --language en-GB -o ${out} < ${document}`;
    const ran = spawnSync("sh", ["-c", script], { env: { ...process.env, ...environment() }, encoding: "utf8" });
    expect(ran.status, ran.stderr).toBe(0);
    const seconds = await secondsOf(out);
    expect(seconds).toBeGreaterThan(3.5);
    expect(seconds).toBeLessThan(8);
    if (!hasProbe) return;
    const shown = ["-show_entries", "stream=codec_name,sample_rate,channels:format=duration", "-of", "json"];
    const probe = spawnSync("ffprobe", ["-v", "error", ...shown, out], { encoding: "utf8" });
    expect(probe.stderr).toBe("");
    const { streams, format } = JSON.parse(probe.stdout) as { streams: object[]; format: { duration: string } };
    expect(streams).toEqual([{ codec_name: "opus", sample_rate: "48000", channels: 1 }]);
    expect(Math.abs(Number(format.duration) - seconds)).toBeLessThan(0.05);
  });
});

describe("parley voices", () => {
  const remote = { PARLEY_VOICE_PROVIDER: "remote", PARLEY_VOICE_REMOTE_VOICES: "nova, uwe:de-DE, ann:en-GB" };

  it("lists who can speak here, with languages, and who does", async () => {
    const { code, stdout } = await run(["voices", "--json"], { env: environment(remote) });
    expect(code).toBe(0);
    const model = "remote:gpt-4o-mini-tts";
    expect(JSON.parse(stdout)).toEqual({
      voices: [
        { name: "nova", language: "mul", model, chosen: true },
        { name: "uwe", language: "de-DE", model, chosen: false },
        { name: "ann", language: "en-GB", model, chosen: false },
      ],
    });
    const people = await run(["voices", "--language", "de"], { env: environment(remote) });
    expect(people.stdout).toMatch(/de-DE +uwe +speaks/);
    expect(people.stdout).not.toContain("ann");
  });

  it("says of a language that nobody speaks which there are", async () => {
    const voices = { ...remote, PARLEY_VOICE_REMOTE_VOICES: "uwe:de-DE, ann:en-GB" };
    const { code, stderr } = await run(["voices", "--language", "fr"], { env: environment(voices) });
    expect(stderr).toContain("error: no voice here speaks fr\n  Ask for one of: de-DE, en-GB.");
    expect(code).toBe(3);
  });
});
