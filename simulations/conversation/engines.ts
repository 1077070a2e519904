/** What thinks, speaks and acts in a simulated peer. It says the same everywhere, and takes its time by its host's clock. */
import { answersTo, FAILED, readQuestion, resultOf, sentencesOf, soundMsOf, toolOf } from "./script.ts";
import type { Library } from "./library.ts";

export type Tool = NonNullable<ConstructorParameters<Library["Services"]>[0]["tools"]>[number];
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
const CALL = /<tool>[^]*<\/tool>$/;
const RESULT = /^\[(?<no>No result|Result)[^:]*: (?<result>[^]*)\]$/;

/** Goes on with an answer that was begun. @param asked told of each question, with all that was said before it */
export function modelOf(times: EngineTimes, asked: (messages: readonly string[]) => void): Model {
  return {
    id: "simulated-llm",
    async *generate(messages, { signal } = {}) {
      asked(messages.filter(({ role }) => role === "user").map(({ content }) => content));
      const rest = restOf(messages);
      await pause(times.firstTokenMs, signal);
      for (const word of rest.match(/\s*\S+/g) ?? []) {
        yield word;
        await pause(times.tokenMs, signal);
      }
    },
  };
}

/** What is still to be written: it goes by what it has said of this answer, whatever it is told now of why it said so. */
function restOf(messages: Parameters<Model["generate"]>[0]): string {
  const asked = messages.findLastIndex(({ role, content }) => role === "user" && !RESULT.test(content));
  const question = messages[asked]?.content ?? "";
  const turn = readQuestion(question);
  if (turn === undefined) return `Nobody knows what ${question} means.`;
  const own = messages.slice(asked + 1);
  const said = own
    .flatMap(({ role, content }) => (role === "assistant" ? [content.replace(CALL, "")] : []))
    .join("")
    .trimStart();
  const fitting = answersTo(turn)
    .map((sentences) => sentences.join(" "))
    .filter((answer) => answer.startsWith(said));
  const tool = toolOf(turn.verb);
  const found = own.map(({ content }) => RESULT.exec(content)?.groups).findLast((groups) => groups !== undefined);
  if (tool !== undefined && found === undefined && fitting.length > 1)
    return `<tool>${JSON.stringify({ name: tool, arguments: { of: turn.name } })}</tool>`;
  const result = found?.["no"] === "Result" ? (found["result"] ?? "") : FAILED;
  const wanted = sentencesOf(turn.verb, turn.name, result).join(" ");
  return (fitting.find((answer) => answer === wanted) ?? fitting[0] ?? wanted).slice(said.length);
}

/** Lives of peers that can be told apart by their sound. */
const MOST_MARKS = 128;

/** Which life of which peer has made this sound. */
export function readMark(samples: Float32Array): number {
  return Math.round((samples[samples.length >> 1] ?? 0) * MOST_MARKS);
}

/** @param mark of this life of a peer, below 128 */
export function voiceOf(times: EngineTimes, mark: number): Voice {
  return {
    id: "simulated-tts",
    sampleRateHz: RATE_HZ,
    voices: [{ name: "anna", language: "en-US" }],
    async *synthesize(text, { signal } = {}) {
      for (let leftMs = soundMsOf(text); leftMs > 0; leftMs -= CHUNK_SOUND_MS) {
        await pause(times.chunkMs, signal);
        const ms = Math.min(CHUNK_SOUND_MS, leftMs);
        yield { sampleRateHz: RATE_HZ, samples: new Float32Array((RATE_HZ * ms) / 1_000).fill(mark / MOST_MARKS) };
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
