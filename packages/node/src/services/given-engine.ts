/** An engine that is a part of the program the peer is embedded in. What it fails with stays a failure of that call. */
import { AudioError, isAudioError } from "@parley/audio";
import { abortError } from "@parley/audio/format";
import type { SpeechToText, TextToSpeech, VoiceFrames, WakeWord } from "@parley/audio/engines";
import { isPeerError, messageOf } from "../errors.ts";
import type { LanguageModel } from "../providers/language-model.ts";
import { backoffMs, pause, type Backoff } from "./backoff.ts";
import type { SupervisorStatus } from "./engine-supervisor.ts";
import { lackOf } from "./given-shape.ts";
import type { ServiceEngine } from "./model-engine.ts";
import { engineTitles, failureOf, type EngineName, type Stage } from "./stage.ts";

/** The engine, or what makes one: called when it is first needed, and again after the engine has failed in a way that it does not name. */
export type GivenEngineOf<Engine extends object> = Engine | (() => Engine | Promise<Engine>);

/** Engines of the program itself; each takes the place of the peer's own. */
export interface GivenEngines {
  readonly vad?: GivenEngineOf<VoiceFrames> | undefined;
  readonly stt?: GivenEngineOf<SpeechToText> | undefined;
  readonly tts?: GivenEngineOf<TextToSpeech> | undefined;
  readonly llm?: GivenEngineOf<LanguageModel> | undefined;
  readonly wake?: GivenEngineOf<WakeWord> | undefined;
}

/** Passes on what comes of `work`, each item looked at; anything but an error of the house is a defect of the engine. */
export type Guard = <Item>(
  doing: string,
  work: () => AsyncIterable<Item> | Promise<Item>,
  how: { readonly signal?: AbortSignal | undefined; readonly check: (item: unknown) => boolean },
) => AsyncGenerator<Item>;

/** Options of {@link GivenEngine}. */
export interface GivenEngineOptions<Engine extends object> {
  readonly service: EngineName;
  readonly given: GivenEngineOf<Engine>;
  /** The same engine, its answers looked at. */
  readonly guarded: (engine: Engine, guard: Guard) => Engine;
  readonly onStage: (stage: Stage) => void;
  /** It failed with what is no error of the house. */
  readonly onDefect: (error: AudioError) => void;
}

const RETRY: Backoff = { firstMs: 100, maxMs: 30_000 };
/** As long as a call to a peer waits for any engine that is being started. */
const START_PATIENCE_MS = 20_000;

export class GivenEngine<Engine extends { readonly id: string }> implements ServiceEngine<Engine> {
  readonly #options: GivenEngineOptions<Engine>;
  readonly #closing = new AbortController();
  #stage: Stage = { state: "waiting" };
  #settled = Promise.withResolvers<void>();
  #engine: Engine | undefined;
  #life: Promise<void> | undefined;
  #error: unknown;
  #made = 0;
  #failures = 0;

  constructor(options: GivenEngineOptions<Engine>) {
    this.#options = options;
  }

  get stage(): Stage {
    return this.#stage;
  }

  get ready(): Engine | undefined {
    return this.#engine;
  }

