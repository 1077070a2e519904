/** `--privacy` reaches the engines: here all of them belong to servers outside, which must not be asked then. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { encodeWav } from "@parley/audio/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/program.ts";
import { createPeer, fixedDelaySources, temporaryFolder, testConfig, tone, type Peer } from "../support.ts";

/** Documentation addresses (RFC 5737): nobody is there. */
const OUTSIDE = "http://192.0.2.1:9/v1";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let peer: Peer;
let recording: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  const config = testConfig(folder.path, {
    "stt.provider": "remote",
    "stt.remote_url": OUTSIDE,
    "stt.remote_model": "whisper-1",
    "voice.provider": "remote",
    "voice.remote_url": OUTSIDE,
    "llm.provider": "ollama",
    "llm.ollama_url": "http://192.0.2.1:9",
  });
  peer = await createPeer({ config, sources: fixedDelaySources({ sttMs: 1, ttsMs: 1, texts: ["hello"] }) });
  await writeFile(
    peer.paths.peerFile,
    JSON.stringify({ pid: process.pid, url: peer.url, peerId: peer.identity.peerId }),
  );
  await writeFile(peer.paths.cliToken, `${peer.token}\n`);
  recording = path.join(folder.path, "hello.wav");
  const parts = await Array.fromAsync(tone(600));
  const samples = Float32Array.from(parts.flatMap((part) => [...part]));
  await writeFile(recording, encodeWav({ sampleRateHz: 16_000, samples }));
}, 60_000);

afterAll(async () => {
  await peer?.close();
  await folder.remove();
});

async function run(...args: readonly string[]) {
  let [stdout, stderr] = ["", ""];
  const context = {
    stdout: (text: string) => void (stdout += text),
    stderr: (text: string) => void (stderr += text),
    env: { PARLEY_HOME: folder.path },
    cwd: folder.path,
  };
  const code = await runCli(args, context, "parley");
  return { code, stdout, stderr };
}

describe("--privacy", { timeout: 60_000 }, () => {
  it("lets a recording be heard, and a text be spoken, only by who may", async () => {
    const out = path.join(folder.path, "out.wav");
    expect((await run("listen", recording)).stdout.toLowerCase()).toContain("hello");
    expect((await run("say", "Hello.", "--out", out)).code).toBe(0);
    for (const args of [
      ["listen", recording],
      ["say", "Hello.", "--out", out],
      ["ask", "What did the doctor say?"],
      ["talk", "--in", recording, "--out", "none"],
    ]) {
      for (const privacy of ["host", "house"]) {
        const { code, stderr } = await run(...args, "--privacy", privacy);
        expect([args[0], privacy, code === 0]).toEqual([args[0], privacy, false]);
        expect(stderr).toMatch(/may leave it|may be asked this/);
      }
    }
  });

  it("takes what there is, and nothing else", async () => {
    const { code, stderr } = await run("ask", "hello", "--privacy", "any");
    expect(code).toBe(2);
    expect(stderr).toContain("host, house");
  });
});
