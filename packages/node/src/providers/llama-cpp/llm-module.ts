/** Engine module: a language model in GGUF, run by llama.cpp. Method `generate`, see contract.ts. */
import { open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { AudioError } from "@parley/audio";
import { checked, modelFiles, OrderedEmitter, type Engine, type JobHandler } from "@parley/audio/engines";
import {
  getLlama,
  LlamaChat,
  LlamaCompletion,
  LlamaLogLevel,
  type ChatHistoryItem,
  type LlamaContextSequence,
  type LlamaModel,
  type Token,
} from "node-llama-cpp";
import { z } from "zod";
import type { ChatMessage } from "../language-model.ts";
import { generateParams, type GenerateParams, type GenerateResult } from "./contract.ts";
import { fitContext } from "./fit-context.ts";
import { LoopWatch } from "./loop.ts";

/** Tokens that stay free for the model's own marks around an answer. */
const MARGIN_TOKENS = 8;
/** Of a text that is gone on with, so much tells how its last word ends. */
const SEAM_CHARS = 40;

const optionsSchema = z.object({
  id: z.string().min(1),
  folder: z.string().min(1),
  /** The GGUF file inside the folder. */
  file: z.string().min(1),
  /** `"auto"` uses a GPU when there is one and its backend is installed. */
  gpu: z.union([z.literal("auto"), z.literal(false)]).default(false),
  /** The longest conversation kept in mind; bounded by what the model was trained for. */
  contextTokens: z.number().int().min(64).max(1_000_000).default(4_096),
  /**
   * llama.cpp's threads spin while they wait for each other: one thread more than there are free cores costs ten times
   * the speed. One core is left to the rest of the house.
   */
  threads: z
    .number()
    .int()
    .min(1)
    .max(256)
    .default(Math.max(1, availableParallelism() - 1)),
});

/** Loads the model. See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(optionsSchema, given, "options of the language-model engine");
  const modelPath = await ggufFile(options.folder, options.file);
  const llama = await getLlama({
    gpu: options.gpu,
    build: "never",
    skipDownload: true,
    logLevel: LlamaLogLevel.error,
    maxThreads: options.threads,
    progressLogs: false,
  });
  const model = await llama.loadModel({ modelPath, ...(options.gpu === false ? { gpuLayers: 0 } : {}) });
  const contextSize = Math.min(options.contextTokens, model.trainContextSize);
  const context = await model.createContext({ contextSize, threads: options.threads });
  const writer = newWriter(model, context.getSequence());
  return {
    info: { id: options.id, contextTokens: context.contextSize },
    methods: { generate: generator(writer, context.contextSize) },
    close: () => llama.dispose(),
  };
}

/** What one kind of model does with a conversation. */
interface Writer {
  readonly countTokens: (messages: readonly ChatMessage[]) => number;
  /** What stands between a text and the tokens behind it: a space that is part of the first of them and is not shown at a beginning. */
  readonly spaceBehind: (text: string, tokens: readonly Token[]) => string;
  readonly write: (messages: readonly ChatMessage[], how: WriteOptions) => Promise<Written>;
}

interface Written {
  readonly metadata: { readonly stopReason: string };
}

interface WriteOptions {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly seed?: number;
  readonly signal: AbortSignal;
  /** What was written until then is the answer. */
  readonly stopOnAbortSignal: true;
  readonly onTextChunk: (text: string) => void;
  readonly onToken: (tokens: readonly Token[]) => void;
}

/** A model with a chat template chats; one without continues the last message. */
function newWriter(model: LlamaModel, contextSequence: LlamaContextSequence): Writer {
  return model.fileInfo.metadata.tokenizer.chat_template === undefined
    ? completionWriter(model, contextSequence)
    : chatWriter(model, contextSequence);
}

// Both keep one sequence: the tokens that a call shares with the one before are not computed again.

/**
 * The library's own looks 64 tokens back: TinyLlama's two-bit weights went in circles longer than that at every other greeting, and with
 * "don't repeat yourself" (DRY) as well. These ended them, and left plain answers as they were.
 */
const LESS_OF_THE_SAME = { lastTokens: 256, penalty: 1.1, frequencyPenalty: 0.2, presencePenalty: 0.2 } as const;

function chatWriter(model: LlamaModel, contextSequence: LlamaContextSequence): Writer {
  const chat = new LlamaChat({ contextSequence });
  return {
    countTokens: (messages) => {
      const { contextText } = chat.chatWrapper.generateContextState({ chatHistory: messages.map(historyItem) });
      return contextText.tokenize(model.tokenizer).length;
    },
    spaceBehind: spaceOf(model),
    write: (messages, how) =>
      chat.generateResponse(messages.map(historyItem), { ...how, repeatPenalty: LESS_OF_THE_SAME }),
  };
}

function completionWriter(model: LlamaModel, contextSequence: LlamaContextSequence): Writer {
  const completion = new LlamaCompletion({ contextSequence });
  const text = (messages: readonly ChatMessage[]) => {
    const last = messages.at(-1);
    return (
      (messages.findLast(({ role }) => role === "user")?.content ?? "") +
      (last?.role === "assistant" ? last.content : "")
    );
  };
  return {
    countTokens: (messages) => model.tokenize(text(messages)).length,
    spaceBehind: spaceOf(model),
    write: (messages, how) => completion.generateCompletionWithMeta(text(messages), how),
  };
}

function spaceOf(model: LlamaModel): Writer["spaceBehind"] {
  return (text, tokens) => {
    const behind = model.detokenize(tokens, false, model.tokenize(text.slice(-SEAM_CHARS)));
    const alone = model.detokenize(tokens, false);
    return behind.endsWith(alone) && behind.slice(0, behind.length - alone.length).trim() === ""
      ? behind.slice(0, behind.length - alone.length)
      : "";
  };
}

function historyItem({ role, content }: ChatMessage): ChatHistoryItem {
  return role === "assistant" ? { type: "model", response: [content] } : { type: role, text: content };
}

function generator(writer: Writer, contextTokens: number): JobHandler {
  return async (given, io): Promise<GenerateResult> => {
    const params: GenerateParams = checked(generateParams, given, "parameters of generate");
    // The answer may claim up to half of the window; the conversation gets the rest.
    const reserved = Math.min(params.maxTokens, Math.floor(contextTokens / 2)) + MARGIN_TOKENS;
    const messages = fitContext(params.messages, contextTokens - reserved, writer.countTokens);
    const promptTokens = writer.countTokens(messages);
    const out = new OrderedEmitter(io);
    const circles = new AbortController();
    const watch = new LoopWatch(begunOf(messages));
    const seam = new Seam(begunOf(messages), writer, (text) => {
      // What is written until the model has stopped is more of the same.
      if (!watch.isLoop) out.send(text);
      if (watch.add(text)) circles.abort();
    });
    const startedAtMs = performance.now();
    let outputTokens = 0;
    const { metadata } = await writer.write(messages, {
      maxTokens: Math.min(params.maxTokens, contextTokens - promptTokens - MARGIN_TOKENS),
      temperature: params.temperature,
      ...(params.seed === undefined ? {} : { seed: params.seed }),
      signal: AbortSignal.any([io.signal, circles.signal]),
      stopOnAbortSignal: true,
      onTextChunk: (text) => seam.text(text),
      onToken: (tokens) => {
        outputTokens += tokens.length;
        seam.tokens(tokens);
      },
    });
    io.signal.throwIfAborted();
    seam.end();
    const seconds = (performance.now() - startedAtMs) / 1000;
    await out.flush();
    return {
      promptTokens,
      outputTokens,
      tokensPerSecond: seconds === 0 ? 0 : outputTokens / seconds,
      stopReason: metadata.stopReason === "maxTokens" ? "length" : "end",
    };
  };
}

/** Of an answer that is to be gone on with. */
function begunOf(messages: readonly ChatMessage[]): string {
  const last = messages.at(-1);
  return last?.role === "assistant" ? last.content : "";
}

/** Joins what is written to an answer that was begun elsewhere, with the space that belongs between. */
class Seam {
  readonly #begun: string;
  readonly #writer: Writer;
  readonly #send: (text: string) => void;
  /** Written before it is known what stands before it. */
  #held = "";
  #isOpen: boolean;

  constructor(begun: string, writer: Writer, send: (text: string) => void) {
    this.#begun = begun;
    this.#writer = writer;
    this.#send = send;
    this.#isOpen = this.#begun !== "";
  }

  tokens(tokens: readonly Token[]): void {
    if (this.#isOpen) this.#close(this.#writer.spaceBehind(this.#begun, tokens));
  }

  text(text: string): void {
    if (this.#isOpen) this.#held += text;
    else this.#give(text);
  }

  end(): void {
    this.#close("");
  }

  #close(space: string): void {
    this.#isOpen = false;
    const held = this.#held;
    this.#held = space;
    if (held !== "") this.#give(held);
  }

  #give(text: string): void {
    // Some models show it themselves.
    const space = text.startsWith(this.#held) ? "" : this.#held;
    this.#held = "";
    if (text !== "") this.#send(space + text);
  }
}

/** @throws AudioError `model-missing`, `model-corrupt`. */
async function ggufFile(folder: string, file: string): Promise<string> {
  await modelFiles(folder, { model: file });
  const path = join(folder, file);
  const handle = await open(path, "r");
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer.toString("latin1") === "GGUF") return path;
  } finally {
    await handle.close();
  }
  throw new AudioError("model-corrupt", `${path} is not a GGUF model`, {
    nextStep: "Fetch the model again with `parley models pull`, or name another file.",
    details: { path },
  });
}
