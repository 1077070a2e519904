/** Engines as guests: child processes that cannot take the peer down. */
export { NO_TELEMETRY } from "./child-environment.ts";
export { startEngineHost } from "./engine-host.ts";
export type { EngineHost, EngineHostOptions, ExitReport, HostStatus, Job, JobOptions, JobRunner } from "./contracts.ts";
export { siblingModule } from "./module-url.ts";