  get supervision(): SupervisorStatus | undefined {
    if (this.#made === 0) return undefined;
    const state = this.#closing.signal.aborted ? "closed" : this.#engine === undefined ? "starting" : "running";
    const lastError = this.#error === undefined ? undefined : messageOf(this.#error);
    return { state, restarts: this.#made - 1, lastError, host: undefined };
  }

  start(): void {
    if (this.#engine === undefined) this.#life ??= this.#live();
  }

  /** @throws AudioError `engine-start-failed`, `engine-closed`, `job-cancelled`; `engine-busy` while it takes long to start */
  async use(signal?: AbortSignal): Promise<Engine> {
    this.start();
    const late = AbortSignal.timeout(START_PATIENCE_MS);
    for (;;) {
      if (this.#closing.signal.aborted) throw closed(this.#title);
      if (signal?.aborted === true) throw abortError(signal, `waiting for ${this.#title}`);
      if (this.#engine !== undefined) return this.#engine;
      if (this.#stage.state === "failed") throw this.#error;
      if (late.aborted) throw slow(this.#title);
      await settledOr(this.#settled.promise, [late, this.#closing.signal, ...(signal === undefined ? [] : [signal])]);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#engine = undefined;
    await this.#life;
  }

  get #title(): string {
    return engineTitles[this.#options.service];
  }

  /** Until there is one. */
  async #live(): Promise<void> {
    const { signal } = this.#closing;
    try {
      while (!signal.aborted && this.#engine === undefined) {
        if (this.#failures > 0) await pause(backoffMs(RETRY, this.#failures - 1, Math.random()), signal);
        if (!signal.aborted) await this.#make();
      }
    } finally {
      this.#life = undefined;
    }
  }

  async #make(): Promise<void> {
    const { given, service, guarded } = this.#options;
    this.#enter({ state: "starting", model: typeof given === "function" ? service : given.id });
    try {
      const engine = typeof given === "function" ? await settledWithin(given, this.#closing.signal) : given;
      if (engine === undefined) return;
      const lack = lackOf(this.#options.service, engine);
      if (lack !== undefined) throw new TypeError(`what was made is no engine of this kind, for ${lack}`);
      this.#made += 1;
      this.#engine = guarded(engine, this.#guard);
      this.#enter({ state: "ready", model: engine.id });
    } catch (error) {
      this.#failures += 1;
      this.#error = notMade(this.#title, error);
      this.#enter({ state: "failed", failure: failureOf(this.#error) });
    }
  }

  readonly #guard: Guard = (doing, work, how) => this.#guarded(doing, work, how);

  async *#guarded<Item>(
    doing: string,
    work: () => AsyncIterable<Item> | Promise<Item>,
    { signal, check }: Parameters<Guard>[2],
  ): AsyncGenerator<Item> {
    try {
      for await (const item of itemsOf(work)) {
        if (!check(item)) throw new TypeError(`what came of ${doing} is not what it should be`);
        yield item;
      }
      this.#failures = 0;
    } catch (error) {
      if (signal?.aborted === true) throw abortError(signal, doing);
      if (isAudioError(error) || isPeerError(error)) throw error;
      const defect = failed(this.#title, error);
      this.#onDefect(defect);
      throw defect;
    }
  }

  /** An object has no second life to begin; what makes objects makes another one. */
  #onDefect(defect: AudioError): void {
    this.#options.onDefect(defect);
    this.#error = defect;
    if (typeof this.#options.given !== "function" || this.#engine === undefined) return;
    this.#failures += 1;
    this.#engine = undefined;
    this.#enter({ state: "starting", model: this.#options.service });
    this.start();
  }

  #enter(stage: Stage): void {
    this.#stage = stage;
    this.#settled.resolve();
    this.#settled = Promise.withResolvers<void>();
    this.#options.onStage(stage);
  }
}

async function* itemsOf<Item>(work: () => AsyncIterable<Item> | Promise<Item>): AsyncGenerator<Item> {
  const given = work();
  if (Symbol.asyncIterator in given) yield* given;
  else yield await given;
}

/** What `make` gives; undefined when nobody waits for it any more. */
async function settledWithin<Engine>(
  make: () => Engine | Promise<Engine>,
  signal: AbortSignal,
): Promise<Engine | undefined> {
  const over = Promise.withResolvers<undefined>();
  const onAbort = (): void => over.resolve(undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([make(), over.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function settledOr(settled: Promise<void>, signals: readonly AbortSignal[]): Promise<void> {
  const over = AbortSignal.any([...signals]);
  if (over.aborted) return;
  const stopped = Promise.withResolvers<void>();
  const onAbort = (): void => stopped.resolve();
  over.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([settled, stopped.promise]);
  } finally {
    over.removeEventListener("abort", onAbort);
  }
}

const NEXT_STEP = "Look at the error's cause: it comes from the program's own engine.";

function failed(title: string, cause: unknown): AudioError {
  return new AudioError("engine-failed", `the program's own ${title} failed: ${messageOf(cause)}`, {
    nextStep: NEXT_STEP,
    cause,
  });
}

function notMade(title: string, cause: unknown): AudioError {
  return new AudioError("engine-start-failed", `the program's own ${title} did not start: ${messageOf(cause)}`, {
    nextStep: NEXT_STEP,
    cause,
  });
}

function closed(title: string): AudioError {
  return new AudioError("engine-closed", `the ${title} service is closed`, { nextStep: "Start the peer again." });
}

function slow(title: string): AudioError {
  return new AudioError("engine-busy", `the ${title} service is still starting`, {
    nextStep: "Try again in a moment.",
  });
}
