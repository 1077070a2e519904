/** The service that thinks: an Ollama server of the house where one answers, else the embedded model. */
import { messageOf, PeerError } from "../errors.ts";
import type { ChatMessage, GenerateOptions, LanguageModel } from "../providers/language-model.ts";
import { ollamaModel, probeOllama } from "../providers/ollama.ts";
import { pause } from "./backoff.ts";
import type { Privacy, Reach } from "../routing/index.ts";
import { reachOf } from "./mesh/reach.ts";
import type { ServiceEngine } from "./model-engine.ts";
import { failureOf, type Stage } from "./stage.ts";

/** Options of {@link LanguageService}. */
export interface LanguageServiceOptions {
  readonly provider: "auto" | "embedded" | "ollama";
  readonly ollamaUrl: string;
  readonly ollamaModel: string;
  readonly embedded: ServiceEngine<LanguageModel>;
  /** How often a server is looked for; 30,000 when absent. */
  readonly probeEveryMs?: number;
  /** How long a server may take to its first word before the embedded model answers; 30,000 when absent. */
  readonly firstWordMs?: number;
  readonly onStage: (stage: Stage) => void;
  /** One sentence for people: which provider is used and why. */
  readonly onNews: (sentence: string) => void;
}

const PROBE_EVERY_MS = 30_000;
/** Loading a large model from a slow disk takes this long. */
const FIRST_WORD_MS = 30_000;

/** Chooses who thinks, and changes the choice as servers come and go. */
export class LanguageService {
  readonly #options: LanguageServiceOptions;
  readonly #closing = new AbortController();
  #ollama: LanguageModel | undefined;
  #unusable: string | undefined;
  /** Looks in a row that found no usable server. */
  #missed = 0;
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

  /** How far what is asked travels, where it may go so far: a server elsewhere is not asked what must stay. */
  reach(privacy?: Privacy): Reach {
    const { provider, ollamaUrl } = this.#options;
    const isAsked = provider === "ollama" || (this.#ollama !== undefined && this.#mayAskServer(privacy));
    return isAsked ? reachOf(ollamaUrl) : "host";
  }

  /**
   * Answers from whoever thinks now. An Ollama server that fails before its first word is replaced by the embedded model.
   * @throws PeerError `provider-failed`; AudioError of the engine.
   */
  async *generate(
    messages: readonly ChatMessage[],
    { privacy, ...options }: GenerateOptions & { readonly privacy?: Privacy | undefined } = {},
  ): AsyncGenerator<string> {
    await this.#look();
    const ollama = this.#ollama;
    if (ollama === undefined || !this.#mayAskServer(privacy)) {
      yield* (await this.#embedded(options.signal, privacy)).generate(messages, options);
      return;
    }
    let began = false;
    const firstWord = new AbortController();
    // Where nobody else can answer, waiting is all there is; the turn has a limit of its own.
    const timer =
      this.#options.provider === "ollama"
        ? undefined
        : setTimeout(() => firstWord.abort(), this.#options.firstWordMs ?? FIRST_WORD_MS);
    const { signal: outer } = options;
    const signal = outer === undefined ? firstWord.signal : AbortSignal.any([outer, firstWord.signal]);
    try {
      for await (const text of ollama.generate(messages, { ...options, signal })) {
        began = true;
        clearTimeout(timer);
        yield text;
      }
    } catch (error) {
      if (began || outer?.aborted === true || this.#options.provider === "ollama") throw error;
      this.#ollama = undefined;
      const why = firstWord.signal.aborted ? "it gave no answer" : messageOf(error);
      this.#options.onNews(`Ollama failed (${why}); the embedded model answers instead.`);
      yield* (await this.#embedded(outer)).generate(messages, options);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#watch;
    await this.#options.embedded.close();
  }

  async #embedded(signal: AbortSignal | undefined, privacy?: Privacy): Promise<LanguageModel> {
    if (this.#options.provider !== "ollama") return this.#options.embedded.use(signal);
    throw this.#mayAskServer(privacy) ? this.#noOllama() : this.#mustStay();
  }

  #mayAskServer(privacy: Privacy | undefined): boolean {
    const reach = reachOf(this.#options.ollamaUrl);
    return privacy === "host" ? reach === "host" : privacy === "house" ? reach !== "outside" : true;
  }

  #mustStay(): PeerError {
    return new PeerError("provider-failed", `this must not go as far as ${this.#options.ollamaUrl}`, {
      nextStep: "Set llm.provider to auto, so that an embedded model answers, or allow more with privacy.llm.",
    });
  }

  async #live(): Promise<void> {
    await this.#look();
    if (this.#options.provider === "embedded") return this.#options.embedded.start();
    while (!this.#closing.signal.aborted) {
      if (this.#ollama === undefined && this.#options.provider === "auto") this.#options.embedded.start();
      await pause(this.#options.probeEveryMs ?? PROBE_EVERY_MS, this.#closing.signal);
      if (!this.#closing.signal.aborted) await this.#probe();
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
      this.#missed = 0;
      if (this.#ollama?.id === `ollama:${found.model}`) return;
      this.#ollama = ollamaModel({ url, model: found.model });
      this.#unusable = undefined;
      this.#options.onNews(`Ollama ${found.version} answers at ${url}: using its model ${found.model}.`);
      this.#options.onStage(this.stage);
      return;
    }
    // A server under load may miss one look.
    this.#missed += 1;
    if (this.#ollama !== undefined && this.#missed < 2) return;
    if (this.#ollama !== undefined) this.#options.onNews(`Ollama at ${url} answers no more.`);
    this.#ollama = undefined;
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
