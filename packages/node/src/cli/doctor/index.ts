/** The command. */
export { registerDoctorCommand } from "./command.ts";
export type { DoctorDeps } from "./command.ts";
/** The examination, for programs and tests. */
export { examine } from "./examine.ts";
export type { Diagnosis, Patient } from "./examine.ts";
export type { Finding } from "./finding.ts";
export type { DoctorHost, EngineLoad, EngineName } from "./host.ts";
export { realHost } from "./real-host.ts";
