/**
 * Test engine: a language model that can use tools, by a script. Named so, never a default. Where the system prompt offers tools, it
 * writes the call that the script has for a question, and reads out what came of it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { checked, type Engine } from "@parley/audio/engines";
import { z } from "zod";
import { generateParams, type GenerateResult } from "../providers/llama-cpp/contract.ts";

const optionsSchema = z.object({
  /** Until the first token. */
  delayMs: z.number().min(0).default(1),
  /** For a question that holds `asked`, small letters alone: the call, and what is said of its result, which is `{result}`. */
  script: z
    .array(
      z.object({
        asked: z.string().min(1),
        call: z.object({ name: z.string(), arguments: z.unknown() }),
        reply: z.string(),
      }),
    )
    .default([]),
  /** To anything else, and where no tools are offered. `{messages}` becomes what the model was asked, without the offer of tools. */
  otherwise: z.string().default("I was asked: {messages}"),
});
type Options = z.output<typeof optionsSchema>;

const RESULT = /^\[(?:No result|Result)[^:]*: (?<result>[^]*)\]$/;
const PIECE_CHARS = 5;

/** See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(optionsSchema, given ?? {}, "options of the scripted tool LLM");
  return {
    info: { id: "scripted-tool-llm", contextTokens: 8_192 },
    methods: {
      async generate(params, io): Promise<GenerateResult> {
        const { messages } = checked(generateParams, params, "parameters of generate");
        await sleep(options.delayMs, undefined, { signal: io.signal });
        const begun = messages.at(-1)?.role === "assistant" ? (messages.at(-1)?.content ?? "") : "";
        const whole = replyTo(begun === "" ? messages : messages.slice(0, -1), options);
        // What it has begun to say is not said again.
        const reply = whole.startsWith(begun.trimStart()) ? whole.slice(begun.trimStart().length) : whole;
        const startedAtMs = performance.now();
        for (let at = 0; at < reply.length; at += PIECE_CHARS) await io.emit(reply.slice(at, at + PIECE_CHARS));
        const outputTokens = Math.ceil(reply.length / PIECE_CHARS);
        const seconds = Math.max(0.001, (performance.now() - startedAtMs) / 1000);
        const promptTokens = messages.reduce((sum, { content }) => sum + content.split(/\s+/).length, 0);
        return { promptTokens, outputTokens, tokensPerSecond: outputTokens / seconds, stopReason: "end" };
      },
    },
  };
}

interface Message {
  readonly role: string;
  readonly content: string;
}

function replyTo(messages: readonly Message[], { script, otherwise }: Options): string {
  const { groups: found } = RESULT.exec(messages.at(-1)?.content ?? "") ?? {};
  const question = messages.findLast(({ role, content }) => role === "user" && !RESULT.test(content))?.content ?? "";
  const scripted = script.find(({ asked }) => question.toLowerCase().includes(asked));
  const isOffered = messages.some(({ role, content }) => role === "system" && content.includes("<tool>"));
  if (scripted !== undefined && found !== undefined)
    return scripted.reply.replaceAll("{result}", () => found["result"] ?? "");
  // What comes behind the call is made up, as small models do: nobody may ever hear it.
  if (scripted !== undefined && isOffered)
    return `<tool>${JSON.stringify(scripted.call)}</tool> The result is MADE UP.`;
  const said = messages.flatMap(({ role, content }) => (role === "system" ? [] : [content])).join(" / ");
  return otherwise.replaceAll("{messages}", () => said);
}
