import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startEngineHost, type EngineHost } from "@parley/audio/engines";
import type { ChatMessage } from "../../src/providers/language-model.ts";
import { languageModel } from "../../src/providers/llama-cpp/index.ts";
import { fixedDelayLlmHost, runsIn } from "../../src/testing/index.ts";
import { notedTools } from "../../src/testing/noted-tools.ts";

let folder = "";
let host: EngineHost | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "scripted-test-"));
});
afterEach(async () => {
  await host?.close();
  await rm(folder, { recursive: true });
});

const OFFER: ChatMessage = { role: "system", content: "Write <tool>{}</tool>." };
const QUESTION: ChatMessage = { role: "user", content: "please press the red lamp now" };

it("the scripted model calls a tool where one is offered, reads its result out, and goes on with what it has begun", async () => {
  const answers = [{ asked: "press", call: "press", reply: "So {result}. You said {tail}." }];
  host = await startEngineHost(fixedDelayLlmHost({ delayMs: 1, answers }));
  const model = languageModel(host);
  const said = async (...messages: readonly ChatMessage[]): Promise<string> => {
    let text = "";
    for await (const piece of model.generate(messages)) text += piece;
    return text;
  };
  expect(await said(OFFER, QUESTION)).toBe('<tool>{"name":"press","arguments":{"of":"red lamp now"}}</tool>');
  const result: ChatMessage = { role: "user", content: "[Result of press: it is done]" };
  const called: readonly ChatMessage[] = [OFFER, QUESTION, { role: "assistant", content: "<tool>…</tool>" }, result];
  expect(await said(...called)).toBe("So it is done. You said red lamp now.");
  expect(await said(...called, { role: "assistant", content: " So it is done." })).toBe(" You said red lamp now.");
  expect(await said(QUESTION)).toBe("So nothing. You said red lamp now.");
});

it("noted tools leave a line before and behind each run, and a torn line is passed over", async () => {
  const path = join(folder, "runs.jsonl");
  const [press] = notedTools({ path, runMs: 1, peer: "kitchen" });
  const { signal } = new AbortController();
  expect(runsIn(path)).toEqual([]);
  expect(await press?.call({ of: "lamp" }, { signal, key: "k1" })).toEqual({ ok: true, result: "lamp is done" });
  await appendFile(path, '{"tool":"press","of":"la');
  const note = { tool: "press", of: "lamp", key: "k1", peer: "kitchen" };
  expect(runsIn(path)).toEqual([
    { ...note, point: "begun" },
    { ...note, point: "done" },
  ]);
});
