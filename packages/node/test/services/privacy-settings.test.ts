import { describe, expect, it } from "vitest";
import type { LanguageModel } from "../../src/providers/language-model.ts";
import { LanguageService } from "../../src/services/language.ts";
import { ModelEngine } from "../../src/services/model-engine.ts";
import { Services } from "../../src/services/services.ts";
import { fixedDelaySources, temporaryFolder, testConfig } from "../support.ts";

const QUESTION = [{ role: "user", content: "hi" }] as const;

function embedded(): ModelEngine<LanguageModel> {
  return new ModelEngine<LanguageModel>({
    service: "llm",
    source: fixedDelaySources({ llmMs: 1, replies: ["Here."] }).llm,
    adapt: () => ({
      id: "embedded",
      async *generate() {
        yield "Here.";
      },
    }),
    onStage: () => undefined,
    onEvent: () => undefined,
    patient: true,
  });
}

describe("what must not leave this host", () => {
  it("is not thought about by a server on another machine, even if then nobody does", async () => {
    const engine = embedded();
    const service = new LanguageService({
      provider: "ollama",
      // RFC 5737: nobody is there.
      ollamaUrl: "http://192.0.2.1:11434",
      ollamaModel: "auto",
      embedded: engine,
      onStage: () => undefined,
      onNews: () => undefined,
    });
    const ask = async (privacy: "host" | "house"): Promise<string> => {
      let text = "";
      for await (const piece of service.generate(QUESTION, { privacy })) text += piece;
      return text;
    };
    await expect(ask("host")).rejects.toMatchObject({ code: "provider-failed", message: /must not go as far/ });
    // An address of the whole world is none of the house's.
    await expect(ask("house")).rejects.toMatchObject({ message: /must not go as far/ });
    expect([service.reach(), service.reach("host")]).toEqual(["outside", "outside"]);
    await service.close();
  });

  it("is asked of no server that somebody has set up, where the configuration says so", async () => {
    const folder = await temporaryFolder();
    const flags = { "stt.provider": "remote", "stt.remote_url": "http://192.0.2.1/v1", "privacy.stt": "host" };
    const services = new Services({
      config: testConfig(folder.path, flags),
      sources: fixedDelaySources({ sttMs: 1 }),
      patient: true,
    });
    try {
      await expect(services.ears()).rejects.toMatchObject({ code: "model-missing" });
      // Its voice is another matter.
      expect((await services.voice()).voices).toHaveLength(1);
    } finally {
      await services.close();
      await folder.remove();
    }
  });
});
