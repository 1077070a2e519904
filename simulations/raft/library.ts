/** What is under simulation: the shipped package, or a copy with a bug planted in it. */
import * as shipped from "@parley/raft";

export type Library = typeof shipped;

export const SHIPPED: Library = shipped;
