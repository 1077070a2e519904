/** Peers that share their engines: real actors and receptionists over a network in memory, scripted engines, simulated time. */
import { createActorSystem, createRemoting, startReceptionist, type ActorSystem, type Clock } from "@parley/actors";
import { MemoryNetwork, VirtualClock } from "@parley/actors/testing";
import { abortable, toFrames } from "@parley/audio/format";
import type { SpeechToText, TextToSpeech, VoiceFrames, WakeWord } from "@parley/audio/engines";
import type { ChatMessage, LanguageModel } from "../../../src/providers/language-model.ts";
import { POLICY_SETTING, SpeedBook, type Capability, type Privacy, type Reach } from "../../../src/routing/index.ts";
import type { LocalEngines } from "../../../src/services/mesh/engines.ts";
import { HouseEngines } from "../../../src/services/mesh/house-engines.ts";
import { Bench, localEngine } from "../../../src/services/mesh/local-engines.ts";
import { overheard } from "../overheard.ts";
import type { Moved } from "../../../src/services/mesh/routed/placing.ts";

/** What a scripted engine does: times in simulated milliseconds. */
export interface Script {
  /** Until the first result of a job. */
  firstMs?: number;
  /** Between results. */
  stepMs?: number;
  /** It stands still from now on. */
  isStuck?: boolean;
  /** How long the model takes to let go of an answer that is stopped. */
  lingersMs?: number;
  /** Of the model; the same everywhere when absent. */
  model?: string;
  reach?: Reach;
  /** Whether it can be asked. Default true. */
  isReady?: boolean;
}

/** What happened at an engine. */
export interface Log {
  /** Jobs that began. */
  began: number;
  /** Jobs that were let go of before their end. */
  left: number;
  /** The most that ran at once. */
  most: number;
  now: number;
}

export interface Resident {
  readonly name: string;
  readonly house: HouseEngines;
  readonly system: ActorSystem;
  readonly bench: Bench;
  readonly scripts: { readonly [Kind in Capability]?: Script };
  readonly logs: Record<Capability, Log>;
  readonly moved: Moved[];
  /** Leaves its cluster. */
  leave(): void;
  refresh(): void;
}

export interface NewResident {
  readonly name: string;
  readonly engines?: { readonly [Kind in Capability]?: Script };
  readonly privacy?: Readonly<Partial<Record<Capability, Privacy>>>;
  /** Whether others are given its engines. Default true. */
  readonly isGiving?: boolean;
}

const RATE_HZ = 16_000;
export const TTS_RATE_HZ = 24_000;
export const REPLY = "The kettle is on, the cat is out, and it is ten past nine in the evening.";

export class Village {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly residents = new Map<string, Resident>();
  policy: string | undefined;
  /** Sees all that goes from one to another. */
  onBytes: ((from: string, bytes: Buffer) => void) | undefined;
  #random: () => number;

  constructor(seed = 1) {
    let state = seed;
    this.#random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    this.network = new MemoryNetwork({ clock: this.clock, random: this.#random });
  }

