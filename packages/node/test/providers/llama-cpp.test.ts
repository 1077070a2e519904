import { existsSync } from "node:fs";
import { cp, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEngineHost, type EngineHost } from "@parley/audio/engines";
import { crashHost } from "@parley/audio/testing";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ChatMessage } from "../../src/providers/language-model.ts";
import { fitContext } from "../../src/providers/llama-cpp/fit-context.ts";
import { languageModel, llmHost } from "../../src/providers/llama-cpp/index.ts";
import { fixedDelayLlmHost } from "../../src/testing/index.ts";

const models = process.env["PARLEY_MODELS"] ?? "";
const folder = join(models, "llm/stories15m");
const file = "stories15M-q8_0.gguf";
const present = models !== "" && existsSync(join(folder, file));
if (!present) console.log(`skipped: set PARLEY_MODELS to a folder that holds llm/stories15m/${file}`);

const STORY: readonly ChatMessage[] = [{ role: "user", content: "Once upon a time there was a little boat" }];

function user(content: string): ChatMessage {
  return { role: "user", content };
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => {
      throw new Error("resolved instead of rejecting");
    },
    (error: unknown) => error,
  );
}

describe.skipIf(!present)("the embedded language model", () => {
  let host: EngineHost;

  beforeAll(async () => {
    host = await startEngineHost(llmHost({ folder, file }));
  });

  afterAll(async () => {
    await host.close();
  });

  it("streams a story, piece by piece, the same for the same seed", async () => {
    const model = languageModel(host);
    expect(model.id).toBe("stories15m");
    const first = await collect(model.generate(STORY, { maxTokens: 60, seed: 7 }));
    expect(first.length).toBeGreaterThan(20);
    expect(first.join("")).toMatch(/boat/);
    expect((await collect(model.generate(STORY, { maxTokens: 60, seed: 7 }))).join("")).toBe(first.join(""));
    expect((await collect(model.generate(STORY, { maxTokens: 60, seed: 8 }))).join("")).not.toBe(first.join(""));
  });

  it("goes on behind a last message of its own, wherever that was cut, as it would have gone on", async () => {
    const model = languageModel(host);
    const how = { maxTokens: 40, temperature: 0 };
    const whole = await collect(model.generate(STORY, how));
    for (const cut of [1, 10, 25]) {
      const begun = whole.slice(0, cut).join("");
      const messages: readonly ChatMessage[] = [...STORY, { role: "assistant", content: begun }];
      const rest = await collect(model.generate(messages, { ...how, maxTokens: how.maxTokens - cut }));
      expect(begun + rest.join("")).toBe(whole.join(""));
    }
  });

  it("tells at the end what it did", async () => {
    const job = host.run("generate", { messages: STORY, maxTokens: 20, seed: 1 });
    const pieces = await collect(job.output);
    expect(await job.result).toMatchObject({ outputTokens: 20, stopReason: "length" });
    expect(pieces.join("")).not.toBe("");
  });

  it("stops within a few tokens when nobody listens, and writes again afterwards", async () => {
    const model = languageModel(host);
    for await (const piece of model.generate(STORY, { maxTokens: 10_000 })) {
      expect(piece).not.toBe("");
      break;
    }
    const abort = new AbortController();
    const reading = (async () => {
      for await (const piece of model.generate(STORY, { signal: abort.signal })) abort.abort(piece);
    })();
    expect(await rejection(reading)).toMatchObject({ code: "job-cancelled" });
    expect((await collect(model.generate(STORY, { maxTokens: 5 }))).join("")).not.toBe("");
  });

  it("answers however long the conversation has become", async () => {
    const model = languageModel(host);
    const long = Array.from({ length: 400 }, (_, n): ChatMessage => user(`The boat sailed for day ${n}.`));
    expect(await collect(model.generate(long, { maxTokens: 10 }))).not.toEqual([]);
    const huge = [user("The boat sailed on and on. ".repeat(2_000))];
    expect(await collect(model.generate(huge, { maxTokens: 10_000 }))).not.toEqual([]);
    expect(await collect(model.generate([{ role: "system", content: "Be brief." }], { maxTokens: 5 }))).toBeDefined();
  });

  it("refuses what is no conversation", async () => {
    const error = await rejection(collect(languageModel(host).generate([])));
    expect(error).toMatchObject({ code: "input-refused" });
    const tooHot = languageModel(host).generate(STORY, { temperature: 99 });
    expect(await rejection(collect(tooHot))).toMatchObject({ code: "input-refused" });
  });

  it("killed while writing fails that job, and a new host works", async () => {
    const doomed = await startEngineHost(llmHost({ folder, file }));
    const writing = (async () => {
      for await (const piece of languageModel(doomed).generate(STORY, { maxTokens: 10_000 })) {
        if (piece !== "") process.kill(doomed.status().pid, "SIGKILL");
      }
    })();
    expect(await rejection(writing)).toMatchObject({ code: "engine-crashed", details: { signal: "SIGKILL" } });
    const next = await startEngineHost(llmHost({ folder, file }));
    expect(await collect(languageModel(next).generate(STORY, { maxTokens: 5 }))).not.toEqual([]);
    await next.close();
  });
});

