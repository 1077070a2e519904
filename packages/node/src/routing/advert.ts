/** What a peer says of one service: an engine with its model, what it can do, how fast it is, and how busy it was just now. */
import type { JobVersions } from "./job-versions.ts";

export const CAPABILITIES = ["stt", "tts", "llm", "vad", "wake"] as const;
/** What can be done for a client. */
export type Capability = (typeof CAPABILITIES)[number];

/** `interactive`: somebody waits for it in a conversation; `batch`: a file, a summary, what may take its time. */
export type Mode = "interactive" | "batch";

/**
 * How far what is given to a service travels: it stays on that peer's own machine, in machines of the house (an Ollama server
 * on another one), or goes to somebody else's.
 */
export type Reach = "host" | "house" | "outside";

export type Power = "mains" | "battery" | "unknown";

export interface AdvertisedVoice {
  readonly name: string;
  /** BCP 47. */
  readonly language: string;
}

/** As measured by the peer itself; what was never measured is absent, and a prior takes its place. */
export interface Speed {
  /** What every job costs before its first result, whatever its size. */
  readonly firstResultMs?: number;
  /** Time of compute for each time of sound: of stt, vad and wake what is heard. */
  readonly realTimeFactor?: number;
  /** Of tts: time of compute for each character that is spoken. */
  readonly msPerCharacter?: number;
  /** Of llm: written, and read before. */
  readonly tokensPerSecond?: number;
  readonly promptTokensPerSecond?: number;
}

/** Whether a model has room where it runs: RAM, or the memory of its GPU. */
export interface ModelMemory {
  /** Its weights are there already. */
  readonly isLoaded: boolean;
  /** What loading it takes. */
  readonly modelBytes: number;
  /** What each token of a conversation takes beside. */
  readonly bytesPerToken: number;
  readonly freeBytes: number;
}

/** One service of one peer. A peer with several models for one capability gives several. */
export interface Advert {
  /** libp2p peer id. */
  readonly peer: string;
  /** As people know it. */
  readonly name: string;
  readonly capability: Capability;
  readonly model: string;
  /** BCP 47; empty: any. */
  readonly languages: readonly string[];
  readonly voices: readonly AdvertisedVoice[];
  /** Empty: both. */
  readonly modes: readonly Mode[];
  /** What it is meant for: "chat", "planning", …; empty: whatever is asked. */
  readonly classes: readonly string[];
  /** Jobs at once; 0: it takes none now. */
  readonly concurrency: number;
  readonly running: number;
  readonly queued: number;
  /** How many may wait; absent: not said. */
  readonly queueCapacity?: number;
  /** Compute time left of all that runs and waits, as the peer expects it; absent: not said. */
  readonly backlogMs?: number;
  /** Compute time that was asked of it of late for each time that passed: 1.5 keeps one and a half places busy; absent: not said. */
  readonly demand?: number;
  /** The share of the machine, 0 to 1, that others than its engines use; absent: not said. */
  readonly busyElsewhere?: number;
  readonly speed: Speed;
  /** "gpu", "high_mem", "npu", …, lower case. */
  readonly hardware: readonly string[];
  readonly power: Power;
  readonly memory?: ModelMemory;
  /** Absent: "host". */
  readonly reach?: Reach;
  /** What its peer speaks; absent: what this one does. */
  readonly jobs?: JobVersions;
}

/** Names a service among all: one peer has one such. */
export function serviceKey({ peer, capability, model }: Pick<Advert, "peer" | "capability" | "model">): string {
  return `${peer}/${capability}/${model}`;
}
