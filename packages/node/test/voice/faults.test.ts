/** What happens to the processes of real engines in the middle of a conversation, and what does not become of it. */
import { cp, mkdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EngineName } from "../../src/services/stage.ts";
import { temporaryFolder } from "../support.ts";
import { hasRealEngines, pidOf, realPeer, spoken, talkWith, type RealPeer } from "./real-peer.ts";

const ready = hasRealEngines("wake/openwakeword");

const LINES = [
  ["Please tell me about the weather in the village by the river."],
  ["Good morning, is there any bread left in the kitchen?"],
  ["Hey Jarvis!"],
] as const;
const LLM = { delayMs: 20, replies: ["I have heard you."] };

/** In the middle of the first line. */
const MIDDLE_MS = 1300;

let sounds: readonly Float32Array[] = [];
const clip = (n: number): Float32Array => sounds[n] ?? new Float32Array(0);

/** Every word of the line that matters, first and last. */
function expectWhole(question: string | undefined, line: 0 | 1): void {
  const words = [
    ["please", "weather", "village", "river"],
    ["morning", "bread", "left", "kitchen"],
  ][line];
  for (const word of words ?? []) expect(question?.toLowerCase()).toContain(word);
}

beforeAll(async () => {
  if (ready) sounds = await spoken("bf_emma", LINES);
}, 240_000);

describe.skipIf(!ready)("an engine that dies while somebody speaks", { timeout: 240_000 }, () => {
  let real: RealPeer;

  beforeAll(async () => {
    real = await realPeer(LLM);
  }, 240_000);
  afterAll(async () => {
    await real[Symbol.asyncDispose]();
  });

  /** Says the first line, does something to an engine's process in its middle, and gives what became of the turn. */
  async function interrupted(name: EngineName, signal: NodeJS.Signals, inText: boolean) {
    const talk = await talkWith(real.client, { inText });
    await talk.rest(600);
    const before = real.hosts.get(name)?.length ?? 0;
    const pid = pidOf(real, name);
    const over = talk.microphone.say(clip(0));
    await sleep(MIDDLE_MS);
    process.kill(pid, signal);
    await over;
    const turn = await talk.listener.turn(1, 120_000);
    await talk.end();
    return { turn, talk, pid, isRestarted: (real.hosts.get(name)?.length ?? 0) > before };
  }

  it.each(["stt", "vad"] as const)("%s, killed: every word is transcribed by the next one, once", async (name) => {
    const { turn, talk, pid, isRestarted } = await interrupted(name, "SIGKILL", true);
    expectWhole(turn.question, 0);
    expect(turn).toMatchObject({ outcome: "complete", reply: "I have heard you." });
    expect(talk.listener.of("turn")).toHaveLength(1);
    expect(isRestarted).toBe(true);
    expect(pidOf(real, name)).not.toBe(pid);
  });

  it("stt, stopped: it is found, killed, and what it had of the turn is heard by the next one", async () => {
    const { turn, talk, pid, isRestarted } = await interrupted("stt", "SIGSTOP", true);
    expectWhole(turn.question, 0);
    expect(turn.outcome).toBe("complete");
    expect(talk.listener.of("turn")).toHaveLength(1);
    expect(isRestarted).toBe(true);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  it("tts, killed: the answer is spoken by the next one", async () => {
    const first = await talkWith(real.client);
    await first.end();
    const { turn, talk } = await interrupted("tts", "SIGKILL", false);
    expectWhole(turn.question, 0);
    expect(turn).toMatchObject({ outcome: "complete", heard: "I have heard you." });
    expect(talk.speaker.replies).toMatchObject([{ isFinished: true }]);
  });
});

describe.skipIf(!ready)("the wake-word engine, killed before the word", { timeout: 240_000 }, () => {
  it("hears it all the same, and the turn behind it", async () => {
    await using real = await realPeer(LLM, { "wake.words": "hey jarvis" });
    const talk = await talkWith(real.client, { mode: "wake", inText: true });
    await talk.rest(1500);
    process.kill(pidOf(real, "wake"), "SIGKILL");
    await talk.microphone.say(clip(2));
    await talk.rest(400);
    await talk.microphone.say(clip(1));
    const turn = await talk.listener.turn(1, 120_000);
    expectWhole(turn.question, 1);
    expect(turn.outcome).toBe("complete");
    expect(talk.listener.of("wake")).toMatchObject([{ word: "hey jarvis" }]);
    await talk.end();
  });
});

describe.skipIf(!ready)("a model that is taken away while it is in use", { timeout: 240_000 }, () => {
  it("goes on; after its engine's death the error says what to do; and once it is back so is hearing", async () => {
    const models = await temporaryFolder();
    try {
      await linkModels(models.path);
      await using real = await realPeer(LLM, { "models.folder": models.path });
      const talk = await talkWith(real.client, { inText: true });
      const { listener, microphone } = talk;
      await talk.rest(600);
      const [here, away] = [join(models.path, "stt"), join(models.path, "gone")];
      await rename(here, away);

      await microphone.say(clip(0));
      expectWhole((await listener.turn(1, 120_000)).question, 0);

      process.kill(pidOf(real, "stt"), "SIGKILL");
      await talk.rest(500);
      await microphone.say(clip(1));
      expect(await listener.turn(2, 120_000)).toMatchObject({ outcome: "failed" });
      const problem = listener.of("problem").findLast(({ stage }) => stage === "transcribe");
      expect(problem?.error.code).toMatch(/^(model-missing|model-corrupt|engine-start-failed)$/u);
      expect(problem?.error.nextStep.length).toBeGreaterThan(10);

      await rename(away, here);
      const started = real.hosts.get("stt")?.length ?? 0;
      await listener.until(
        "a new engine",
        () => ((real.hosts.get("stt")?.length ?? 0) > started ? true : undefined),
        90_000,
      );
      await microphone.say(clip(1));
      const turn = await listener.turn(3, 120_000);
      expectWhole(turn.question, 1);
      expect(turn.outcome).toBe("complete");
      await talk.end();
    } finally {
      await models.remove();
    }
  });
});

/** A models folder of its own: copies of what is taken away, links to the rest. */
async function linkModels(folder: string): Promise<void> {
  const models = process.env["PARLEY_MODELS"] ?? "";
  for (const kind of ["vad", "tts", "wake"]) await symlink(join(models, kind), join(folder, kind));
  await mkdir(join(folder, "stt"));
  const model = "stt/moonshine-tiny-en-q8";
  await cp(join(models, model), join(folder, model), { recursive: true });
}