describe("a language model that cannot be loaded", () => {
  let empty: string;

  beforeAll(async () => {
    empty = await mkdtemp(join(tmpdir(), "parley-llm-"));
  });

  afterAll(async () => {
    await rm(empty, { recursive: true, force: true });
  });

  it("is reported missing or corrupt, with the file's name", async () => {
    const missing = await rejection(startEngineHost(llmHost({ folder: empty, file: "none.gguf" })));
    expect(missing).toMatchObject({ code: "model-missing", message: expect.stringContaining("none.gguf") });
    await writeFile(join(empty, "page.gguf"), "<html>not found</html>");
    const corrupt = await rejection(startEngineHost(llmHost({ folder: empty, file: "page.gguf" })));
    expect(corrupt).toMatchObject({ code: "model-corrupt" });
  });

  it.skipIf(!present)("fails to start when its file was cut short", async () => {
    await cp(join(folder, file), join(empty, "cut.gguf"));
    await truncate(join(empty, "cut.gguf"), 8_000_000);
    const cut = await rejection(startEngineHost(llmHost({ folder: empty, file: "cut.gguf" })));
    expect(cut).toMatchObject({ code: "engine-start-failed" });
  });
});

describe("the fixed-delay language model", () => {
  const started: EngineHost[] = [];

  afterEach(async () => {
    await Promise.all(started.splice(0).map((host) => host.close()));
  });

  it("gives its replies in turn, word by word, not before its delay", async () => {
    const host = await startEngineHost(fixedDelayLlmHost({ delayMs: 50, replies: ["Hello there.", "Good bye."] }));
    started.push(host);
    const model = languageModel(host);
    const startedAtMs = performance.now();
    expect(await collect(model.generate([user("hi")]))).toEqual(["Hello ", "there."]);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(49);
    expect(await collect(model.generate([user("bye")], { maxTokens: 1 }))).toEqual(["Good "]);
  });

  it("is cancelled like any other", async () => {
    const host = await startEngineHost(fixedDelayLlmHost({ delayMs: 60_000 }));
    started.push(host);
    const pieces = languageModel(host).generate([user("hi")], { signal: AbortSignal.timeout(20) });
    expect(await rejection(collect(pieces))).toMatchObject({ code: "job-timed-out" });
  });

  it("an engine of another kind is told apart", async () => {
    const host = await startEngineHost(crashHost());
    started.push(host);
    expect(() => languageModel(host)).toThrow(/not that of a language model/);
  });
});

describe("fitting a conversation into a context window", () => {
  const countWords = (messages: readonly ChatMessage[]) =>
    messages.reduce((sum, { content }) => sum + 1 + (content.match(/\S+/g) ?? []).length, 0);

  const conversation = fc.array(
    fc.record({
      role: fc.constantFrom("system", "user", "assistant"),
      content: fc.lorem({ maxCount: 30 }),
    }),
    { minLength: 1, maxLength: 20 },
  );

  it("fits whenever even one word fits, and changes nothing that fits already", () => {
    fc.assert(
      fc.property(conversation, fc.integer({ min: 25, max: 200 }), (messages, budget) => {
        const fitted = fitContext(messages, budget, countWords);
        expect(countWords(fitted)).toBeLessThanOrEqual(budget);
        if (countWords(messages) <= budget) expect(fitted).toEqual(messages);
      }),
    );
  });

  it("drops the oldest turns first and keeps the system message and the last one", () => {
    const system: ChatMessage = { role: "system", content: "be kind" };
    const messages = [system, user("one two"), { role: "assistant", content: "three four" } as const, user("five six")];
    expect(fitContext(messages, 9, countWords)).toEqual([system, messages[2], messages[3]]);
    expect(fitContext(messages, 6, countWords)).toEqual([system, messages[3]]);
  });

  it("keeps the end of a last message that is too long by itself", () => {
    const [fitted] = fitContext([user("a b c d e f g h i j k l m n o p q r s t u v w x y z")], 10, countWords);
    expect(fitted?.content.endsWith("x y z")).toBe(true);
  });
});
