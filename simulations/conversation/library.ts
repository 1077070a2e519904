/** What is under simulation: sessions, journals and clients as shipped, or a copy with a bug planted in it. */
import { conversations } from "@parley/node/testing";

export type Library = typeof conversations;

export const SHIPPED: Library = conversations;
