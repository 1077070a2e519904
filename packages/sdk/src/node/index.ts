/** `@parley/sdk/node`: all of `@parley/sdk`, and what only Node can: find peers on the LAN, trust a certificate. */
export * from "../index.ts";
export { connect } from "./connect.ts";
export type { NodeConnectOptions } from "./connect.ts";
export { discoverPeers, findPeers } from "./discover.ts";
export type { DiscoverOptions, FoundPeer } from "./discover.ts";
export { trustingSockets } from "./sockets.ts";
export type { TrustOptions } from "./sockets.ts";
/** DNS-SD itself. */
export { startBrowser } from "./dns-sd/browser.ts";
export type { Browser, BrowserOptions } from "./dns-sd/browser.ts";
export type { FoundService } from "./dns-sd/service-cache.ts";
