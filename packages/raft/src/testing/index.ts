/** `@parley/raft/testing`: what checks other implementations of the package's ports. */

/** Conformance of log stores. */
export { logStoreSuite } from "./log-store-suite.ts";
export type { LogStoreHome, LogStoreSuiteOptions } from "./log-store-suite.ts";
/** Real processes. */
export { Cluster, type ClusterOptions } from "./harness/cluster.ts";
export type { CodeFrom } from "./harness/node-process.ts";
export type { KvOutcome } from "./harness/request-client.ts";
export { KvClient } from "./harness/stub-client.ts";
/** Messages over plain TCP on one machine, with links that can be cut and delayed. */
export { TcpTransport } from "./tcp/tcp-transport.ts";
export type { TcpTransportOptions } from "./tcp/tcp-transport.ts";
export type { PeerAddress } from "./tcp/outgoing.ts";
export type { Cut, LinkFaults } from "./tcp/link.ts";
export { DEFAULT_TCP_LIMITS } from "./tcp/limits.ts";
export type { TcpLimits } from "./tcp/limits.ts";

/** Linearizability of histories of puts, gets and cas. */
export { checkLinearizability } from "./linearizability/check.ts";
export type { CheckOptions, CheckResult } from "./linearizability/check.ts";
export type { Contradiction } from "./linearizability/contradiction.ts";
export { describeCheck } from "./linearizability/describe.ts";
export { formatOperation, parseOperation, readHistory } from "./linearizability/operation.ts";
export type { Operation } from "./linearizability/operation.ts";
