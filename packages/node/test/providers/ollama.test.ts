import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ollamaModel, probeOllama } from "../../src/providers/ollama.ts";
import { LanguageService } from "../../src/services/language.ts";
import { ModelEngine } from "../../src/services/model-engine.ts";
import { fixedDelaySources } from "../../src/testing/index.ts";
import { languageModel } from "../../src/providers/llama-cpp/index.ts";

/** What the stub does with a chat. */
type Chat = (
  request: { readonly model: string; readonly messages: unknown; readonly options: unknown },
  response: ServerResponse,
) => void;

const servers: Server[] = [];
const services: LanguageService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A stub of Ollama's HTTP API (`/api/version`, `/api/tags`, `/api/chat` as NDJSON), driven by the real client library. */
async function ollamaStub(
  models: readonly string[],
  chat: Chat = says("Hello ", "from ", "the stub."),
  port = 0,
): Promise<string> {
  const server = createServer((request, response) => {
    answer(request, response, models, chat).catch((error: unknown) => response.destroy(error as Error));
  }).listen(port, "127.0.0.1");
  servers.push(server);
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  models: readonly string[],
  chat: Chat,
): Promise<void> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
  if (request.url === "/api/version") return void response.end(JSON.stringify({ version: "0.9.9" }));
  if (request.url === "/api/tags") {
    const list = models.map((name) => ({
      name,
      model: name,
      size: 1,
      digest: "d",
      details: { family: familyOf(name) },
    }));
    return void response.end(JSON.stringify({ models: list }));
  }
  if (request.url === "/api/chat") return chat(JSON.parse(body) as Parameters<Chat>[0], response);
  response.writeHead(404).end();
}

const familyOf = (name: string): string => (name.startsWith("embed") ? "bert" : "llama");

/** Streams `parts` as Ollama does. */
function says(...parts: readonly string[]): Chat {
  return (_request, response) => {
    for (const content of parts)
      response.write(`${JSON.stringify({ message: { role: "assistant", content }, done: false })}\n`);
    response.end(`${JSON.stringify({ message: { role: "assistant", content: "" }, done: true })}\n`);
  };
}

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

const question = [{ role: "user", content: "hi" }] as const;

describe("an Ollama server (wire stub)", () => {
  it("is found with its version and its first model that can chat", async () => {
    const url = await ollamaStub(["embed-small:latest", "llama3.2:3b", "qwen3:8b"]);
    expect(await probeOllama({ url, model: "auto" })).toEqual({ version: "0.9.9", model: "llama3.2:3b" });
  });

  it("is asked for the model the owner named, with or without its tag", async () => {
    const url = await ollamaStub(["llama3:latest", "qwen3:8b"]);
    expect(await probeOllama({ url, model: "llama3" })).toMatchObject({ model: "llama3:latest" });
    expect(await probeOllama({ url, model: "qwen3:8b" })).toMatchObject({ model: "qwen3:8b" });
  });

  it("without a usable model is told apart from none at all", async () => {
    expect(await probeOllama({ url: await ollamaStub([]), model: "auto" })).toMatchObject({
      unusable: expect.stringContaining("no model"),
    });
    expect(await probeOllama({ url: await ollamaStub(["a:1"]), model: "b" })).toMatchObject({
      unusable: expect.stringContaining("a:1"),
    });
    expect(await probeOllama({ url: "http://127.0.0.1:9", model: "auto" })).toBeUndefined();
  });

  it("streams its answer, and is told what was asked and how", async () => {
    const asked: unknown[] = [];
    const url = await ollamaStub(["m:1"], (request, response) => {
      asked.push(request);
      says("Hello ", "there.")(request, response);
    });
    const model = ollamaModel({ url, model: "m:1" });
    expect(await textOf(model.generate(question, { maxTokens: 7, temperature: 0, seed: 3 }))).toBe("Hello there.");
    expect(asked).toMatchObject([
      { model: "m:1", messages: question, stream: true, options: { num_predict: 7, temperature: 0, seed: 3 } },
    ]);
  });

  it("that is no longer wanted is hung up on", async () => {
    const gone = Promise.withResolvers<void>();
    const url = await ollamaStub(["m:1"], (_request, response) => {
      response.on("close", () => gone.resolve());
      response.write(`${JSON.stringify({ message: { content: "one " }, done: false })}\n`);
    });
    for await (const piece of ollamaModel({ url, model: "m:1" }).generate(question)) if (piece === "one ") break;
    // Without the hang-up this would never come.
    await expect(gone.promise).resolves.toBeUndefined();
  });

  it.each<[string, Chat]>([
    [
      "an error status",
      (_request, response) => void response.writeHead(500).end(JSON.stringify({ error: "out of memory" })),
    ],
    [
      "an error in the stream",
      (_request, response) => void response.end(`${JSON.stringify({ error: "out of memory" })}\n`),
    ],
    ["no JSON", (_request, response) => void response.end("<html>out of memory</html>\n")],
    ["a cut connection", (_request, response) => void response.destroy()],
  ])("that answers with %s fails as a provider", async (_name, chat) => {
    const model = ollamaModel({ url: await ollamaStub(["m:1"], chat), model: "m:1" });
    await expect(textOf(model.generate(question))).rejects.toMatchObject({
      code: "provider-failed",
      nextStep: expect.any(String),
    });
  });
});

