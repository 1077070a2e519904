/** Our own voice out of the microphone. */
export { createEchoCanceller, ECHO_DELAY_SAMPLES, ECHO_FRAME_SAMPLES } from "./canceller.ts";
export type { CleanFrame, EchoCanceller } from "./canceller.ts";
export { createEchoPath } from "./reference.ts";
export type { EchoPath } from "./reference.ts";
