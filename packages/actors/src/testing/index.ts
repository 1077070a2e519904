/** `@parley/actors/testing`: virtual time, networks for tests, and what checks other implementations of the package's ports. */

/** Time that passes when a test says so. */
export { VirtualClock } from "./virtual-clock.ts";

/** A network in memory, with faults. */
export { MemoryNetwork } from "./memory/memory-network.ts";
export type { MemoryNetworkOptions } from "./memory/memory-network.ts";
export { FAIR_WEATHER } from "./memory/weather.ts";
export type { Weather } from "./memory/weather.ts";

/** Plain TCP on one machine. */
export { TcpTransport } from "./tcp/tcp-transport.ts";
export type { TcpTransportOptions } from "./tcp/tcp-transport.ts";

/** Conformance of transports. */
export { transportSuite } from "./transport-suite.ts";
export type { TransportSuiteOptions, TransportWorld } from "./transport-suite.ts";

/** What consensus would say, for placement. */
export { MemoryEntities, MemoryPlacement } from "./placement/memory-placement.ts";
export type { MemoryPlacementOptions } from "./placement/memory-placement.ts";