/** Ollama's own library prints lines it cannot read, and a model's words have no business on a console. */
describe("what a broken Ollama says", () => {
  it("is printed nowhere", async () => {
    const printed: unknown[] = [];
    const { warn } = console;
    console.warn = (...words: unknown[]) => printed.push(words);
    try {
      const url = await ollamaStub(["m:1"], (_request, response) => {
        response.write(`${JSON.stringify({ message: { content: "fine " }, done: false })}\n`);
        response.end('{"message":{"content":"a secret that was cut');
      });
      await expect(textOf(ollamaModel({ url, model: "m:1" }).generate(question))).rejects.toMatchObject({
        code: "provider-failed",
      });
    } finally {
      console.warn = warn;
    }
    expect(printed).toEqual([]);
  });
});

/** A language service over a stub and a fixed-delay embedded model. */
function languageService(
  url: string,
  provider: "auto" | "embedded" | "ollama",
): { service: LanguageService; news: string[] } {
  const news: string[] = [];
  const nothing = (): void => undefined;
  const { llm } = fixedDelaySources({ llmMs: 1, replies: ["I am embedded."] });
  const embedded = new ModelEngine({
    service: "llm",
    source: llm,
    adapt: languageModel,
    onStage: nothing,
    onEvent: nothing,
    patient: true,
  });
  const service = new LanguageService({
    provider,
    ollamaUrl: url,
    ollamaModel: "auto",
    embedded,
    onStage: nothing,
    onNews: (sentence) => news.push(sentence),
    probeEveryMs: 50,
    firstWordMs: 300,
  });
  services.push(service);
  return { service, news };
}

describe("who thinks", () => {
  it("is Ollama where a server answers, and that is said", async () => {
    const { service, news } = languageService(await ollamaStub(["llama3.2:3b"]), "auto");
    service.start();
    expect(await textOf(service.generate(question))).toBe("Hello from the stub.");
    expect(news.join()).toMatch(/Ollama 0\.9\.9 .*llama3\.2:3b/);
    expect(service.stage).toEqual({ state: "ready", model: "ollama:llama3.2:3b" });
  });

  it("is the embedded model where none answers, or the owner wants it so", async () => {
    for (const [url, provider] of [
      ["http://127.0.0.1:9", "auto"],
      [await ollamaStub(["m:1"]), "embedded"],
    ] as const) {
      expect(await textOf(languageService(url, provider).service.generate(question))).toBe("I am embedded.");
    }
  });

  it("changes to the embedded model when Ollama fails before its first word, and says so", async () => {
    const url = await ollamaStub(["m:1"], (_request, response) => void response.destroy());
    const { service, news } = languageService(url, "auto");
    expect(await textOf(service.generate(question))).toBe("I am embedded.");
    expect(news.at(-1)).toContain("embedded model answers instead");
  });

  it("changes to the embedded model when Ollama takes the question and says nothing", async () => {
    const { service, news } = languageService(await ollamaStub(["m:1"], () => undefined), "auto");
    expect(await textOf(service.generate(question))).toBe("I am embedded.");
    expect(news.at(-1)).toContain("it gave no answer");
  });

  it("is told when a server comes late, and when it goes away again", async () => {
    const probe = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => probe.once("listening", resolve));
    const { port } = probe.address() as AddressInfo;
    probe.close();
    const { service, news } = languageService(`http://127.0.0.1:${port}`, "auto");
    service.start();
    expect(await textOf(service.generate(question))).toBe("I am embedded.");
    await ollamaStub(["m:1"], says("It is ", "me."), port);
    await expect.poll(() => service.stage).toEqual({ state: "ready", model: "ollama:m:1" });
    expect(await textOf(service.generate(question))).toBe("It is me.");
    const server = servers.pop();
    server?.closeAllConnections();
    server?.close();
    await expect.poll(() => service.stage).toMatchObject({ state: "ready", model: "fixed-delay-llm" });
    expect(news.at(-1)).toContain("answers no more");
  });

  it("does not change in the middle of an answer", async () => {
    const url = await ollamaStub(["m:1"], (_request, response) => {
      response.write(`${JSON.stringify({ message: { content: "Well, " }, done: false })}\n`, () => response.destroy());
    });
    const { service } = languageService(url, "auto");
    const heard: string[] = [];
    const asking = (async () => {
      for await (const piece of service.generate(question)) heard.push(piece);
    })();
    await expect(asking).rejects.toMatchObject({ code: "provider-failed" });
    expect(heard).toEqual(["Well, "]);
  });

  it("is nobody when only Ollama is wanted and none answers, with what to do", async () => {
    const { service } = languageService("http://127.0.0.1:9", "ollama");
    await expect(textOf(service.generate(question))).rejects.toMatchObject({
      nextStep: expect.stringContaining("ollama serve"),
    });
  });
});
