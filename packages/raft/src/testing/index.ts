/** `@parley/raft/testing`: what checks other implementations of the package's ports. */

/** Conformance of log stores. */
export { logStoreSuite } from "./log-store-suite.ts";
export type { LogStoreHome, LogStoreSuiteOptions } from "./log-store-suite.ts";

/** Clusters of real processes on one machine, what can be done to them, and their clients. */
export { Cluster } from "./harness/cluster.ts";
export type { ClusterOptions } from "./harness/cluster.ts";
export type { CodeFrom, Ending, NodeProcess } from "./harness/node-process.ts";
export { KvClient } from "./harness/kv-client.ts";
export type { KvWatch, WatchOptions } from "./harness/kv-client.ts";
export { RequestClient } from "./harness/request-client.ts";
export type { ClientOptions, KvOutcome, OperationOptions, ReadOptions } from "./harness/request-client.ts";
export { NodeConnection } from "./harness/node-connection.ts";
export type { WireProposal, WireReadOutcome } from "./harness/node-connection.ts";
export type { ControlAction, ControlResults, WireDigest, WireStatus } from "./harness/control.ts";
export type { ProcessConfig } from "./harness/process-config.ts";
/** Sees to it that processes and folders do not outlive whoever made them. */
export { Guard } from "./harness/guard.ts";

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

/** A replicated key-value store. */
export { decodeResult, encodeCommand, encodePut, KvMachine } from "./kv/index.ts";
export type {
  HistoryLimits,
  KvCommand,
  KvPair,
  KvResult,
  RangeQuery,
  Watch,
  WatchItem,
  WatchSelector,
} from "./kv/index.ts";
