/** The service that thinks: an Ollama server of the house where one answers, else the embedded model. */
import { messageOf, PeerError } from "../errors.ts";
import type { ChatMessage, GenerateOptions, LanguageModel } from "../providers/language-model.ts";
import { ollamaModel, probeOllama } from "../providers/ollama.ts";
import { pause } from "./backoff.ts";
import type { ModelEngine } from "./model-engine.ts";
import { failureOf, type Stage } from "./stage.ts";

/** Options of {@link LanguageService}. */
export interface LanguageServiceOptions {
  readonly provider: "auto" | "embedded" | "ollama";
  readonly ollamaUrl: string;
  readonly ollamaModel: string;
  readonly embedded: ModelEngine<LanguageModel>;
  readonly onStage: (stage: Stage) => void;
  /** One sentence for people: which provider is used and why. */
  readonly onNews: (sentence: string) => void;
}

/** How often an Ollama server that was not there, or went away, is looked for again. */
const PROBE_EVERY_MS = 30_000;

/** Chooses who thinks, and changes the choice as servers come and go. */
export class LanguageService {
  readonly #options: LanguageServiceOptions;
  readonly #closing = new AbortController();
  #ollama: LanguageModel | undefined;
  #unusable: string | undefined;
  #watch: Promise<void> | undefined;
  #firstLook: Promise<void> | undefined;

  constructor(options: LanguageServiceOptions) {
    this.#options = options;
  }

  /** Begins, in the background. */
  start(): void {
    this.#watch ??= this.#live();
  }

  /** Whether an Ollama server will answer, as far as the first look tells. Starts nothing. */
  async usesOllama(): Promise<boolean> {
    await this.#look();
    return this.#ollama !== undefined;
  }

  get stage(): Stage {
    if (this.#ollama !== undefined) return { state: "ready", model: this.#ollama.id };
    if (this.#options.provider !== "ollama") return this.#options.embedded.stage;
    return this.#firstLook === undefined
      ? { state: "waiting" }
      : { state: "failed", failure: failureOf(this.#noOllama()) };
  }

  /**
   * Answers from whoever thinks now. An Ollama server that fails before its first word is replaced by the embedded model.
   * @throws PeerError `provider-failed`; AudioError of the engine.
   */
  async *generate(messages: readonly ChatMessage[], options: GenerateOptions = {}): AsyncGenerator<string> {
    await this.#look();
    const ollama = this.#ollama;
    if (ollama === undefined) {
      yield* (await this.#embedded(options.signal)).generate(messages, options);
      return;
    }
    let began = false;
    try {
      for await (const text of ollama.generate(messages, options)) {
        began = true;
        yield text;
      }
    } catch (error) {
      if (began || options.signal?.aborted === true || this.#options.provider === "ollama") throw error;
      this.#ollama = undefined;
      this.#options.onNews(`Ollama failed (${messageOf(error)}); the embedded model answers instead.`);
      yield* (await this.#embedded(options.signal)).generate(messages, options);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#watch;
    await this.#options.embedded.close();
  }

  async #embedded(signal: AbortSignal | undefined): Promise<LanguageModel> {
    if (this.#options.provider === "ollama") throw this.#noOllama();
    return this.#options.embedded.use(signal);
  }

  async #live(): Promise<void> {
    await this.#look();
    if (this.#options.provider === "embedded") return this.#options.embedded.start();
    while (!this.#closing.signal.aborted) {
      if (this.#ollama === undefined && this.#options.provider === "auto") this.#options.embedded.start();
      await pause(PROBE_EVERY_MS, this.#closing.signal);
      if (this.#ollama === undefined && !this.#closing.signal.aborted) await this.#probe();
    }
  }

  #look(): Promise<void> {
    return (this.#firstLook ??= this.#options.provider === "embedded" ? Promise.resolve() : this.#probe());
  }

  async #probe(): Promise<void> {
    const { provider, ollamaUrl: url, ollamaModel: model } = this.#options;
    const found = await probeOllama({ url, model }, this.#closing.signal);
    if (this.#closing.signal.aborted) return;
    if (found !== undefined && "model" in found) {
      this.#ollama = ollamaModel({ url, model: found.model });
      this.#unusable = undefined;
      this.#options.onNews(`Ollama ${found.version} answers at ${url}: using its model ${found.model}.`);
      this.#options.onStage(this.stage);
      return;
    }
    const why = found === undefined ? undefined : `Ollama answers at ${url}, but ${found.unusable}.`;
    if (why !== undefined && why !== this.#unusable) this.#options.onNews(why);
    this.#unusable = why;
    if (provider === "ollama") this.#options.onStage(this.stage);
  }

  #noOllama(): PeerError {
    const { ollamaUrl, ollamaModel: model } = this.#options;
    return new PeerError("provider-failed", this.#unusable ?? `no Ollama server answers at ${ollamaUrl}`, {
      nextStep:
        this.#unusable === undefined
          ? "Start it (ollama serve), or set llm.provider to embedded."
          : `Pull a model (ollama pull ${model === "auto" ? "llama3.2" : model}), or set llm.provider to embedded.`,
    });
  }
}
