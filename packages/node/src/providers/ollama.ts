/** Answers from an Ollama server of the house, through its own client library. */
import { Ollama } from "ollama";
import { abortError } from "@parley/audio/format";
import { messageOf, PeerError } from "../errors.ts";
import type { ChatMessage, GenerateOptions, LanguageModel } from "./language-model.ts";

/** Where the server is and which of its models to use. */
export interface OllamaOptions {
  readonly url: string;
  /** A model's name, or `auto` for the first that can chat. */
  readonly model: string;
}

/** What a server that answers said of itself. */
export interface OllamaFound {
  readonly version: string;
  /** The model that will be used. */
  readonly model: string;
}

/** A server on this machine or the LAN answers far sooner; a wrong address must not hold a peer's start. */
const PROBE_TIMEOUT_MS = 1500;

/** A list of many models is the longest line there is. */
const MAX_LINE_CHARS = 4_194_304;

/** Families that embed and cannot chat. */
const EMBEDDING_FAMILIES = new Set(["bert", "nomic-bert", "nomic-bert-moe"]);

/**
 * Asks whether an Ollama server answers at `url` and has a model for us. Undefined when none answers there; a reason
 * when one does and cannot be used.
 */
export async function probeOllama(
  options: OllamaOptions,
  signal?: AbortSignal,
): Promise<OllamaFound | { readonly unusable: string } | undefined> {
  const deadline = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const client = clientFor(options.url, signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
  let version: string;
  try {
    ({ version } = await client.version());
    if (typeof version !== "string") return undefined;
  } catch {
    // Nothing listens there, or not Ollama: the usual case on most machines, and not a failure.
    return undefined;
  }
  try {
    const { models } = await client.list();
    const names = models.filter((model) => !EMBEDDING_FAMILIES.has(model.details.family)).map((model) => model.name);
    const model = options.model === "auto" ? names[0] : names.find((name) => matches(name, options.model));
    if (model !== undefined) return { version, model };
    const have = names.length === 0 ? "no model that can chat" : names.join(", ");
    return {
      unusable: options.model === "auto" ? `it has ${have}` : `it has no model "${options.model}", but ${have}`,
    };
  } catch (error) {
    return { unusable: `its list of models could not be read: ${messageOf(error)}` };
  }
}

/** `llama3` stands for `llama3:latest`, as in Ollama's own command line. */
function matches(name: string, wanted: string): boolean {
  return name === wanted || name === `${wanted}:latest`;
}

/** A model of an Ollama server. @throws PeerError `provider-failed` from the stream. */
export function ollamaModel(options: OllamaOptions & { readonly model: string }): LanguageModel {
  return {
    id: `ollama:${options.model}`,
    generate: (messages, generateOptions) => generate(options, messages, generateOptions),
  };
}

async function* generate(
  options: OllamaOptions,
  messages: readonly ChatMessage[],
  { signal, maxTokens, temperature, seed }: GenerateOptions = {},
): AsyncGenerator<string> {
  const client = clientFor(options.url, signal);
  try {
    const stream = await client.chat({
      model: options.model,
      messages: messages.map(({ role, content }) => ({ role, content })),
      stream: true,
      options: {
        ...(maxTokens === undefined ? {} : { num_predict: maxTokens }),
        ...(temperature === undefined ? {} : { temperature }),
        ...(seed === undefined ? {} : { seed }),
      },
    });
    try {
      for await (const part of stream) {
        if (part.message.content !== "") yield part.message.content;
      }
    } finally {
      stream.abort();
    }
  } catch (cause) {
    if (signal?.aborted === true) throw abortError(signal, "waiting for Ollama");
    throw new PeerError("provider-failed", `Ollama at ${options.url} failed: ${messageOf(cause)}`, {
      nextStep: "Check the Ollama server (ollama ps), or set llm.provider to embedded.",
      details: { model: options.model },
      cause,
    });
  }
}

/** The library has one abort for all requests of a client, so each call gets a client and its own signal. */
function clientFor(url: string, signal: AbortSignal | undefined): Ollama {
  return new Ollama({
    host: url,
    fetch: async (input, init) => {
      const signals = [signal, init?.signal].filter((each) => each !== undefined && each !== null);
      const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
      const { status, statusText, headers, body } = response;
      if (!response.ok || body === null) return response;
      return new Response(body.pipeThrough(wholeLines()), { status, statusText, headers });
    },
  });
}

/**
 * Lets only whole lines of JSON through. The library prints a line that it cannot read to the console, where what the
 * model said has no business; here such a line ends the stream instead.
 */
function wholeLines(): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  let rest = "";
  const check = (line: string): void => {
    if (line.trim() === "") return;
    try {
      JSON.parse(line);
    } catch {
      throw new Error("it sent a line that is no JSON");
    }
  };
  return new TransformStream({
    transform: (chunk, controller) => {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE_CHARS) throw new Error("it sent a line without an end");
      for (const line of lines) {
        check(line);
        controller.enqueue(new TextEncoder().encode(`${line}\n`));
      }
    },
    flush: (controller) => {
      check(rest);
      controller.enqueue(new TextEncoder().encode(rest));
    },
  });
}
