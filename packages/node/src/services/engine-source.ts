/** Where an engine comes from. */
import type { EngineHost } from "@parley/audio/engines";
import type { FetchProgress } from "@parley/audio/models";

/** Starts a host; called again after each crash. */
export type StartHost = (signal: AbortSignal) => Promise<EngineHost>;

/** Where one service's engine comes from. */
export interface EngineSource {
  /** The name of what will be used. */
  choose(): Promise<string>;
  /** Has it at hand, fetching it if need be. */
  fetch(
    name: string,
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: FetchProgress) => void },
  ): Promise<StartHost>;
}