  async build(...all: readonly NewResident[]): Promise<readonly Resident[]> {
    const members = { current: () => all.map(({ name }) => name), watch: () => () => undefined };
    for (const each of all) this.residents.set(each.name, await this.#settle(each, members));
    await this.clock.pass(500);
    return [...this.residents.values()];
  }

  /** As kill -9. */
  kill(name: string): void {
    this.network.kill(name);
  }

  /** As SIGSTOP: it says nothing, and hears nothing, as long as that lasts. */
  pause(name: string): void {
    const others = [...this.residents.keys()].filter((other) => other !== name);
    this.network.partition([name], others);
  }

  /** As SIGCONT. @param isPaused of whom the way stays shut */
  resume(name: string, isPaused: (other: string) => boolean = () => false): void {
    for (const other of this.residents.keys()) {
      if (other === name || isPaused(other)) continue;
      this.network.mend(name, other);
      this.network.mend(other, name);
    }
  }

  async close(): Promise<void> {
    this.network.heal();
    const stopping = [...this.residents.values()].map(({ system }) => system.stop());
    await this.clock.pass(10_000);
    await Promise.all(stopping);
  }

  async #settle(
    { name, engines = {}, privacy = {}, isGiving = true }: NewResident,
    members: Parameters<typeof startReceptionist>[1]["members"],
  ): Promise<Resident> {
    const { clock } = this;
    const remoting = createRemoting({
      transport: overheard(this.network.transport(name), (bytes) => this.onBytes?.(name, bytes)),
      clock,
    });
    const system = createActorSystem({ peer: name, clock, remoting: remoting.remoting });
    await remoting.start();
    startReceptionist(system, { members });
    const logs = { stt: newLog(), tts: newLog(), llm: newLog(), vad: newLog(), wake: newLog() };
    const moved: Moved[] = [];
    const box: { house?: HouseEngines } = {};
    const bench = new Bench({
      speeds: new SpeedBook(),
      nowMs: () => clock.nowMs(),
      hardware: [],
      changed: () => box.house?.house.refresh(),
    });
    const house = new HouseEngines({
      peer: name,
      name,
      machine: { hardware: [], power: "mains" },
      engines: localEngines(engines, { bench, clock, logs, isGiving }),
      bench,
      privacy,
      clock,
      onMoved: (one) => moved.push(one),
    });
    box.house = house;
    const settings = { get: (key: string) => (key === POLICY_SETTING ? this.policy : undefined) };
    const cluster = {
      actors: system,
      shared: { now: { settings } },
      peers: () => [],
      onChange: () => () => undefined,
    };
    // Of the replicated state only the settings are looked at.
    const leave = house.join(cluster as unknown as Parameters<HouseEngines["join"]>[0]);
    return { name, house, system, bench, scripts: engines, logs, moved, leave, refresh: () => house.house.refresh() };
  }
}

function newLog(): Log {
  return { began: 0, left: 0, most: 0, now: 0 };
}

interface Ground {
  readonly bench: Bench;
  readonly clock: Clock;
  readonly logs: Record<Capability, Log>;
  readonly isGiving: boolean;
}

function localEngines(scripts: { readonly [Kind in Capability]?: Script }, ground: Ground): LocalEngines {
  const { bench, isGiving } = ground;
  const local = <Engine>(kind: Capability, engine: (script: Script) => Engine, facts = {}) => {
    const script = scripts[kind];
    if (script === undefined) return undefined;
    const made = engine(script);
    return localEngine<Engine>(
      {
        get ready() {
          return script.isReady === false ? undefined : made;
        },
        use: async () => made,
        reach: () => script.reach ?? "host",
        factsOf: () => facts,
      },
      { workload: bench.workload(kind), isOffered: isGiving },
    );
  };
  return {
    stt: local("stt", (script) => bench.speechToText(scriptedStt(script, ground))),
    tts: local("tts", (script) => bench.textToSpeech(scriptedTts(script, ground)), {
      sampleRateHz: TTS_RATE_HZ,
      version: "1",
    }),
    llm: local("llm", (script) => bench.languageModel(scriptedLlm(script, ground))),
    wake: local("wake", (script) => bench.wakeWord(scriptedWake(script, ground)), { words: ["beep"], stepMs: 80 }),
    vad: local("vad", (script) => bench.voiceFrames(scriptedVad(script, ground)), { frameMs: 10 }),
  };
}

/** Says what it heard: how much, and a sum over all of it. */
export function heardAs(samples: Float32Array): string {
  let sum = 0;
  for (const [n, sample] of samples.entries()) sum = (sum * 31 + Math.round(sample * 1000) + n) % 1_000_003;
  return `${samples.length} samples, ${sum}`;
}

function scriptedStt(script: Script, ground: Ground): SpeechToText {
  return {
    id: script.model ?? "ear",
    languages: ["en"],
    async transcribe(samples, { signal } = {}) {
      return await job("stt", ground, signal, async () => {
        await lasting(script, script.firstMs ?? 150, ground.clock, signal);
        const audioMs = (1000 * samples.length) / RATE_HZ;
        return {
          text: heardAs(samples),
          language: "en",
          realTimeFactor: (script.firstMs ?? 150) / Math.max(1, audioMs),
        };
      });
    },
  };
}

/** The sound of a text: the same of everybody with this voice; as clients are sent it, in 16 bits. */
export function soundOf(text: string, model = "mouth"): Float32Array {
  const seed = [...`${model}${text}`].reduce((sum, char) => (sum * 31 + (char.codePointAt(0) ?? 0)) % 9_973, 7);
  const step = 16;
  return Float32Array.from(
    { length: text.length * 480 },
    (_, n) => (step * (((seed * (n + 1)) % 2_000) - 1_000)) / 32_767,
  );
}

