/** A peer inside another program. */
export { createPeer } from "./embedded-peer.ts";
export type { EmbeddedPeer, EmbedOptions } from "./embedded-peer.ts";
export type { PeerEvents } from "./events.ts";
