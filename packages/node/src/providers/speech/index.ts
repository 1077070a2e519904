/** A voice on a server, as an engine like any other. */
import { siblingModule, type EngineHostOptions } from "@parley/audio/engines";
import type { z } from "zod";
import type { speechOptions } from "./options.ts";

/** Requests to the server at once: what is being said, and what comes next. */
const MAX_JOBS = 8;

/** The host options of a speech server. Its process computes nothing; it keeps a slow or strange server away from the peer. */
export function speechHost(options: z.input<typeof speechOptions>): EngineHostOptions {
  return { name: "tts", module: siblingModule(import.meta.url, "./speech-module"), options, maxJobs: MAX_JOBS };
}
