/** How far a service has come: from nothing to ready, in words that people and programs can read. */
import type { FetchProgress } from "@parley/audio/models";

/** A failure as it is shown and sent. */
export interface StageFailure {
  readonly code: string;
  readonly message: string;
  readonly nextStep: string;
}

/** Where a service stands. */
export type Stage =
  | { readonly state: "waiting" }
  | { readonly state: "fetching"; readonly model: string; readonly progress: FetchProgress | undefined }
  | { readonly state: "starting"; readonly model: string }
  | { readonly state: "ready"; readonly model: string }
  | { readonly state: "failed"; readonly failure: StageFailure };

/** The services of a peer. */
export const serviceNames = ["vad", "stt", "tts", "llm"] as const;
export type ServiceName = (typeof serviceNames)[number];

/** What each service is, for people. */
export const serviceTitles: Readonly<Record<ServiceName, string>> = {
  vad: "speech detection",
  stt: "hearing",
  tts: "voice",
  llm: "thinking",
};

/** Any error as a {@link StageFailure}; errors of the house bring their own code and next step. */
export function failureOf(error: unknown): StageFailure {
  const { code, nextStep } = error as { readonly code?: unknown; readonly nextStep?: unknown };
  return {
    code: typeof code === "string" && typeof nextStep === "string" ? code : "internal",
    message: error instanceof Error ? error.message : String(error),
    nextStep: typeof nextStep === "string" ? nextStep : "Look at the peer's log; this is a defect worth reporting.",
  };
}
