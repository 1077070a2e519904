/** What thinks, speaks and acts in a simulated peer. It says the same everywhere, and takes its time by its host's clock. */
import type { Tool } from "./peer.ts";
import { FAILED, readQuestion, resultOf, sentencesOf, soundMsOf, toolOf } from "./script.ts";
import type { Library } from "./library.ts";

type Engines = NonNullable<ConstructorParameters<Library["Services"]>[0]["given"]>;
type Model = Exclude<NonNullable<Engines["llm"]>, (...args: never) => unknown>;
type Voice = Exclude<NonNullable<Engines["tts"]>, (...args: never) => unknown>;

export interface EngineTimes {
  readonly firstTokenMs: number;
  readonly tokenMs: number;
  readonly chunkMs: number;
  readonly toolMs: number;
}

/** Told of what tools do. */
export interface ToolObserver {
  begun(tool: "press" | "ring", of: string, key: string): void;
  done(tool: "press" | "ring", of: string, key: string): void;
}

const RATE_HZ = 8_000;
const CHUNK_SOUND_MS = 200;
const RESULT = /^\[(?<no>No result|Result)[^:]*: (?<result>[^]*)\]$/;

/** Goes on with an answer that was begun. @param asked told of each question, with all that was said before it */
export function modelOf(times: EngineTimes, asked: (messages: readonly string[]) => void): Model {
  return {
    id: "simulated-llm",
    async *generate(messages, { signal } = {}) {
      const last = messages.at(-1);
      const begun = last?.role === "assistant" ? last.content : "";
      const before = begun === "" ? messages : messages.slice(0, -1);
      asked(before.filter(({ role }) => role === "user").map(({ content }) => content));
      const reply = replyTo(before);
      const said = begun.trimStart();
      const rest = reply.startsWith(said) ? reply.slice(said.length) : reply;
      await pause(times.firstTokenMs, signal);
      for (const word of rest.match(/\s*\S+/g) ?? []) {
        yield word;
        await pause(times.tokenMs, signal);
      }
    },
  };
}

function replyTo(messages: Parameters<Model["generate"]>[0]): string {
  const found = RESULT.exec(messages.at(-1)?.content ?? "")?.groups;
  const question = messages.findLast(({ role, content }) => role === "user" && !RESULT.test(content))?.content ?? "";
  const { verb, name } = readQuestion(question) ?? {};
  if (verb === undefined || name === undefined) return `Nobody knows what ${question} means.`;
  const tool = toolOf(verb);
  if (tool !== undefined && found === undefined)
    return `<tool>${JSON.stringify({ name: tool, arguments: { of: name } })}</tool>`;
  const result = found?.["no"] === "Result" ? (found["result"] ?? "") : FAILED;
  return sentencesOf(verb, name, result).join(" ");
}

export function voiceOf(times: EngineTimes): Voice {
  return {
    id: "simulated-tts",
    sampleRateHz: RATE_HZ,
    voices: [{ name: "anna", language: "en-US" }],
    async *synthesize(text, { signal } = {}) {
      for (let leftMs = soundMsOf(text); leftMs > 0; leftMs -= CHUNK_SOUND_MS) {
        await pause(times.chunkMs, signal);
        const ms = Math.min(CHUNK_SOUND_MS, leftMs);
        yield { sampleRateHz: RATE_HZ, samples: new Float32Array((RATE_HZ * ms) / 1_000).fill(0.25) };
      }
    },
  };
}

export function toolsOf(times: EngineTimes, observer: ToolObserver): readonly Tool[] {
  const tool = (name: "press" | "ring", repeats: Tool["repeats"]): Tool => ({
    name,
    description: `${name}es something.`,
    usage: '{"of": "what"}',
    repeats,
    hasEffects: true,
    call: async (given, { key, signal }) => {
      const of = String(Reflect.get(Object(given), "of"));
      observer.begun(name, of, key);
      await pause(times.toolMs, signal);
      observer.done(name, of, key);
      return { ok: true, result: resultOf(of) };
    },
  });
  return [tool("press", "at-most-once"), tool("ring", "by-key")];
}

/** @throws the reason of `signal` */
function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = (): void => {
      clearTimeout(timer);
      reject(signal?.reason instanceof Error ? signal.reason : new Error("stopped"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stopped);
      resolve();
    }, delayMs);
    if (signal?.aborted === true) stopped();
    else signal?.addEventListener("abort", stopped, { once: true });
  });
}
