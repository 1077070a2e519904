import { existsSync, readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  hasModels,
  MODELS,
  parley,
  recordings,
  run,
  temporaryHome,
  until,
  wordErrors,
  words,
  type Parley,
} from "../support.ts";

const ready = hasModels(
  "stt/moonshine-tiny-en-q8",
  "tts/kokoro-82m-w8",
  "tts/espeak-ng-data-en",
  "vad/silero-v5",
  "llm/stories15m",
);

let home: Awaited<ReturnType<typeof temporaryHome>>;
let env: NodeJS.ProcessEnv;
const running: Parley[] = [];

beforeEach(async () => {
  home = await temporaryHome();
  env = {
    PARLEY_HOME: home.path,
    PARLEY_MODELS_DOWNLOAD: "false",
    PARLEY_LLM_PROVIDER: "embedded",
    PARLEY_MODELS_LLM: "stories15m",
    PARLEY_LLM_MAX_TOKENS: "25",
    PARLEY_LOG_LEVEL: "error",
    ...(MODELS === undefined ? {} : { PARLEY_MODELS: MODELS }),
  };
});
afterEach(async () => {
  for (const each of running.splice(0)) {
    each.process.kill("SIGKILL");
    await each.ended;
  }
  await home.remove();
});

async function start(...args: readonly string[]): Promise<Parley> {
  const peer = parley(["start", "--port", "0", ...args], { env });
  running.push(peer);
  await until(() => existsSync(join(home.path, "peer.json")), peer.stderr);
  return peer;
}

async function stop(peer: Parley): Promise<void> {
  peer.process.kill("SIGINT");
  expect(await peer.ended).toBe(0);
}

describe("a peer started from the command line", { timeout: 240_000 }, () => {
  it("says who it is, where, and how to talk to it, and stops cleanly on Ctrl-C", async () => {
    const peer = await start();
    await until(() => peer.stdout().includes("parley chat"), peer.stdout);
    expect(peer.stdout()).toMatch(/identity +12D3KooW\w+/);
    expect(peer.stdout()).toMatch(/address +http:\/\/127\.0\.0\.1:\d+/);
    for (const file of ["cli-token", "identity.key", "peer.json"]) {
      expect((await stat(join(home.path, file))).mode & 0o077).toBe(0);
    }
    await stop(peer);
    expect(existsSync(join(home.path, "peer.json"))).toBe(false);
    expect(existsSync(join(home.path, "cli-token"))).toBe(false);
  });

  it("is the same peer at the second start, and one only at a time", async () => {
    const first = await start();
    const { peerId } = JSON.parse(await readFile(join(home.path, "peer.json"), "utf8")) as { peerId: string };
    const second = await run(["start", "--port", "0"], { env });
    expect(second.code).toBe(7);
    expect(second.stderr).toContain("running already");
    await stop(first);
    await start();
    expect(await readFile(join(home.path, "peer.json"), "utf8")).toContain(peerId);
  });

  it("whose output nobody reads any more stops in order", async () => {
    const peer = await start();
    peer.process.stdout?.destroy();
    await until(() => existsSync(join(home.path, "cli-token")), peer.stderr);
    // Its next line meets the closed pipe; a second start makes it say nothing, so it is told to stop.
    peer.process.kill("SIGTERM");
    expect(await peer.ended).toBe(0);
    expect(readdirSync(home.path)).toEqual(["identity.key", "pairs", "peer.lock.1"]);
  });

  it("starts again after kill -9, which leaves its files behind", async () => {
    const first = await start();
    first.process.kill("SIGKILL");
    await first.ended;
    expect(existsSync(join(home.path, "peer.json"))).toBe(true);
    const before = await readFile(join(home.path, "peer.json"), "utf8");
    const second = parley(["start", "--port", "0", "--json"], { env });
    running.push(second);
    await until(() => second.stdout().includes("\n"), second.stderr);
    expect(JSON.parse(second.stdout().split("\n")[0] ?? "")).toMatchObject({ peerId: JSON.parse(before).peerId });
  });

  it.skipIf(!ready)("comes up in steps and says each, then hears, thinks and speaks for commands", async () => {
    const peer = await start();
    await until(
      () => (peer.stdout().match(/ready after/g) ?? []).length === 4,
      () => peer.stdout() + peer.stderr(),
      120_000,
    );
    const status = await run(["status"], { env });
    expect(status.stdout).toMatch(/hearing +ready moonshine-tiny-en-q8/);

    const recording = recordings().at(-1);
    const heard = await run(["listen", recording?.path ?? "", "--times"], { env });
    expect(heard.stdout).toMatch(/^\[\d+\.\d\d–\d+\.\d\d\] /);
    const said = heard.stdout.replaceAll(/\[.*?\]/g, " ");
    expect(wordErrors(said, recording?.text ?? "")).toBeLessThanOrEqual(words(recording?.text ?? "").length / 5);

    const order = ["listen", recording?.path ?? "", "--mode", "command", "--hot-words", "Parley, Jarvis", "--json"];
    const ordered =
      (await run(order, { env })).stdout.split("\n").find((line) => line.includes('"type":"segment"')) ?? "{}";
    const segment: unknown = JSON.parse(ordered);
    expect(segment).toMatchObject({ language: "en", startMs: expect.any(Number), verbatim: expect.any(String) });
    expect(segment).toMatchObject({ text: expect.stringMatching(/^[a-z0-9' ]+$/) });

    const out = join(home.path, "answer.wav");
    const asked = await run(["ask", "Once upon a time", "--out", out, "--timings", "--json"], { env });
    expect(asked.code).toBe(0);
    const events = asked.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(events.at(-1)).toMatchObject({ type: "done", timings: { firstAudioMs: expect.any(Number) } });
    expect(existsSync(out)).toBe(true);

    // A recording in the place of the microphone, as fast as it was spoken, into a file in the place of the loudspeaker.
    const talked = join(home.path, "talk.wav");
    const talk = await run(["talk", "--in", recording?.path ?? "", "--out", talked, "--json"], { env });
    expect(talk.stderr).toBe("");
    const turns = talk.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; question?: string; heard?: string })
      .filter(({ type }) => type === "turn");
    expect(wordErrors(turns.map(({ question }) => question).join(" "), recording?.text ?? "")).toBeLessThanOrEqual(
      words(recording?.text ?? "").length / 5,
    );
    expect(turns.at(-1)?.heard).not.toBe("");
    expect(existsSync(talked)).toBe(true);

    const chat = await run(["chat"], { env: { ...env }, input: "Once upon a time\nAnd then\n" });
    expect(chat.code).toBe(0);
    expect(chat.stdout.trim().split("\n").length).toBeGreaterThanOrEqual(2);
    await stop(peer);
  });

  it.skipIf(!ready)(
    "a command without a peer does the work in its own process, and Ctrl-C ends it leaving nothing",
    async () => {
      const out = join(home.path, "long.wav");
      const long = parley(["say", "One. Two. Three. Four. Five. ".repeat(40), "--out", out], { env });
      running.push(long);
      await until(() => existsSync(`${out}.partial`) && long.stderr().includes("voice"), long.stderr);
      long.process.kill("SIGINT");
      expect(await long.ended).toBe(130);
      expect(existsSync(out) || existsSync(`${out}.partial`)).toBe(false);
    },
  );
});
