import { afterEach, describe, expect, it } from "vitest";
import { AudioError } from "@parley/audio";
import { speechToText, startEngineHost } from "@parley/audio/engines";
import { crashHost, fixedDelaySttHost } from "@parley/audio/testing";
import type { SpeechToText } from "@parley/audio/engines";
import type { EngineSource } from "../../src/services/engine-source.ts";
import { ModelEngine } from "../../src/services/model-engine.ts";
import type { Stage } from "../../src/services/stage.ts";

const open: ModelEngine<SpeechToText>[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()));
});

function engineOf(source: EngineSource, patient = false): { engine: ModelEngine<SpeechToText>; stages: Stage[] } {
  const stages: Stage[] = [];
  const engine = new ModelEngine<SpeechToText>({
    service: "stt",
    source,
    adapt: speechToText,
    onStage: (stage) => stages.push(stage),
    onEvent: () => undefined,
    patient,
  });
  open.push(engine);
  return { engine, stages };
}

describe("a service on a model", () => {
  it("that is killed while its engine first loads is started again by itself", async () => {
    let starts = 0;
    const { engine, stages } = engineOf({
      choose: async () => "m",
      fetch: async () => async (signal) => {
        starts += 1;
        if (starts > 2) return startEngineHost({ ...fixedDelaySttHost({ delayMs: 1, texts: ["hi"] }), signal });
        const starting = startEngineHost({ ...crashHost({ hangStart: true }), startTimeoutMs: 300, signal });
        return starting;
      },
    });
    engine.start();
    await expect.poll(() => stages.at(-1)?.state, { timeout: 20_000 }).toBe("ready");
    expect(stages.filter(({ state }) => state === "failed")).toHaveLength(2);
    expect((await (await engine.use()).transcribe(new Float32Array(1600))).text).toBe("hi");
  });

  it("tells at once why it cannot be used, while it goes on trying", async () => {
    const { engine } = engineOf({
      choose: () => Promise.reject(new AudioError("models-refused", "no model", { nextStep: "pull one" })),
      fetch: () => Promise.reject(new Error("not reached")),
    });
    await expect(engine.use()).rejects.toMatchObject({ code: "models-refused" });
    expect(engine.stage).toMatchObject({ state: "failed", failure: { nextStep: "pull one" } });
  });

  it("in a peer tells how far a download is, instead of letting its caller wait", async () => {
    const { engine } = engineOf({
      choose: async () => "big",
      fetch: (_name, { onProgress, signal }) => {
        onProgress({
          model: "big",
          phase: "downloading",
          bytesDone: 25,
          bytesTotal: 100,
          bytesPerSecond: 5,
          secondsLeft: 15,
        });
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      },
    });
    await expect(engine.use()).rejects.toMatchObject({
      code: "model-missing",
      message: expect.stringContaining("25 %, about 15 s left"),
    });
  });

  it("gives a waiting caller up when its signal aborts, and everyone when it is closed", async () => {
    const { engine } = engineOf(
      { choose: () => new Promise(() => undefined), fetch: () => Promise.reject(new Error("not reached")) },
      true,
    );
    const abort = new AbortController();
    const waiting = engine.use(abort.signal);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: "job-cancelled" });
    open.splice(0);
  });
});
