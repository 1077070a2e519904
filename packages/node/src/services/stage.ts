/** How far a service has come: from nothing to ready, in words that people and programs can read. */
import type { FetchProgress } from "@parley/audio/models";
import { messageOf } from "../errors.ts";

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

/** What has an engine: the services, and what serves them only while somebody asks for it. */
export type EngineName = ServiceName | "wake";
export const engineTitles: Readonly<Record<EngineName, string>> = { ...serviceTitles, wake: "wake words" };

/** Any error as a {@link StageFailure}; errors of the house bring their own code and next step. */
export function failureOf(error: unknown): StageFailure {
  const message = messageOf(error);
  if (error instanceof Error && "nextStep" in error && "code" in error) {
    return { code: String(error.code), message, nextStep: String(error.nextStep) };
  }
  return { code: "internal", message, nextStep: "Look at the peer's log; this is a defect worth reporting." };
}
