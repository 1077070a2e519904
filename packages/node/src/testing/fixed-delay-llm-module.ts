/** Test engine: "writes" scripted replies, the first token after a fixed delay. Named so, never a default. */
import { setTimeout as sleep } from "node:timers/promises";
import { checked, type Engine } from "@parley/audio/engines";
import { z } from "zod";
import { generateParams, type GenerateResult } from "../providers/llama-cpp/contract.ts";

const optionsSchema = z.object({
  /** Until the first token. */
  delayMs: z.number().min(0).default(200),
  /** Between tokens. */
  tokenMs: z.number().min(0).default(0),
  /**
   * To a last message that holds `asked`, small letters alone, this is the reply; the first that fits. `{tail}` becomes the last three
   * words of that message. With a `call`, and where tools are offered, that tool is called first, with `{tail}` as its argument
   * `of`, and `{result}` in the reply becomes what came of it.
   */
  answers: z.array(z.object({ asked: z.string().min(1), call: z.string().optional(), reply: z.string() })).default([]),
  /** To anything else. Given in turn, from the first again after the last. `{messages}` becomes what the model was asked, `{said}` that without its instructions; in all replies `{asked}` the latest questions. */
  replies: z.array(z.string()).min(1).default(["The time is ten past nine. Shall I set an alarm?"]),
});

/** See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const { delayMs, tokenMs, answers, replies } = checked(optionsSchema, given ?? {}, "options of the fixed-delay LLM");
  let calls = 0;
  return {
    info: { id: "fixed-delay-llm", contextTokens: 4_096 },
    methods: {
      async generate(params, io): Promise<GenerateResult> {
        const { messages, maxTokens } = checked(generateParams, params, "parameters of generate");
        const begun = messages.at(-1)?.role === "assistant" ? (messages.at(-1)?.content ?? "") : "";
        const asked = begun === "" ? messages : messages.slice(0, -1);
        const whole = asked.map(({ content }) => content).join(" / ");
        const said = asked.flatMap(({ role, content }) => (role === "system" ? [] : [content])).join(" / ");
        const scripted = scriptedReply(asked, answers);
        const reply = (scripted ?? replies[calls % replies.length] ?? "")
          .replaceAll("{messages}", () => whole)
          .replaceAll("{said}", () => said)
          .replaceAll("{asked}", () => questionsIn(asked));
        // What it has begun to say is not said again.
        const before = begun.trimStart();
        const words = (reply.startsWith(before) ? reply.slice(before.length) : reply).match(/\s*\S+\s*/g) ?? [];
        calls += 1;
        const { signal } = io;
        await sleep(delayMs, undefined, { signal });
        const startedAtMs = performance.now();
        const spoken = words.slice(0, maxTokens);
        for (const word of spoken) {
          await io.emit(word);
          if (tokenMs > 0) await sleep(tokenMs, undefined, { signal });
        }
        return {
          promptTokens: messages.reduce((sum, { content }) => sum + content.split(/\s+/).length, 0),
          outputTokens: spoken.length,
          tokensPerSecond: spoken.length / Math.max(0.001, (performance.now() - startedAtMs) / 1000),
          stopReason: spoken.length < words.length ? "length" : "end",
        };
      },
    },
  };
}

/** An answer that named more would be cut at its end. */
const MOST_ASKED = 12;

function questionsIn(messages: readonly Message[]): string {
  const own = messages.filter(({ role, content }) => role === "user" && !RESULT.test(content));
  return own
    .slice(-MOST_ASKED)
    .map(({ content }) => content)
    .join(" / ");
}

const RESULT = /^\[(?:No result|Result)[^:]*: (?<result>[^]*)\]$/;
const TAIL_WORDS = 3;

interface Message {
  readonly role: string;
  readonly content: string;
}

/** Undefined where the script has nothing for it. */
function scriptedReply(
  asked: readonly Message[],
  answers: z.output<typeof optionsSchema>["answers"],
): string | undefined {
  const { groups: found } = RESULT.exec(asked.at(-1)?.content ?? "") ?? {};
  const question = asked.findLast(({ role, content }) => role === "user" && !RESULT.test(content))?.content ?? "";
  const script = answers.find((answer) => question.toLowerCase().includes(answer.asked));
  if (script === undefined) return undefined;
  const tail = question.trim().split(/\s+/).slice(-TAIL_WORDS).join(" ");
  const isOffered = asked.some(({ role, content }) => role === "system" && content.includes("<tool>"));
  if (script.call !== undefined && isOffered && found === undefined)
    return `<tool>${JSON.stringify({ name: script.call, arguments: { of: tail } })}</tool>`;
  return script.reply.replaceAll("{tail}", () => tail).replaceAll("{result}", () => found?.["result"] ?? "nothing");
}
