/** A language model of fixed delay that says what it is told to, run in a real engine host. */
export { fixedDelayLlmHost } from "./fixed-delay-llm.ts";
/** A peer's services on engines of fixed delay. */
export { fixedDelaySources, type FixedDelays } from "./fixed-delay-sources.ts";
/** Conformance of consensus engines, and one in memory for what runs on them. */
export { consensusSuite } from "./consensus/suite.ts";
export type { ConsensusSuiteOptions, ConsensusWorld } from "./consensus/suite.ts";
export { MemoryConsensusWorld } from "./consensus/memory-consensus.ts";
