/** A language model of fixed delay that says what it is told to, run in a real engine host. */
export { fixedDelayLlmHost, type ScriptedAnswer, type ScriptedLlm } from "./fixed-delay-llm.ts";
/** A peer's services on engines of fixed delay. */
export { fixedDelaySources, type FixedDelays } from "./fixed-delay-sources.ts";
/** Tools whose runs are counted outside of all peers. */
export { runsIn, type NotedRun } from "./noted-tools.ts";
/** Ears that say when they heard what. */
export { arrivalsIn, machineMs, notingEars, type Arrival } from "./noting-ears.ts";
/** A person in front of a peer, in real time. */
export { LiveMicrophone, LiveSpeaker, TalkListener } from "./conversation/index.ts";
export type { PlayedReply, SpeakerDeed, TalkEventOf } from "./conversation/index.ts";
/** Conformance of consensus engines, and one in memory for what runs on them. */
export { consensusSuite } from "./consensus/suite.ts";
export type { ConsensusSuiteOptions, ConsensusWorld } from "./consensus/suite.ts";
export { MemoryConsensusWorld } from "./consensus/memory-consensus.ts";
/** Whole peers as processes, and what can be done to them. */
export { Household, portrait, unityOf, untilUnited } from "./peers/household.ts";
export type { HouseholdOptions, NewPeer, Unity } from "./peers/household.ts";
export { LivePeer, PeerFailure } from "./peers/live-peer.ts";
export { clientOf, given, ServedHouse, type Disturbance, type Given } from "./peers/served-house.ts";
export { Lan, type Place } from "./peers/lan.ts";
export type { BidAnswer, GetAnswer, PeerStatus, PutAnswer, TestEngines } from "./peers/orders.ts";
/** The same as parts of a simulation. */
export * as simulated from "./simulated.ts";
export * as conversations from "./simulated-conversation.ts";
export * as routing from "../routing/index.ts";
