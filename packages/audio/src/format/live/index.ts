/** What sound that does not end needs: rings between threads, meters, two clocks. */
export { ClockBridge } from "./bridge.ts";
export type { BridgeReport, ClockBridgeOptions } from "./bridge.ts";
export { createMeter } from "./meter.ts";
export type { LevelEvent, Meter, MeterOptions } from "./meter.ts";
export { SampleRing } from "./ring.ts";
export { createRawDecoder } from "./raw-pcm.ts";
export type { RawDecoder, RawLayout } from "./raw-pcm.ts";
