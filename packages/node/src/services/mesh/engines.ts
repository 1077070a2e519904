/** The engines of this very peer, as the mesh sees them: which there are, whether they can be asked now, how much they have to do. */
import type { SpeechToText, TextToSpeech, VoiceFrames, WakeWord } from "@parley/audio/engines";
import type { LanguageModel } from "../../providers/language-model.ts";
import type { Capability, Privacy, Reach } from "../../routing/index.ts";
import type { EngineFacts } from "./offers.ts";
import type { Workload } from "./workload.ts";

/** Which engine does what. */
export interface EngineOf {
  readonly stt: SpeechToText;
  readonly tts: TextToSpeech;
  readonly llm: LanguageModel;
  readonly vad: VoiceFrames;
  readonly wake: WakeWord;
}

/** How an engine of this peer is asked for. */
export interface UseOptions {
  readonly signal?: AbortSignal | undefined;
  /** `host`: what is given to it must not leave this machine, whatever engine that leaves. */
  readonly privacy?: Privacy | undefined;
}

/** One engine of this peer, there or on its way. */
export interface LocalEngine<Engine> {
  /** If it can be asked now; nothing is started for that. */
  readonly ready: Engine | undefined;
  readonly workload: Workload;
  /** Whether other peers are given it. */
  readonly isOffered: boolean;
  /** Of the engine that is ready. */
  readonly facts: EngineFacts;
  /** How far what it is given travels, where that may be so far; some have a nearer engine for what must stay. */
  reach(privacy?: Privacy): Reach;
  /** As its own clients use it, once ready; starts it. @throws AudioError, PeerError */
  use(options: UseOptions): Promise<Engine>;
}

/** Those of a peer; one that has no source at all is absent. */
export type LocalEngines = { readonly [Kind in Capability]?: LocalEngine<EngineOf[Kind]> | undefined };
