/** What is under simulation: the router as shipped, or a copy with a bug planted in it. */
import { routing } from "@parley/node/testing";

export type Library = typeof routing;

export const SHIPPED: Library = routing;
