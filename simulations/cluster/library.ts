/** What is under simulation: a peer's part in a cluster as shipped, or a copy with a bug planted in it. */
import { simulated } from "@parley/node/testing";

export type Library = typeof simulated;

export const SHIPPED: Library = simulated;
