/** What is under simulation: the shipped package, or a copy with a bug planted in it. */
import * as actors from "@parley/actors";
import * as testing from "@parley/actors/testing";

export interface Library {
  readonly actors: typeof actors;
  readonly testing: typeof testing;
}

export const SHIPPED: Library = { actors, testing };
