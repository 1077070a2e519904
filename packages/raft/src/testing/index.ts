/** `@parley/raft/testing`: what checks other implementations of the package's ports. */

/** Conformance of log stores. */
export { logStoreSuite } from "./log-store-suite.ts";
export type { LogStoreHome, LogStoreSuiteOptions } from "./log-store-suite.ts";