function scriptedTts(script: Script, ground: Ground): TextToSpeech {
  const model = script.model ?? "mouth";
  return {
    id: model,
    sampleRateHz: TTS_RATE_HZ,
    voices: [{ name: model, language: "en" }],
    async *synthesize(text, { signal } = {}) {
      const over = enter("tts", ground);
      let isWhole = false;
      try {
        const sound = soundOf(text, model);
        for (let at = 0; at < sound.length; at += 2_400) {
          await lasting(script, at === 0 ? (script.firstMs ?? 100) : (script.stepMs ?? 20), ground.clock, signal);
          yield { sampleRateHz: TTS_RATE_HZ, samples: sound.slice(at, at + 2_400) };
        }
        isWhole = true;
      } finally {
        over(isWhole);
      }
    },
  };
}

function scriptedLlm(script: Script, ground: Ground): LanguageModel {
  return {
    id: script.model ?? "mind",
    async *generate(messages, { signal, maxTokens = 1_000 } = {}) {
      const over = enter("llm", ground);
      let isWhole = false;
      try {
        const words = restOf(REPLY, messages).match(/\s*\S+/g) ?? [];
        for (const [at, word] of words.slice(0, maxTokens).entries()) {
          await lasting(script, at === 0 ? (script.firstMs ?? 200) : (script.stepMs ?? 30), ground.clock, signal);
          yield word;
        }
        isWhole = true;
      } finally {
        if (!isWhole && script.lingersMs !== undefined) await lasting({}, script.lingersMs, ground.clock, undefined);
        over(isWhole);
      }
    },
  };
}

/** Behind what the assistant has begun to say. */
function restOf(reply: string, messages: readonly ChatMessage[]): string {
  const last = messages.at(-1);
  return last?.role === "assistant" && reply.startsWith(last.content) ? reply.slice(last.content.length) : reply;
}

function scriptedVad(script: Script, ground: Ground): VoiceFrames {
  return {
    id: script.model ?? "nose",
    frameMs: 10,
    async *frames(audio, { signal } = {}) {
      const over = enter("vad", ground);
      try {
        let seen = 0;
        for await (const block of audio) {
          for (let at = 0; at + 160 <= block.length; at += 160) {
            if (script.isStuck === true) await lasting(script, 0, ground.clock, signal);
            const mean = block.subarray(at, at + 160).reduce((sum, sample) => sum + Math.abs(sample), 0) / 160;
            yield { atMs: (1000 * seen) / RATE_HZ, probability: mean > 0.1 ? 1 : 0 };
            seen += 160;
          }
        }
      } finally {
        over(false);
      }
    },
  };
}

/** Sure of the word wherever it is loud. */
function scriptedWake(script: Script, ground: Ground): WakeWord {
  return {
    id: script.model ?? "ear-for-words",
    words: ["beep"],
    stepMs: 80,
    async *scores(audio, { signal } = {}) {
      const over = enter("wake", ground);
      try {
        let seen = 0;
        for await (const frame of toFrames(audio, 1_280, "drop")) {
          if (script.isStuck === true) await lasting(script, 0, ground.clock, signal);
          seen += frame.length;
          const mean = frame.reduce((sum, sample) => sum + Math.abs(sample), 0) / frame.length;
          yield { atMs: (1000 * seen) / RATE_HZ, scores: { beep: mean > 0.1 ? 1 : 0 } };
        }
      } finally {
        over(false);
      }
    },
  };
}

async function job<T>(
  kind: Capability,
  ground: Ground,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const over = enter(kind, ground);
  let isWhole = false;
  try {
    const result = await abortable(work(), signal, "working");
    isWhole = true;
    return result;
  } finally {
    over(isWhole);
  }
}

function enter(kind: Capability, { logs }: Ground): (isWhole: boolean) => void {
  const log = logs[kind];
  log.began += 1;
  log.now += 1;
  log.most = Math.max(log.most, log.now);
  return (isWhole) => {
    log.now -= 1;
    if (!isWhole) log.left += 1;
  };
}

/** Takes so long; for ever, while the engine is stuck. */
async function lasting(script: Script, ms: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  const passed = Promise.withResolvers<void>();
  clock.after(ms, () => {
    if (script.isStuck !== true) passed.resolve();
  });
  await abortable(passed.promise, signal, "working");
}
