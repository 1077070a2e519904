/** A recogniser on a server, as an engine like any other. */
import { siblingModule, type EngineHostOptions } from "@parley/audio/engines";
import type { z } from "zod";
import type { transcriptionOptions } from "./options.ts";

/** Requests to the server at once: stretches of several conversations. */
const MAX_JOBS = 4;

/** The host options of a transcription server. Its process computes nothing; it keeps a slow or strange server away from the peer. */
export function transcriptionHost(options: z.input<typeof transcriptionOptions>): EngineHostOptions {
  return { name: "stt", module: siblingModule(import.meta.url, "./transcription-module"), options, maxJobs: MAX_JOBS };
}
