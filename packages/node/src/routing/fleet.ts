/** What a router knows as it decides. */
import type { Capability } from "./advert.ts";
import type { Directory } from "./directory.ts";
import type { Policy } from "./policy.ts";

/** Whether a service is asked at all, after failures. See `breaker.ts`. */
export type BreakerView =
  | { readonly state: "closed" }
  /** Not before `untilMs`. */
  | { readonly state: "open"; readonly failures: number; readonly untilMs: number }
  /** One job may try it; whether one does so now. */
  | { readonly state: "half-open"; readonly failures: number; readonly isTried: boolean };

/** What this router has sent to a service that the service's last advert cannot count yet. */
export interface InFlight {
  readonly jobs: number;
  readonly workMs: number;
}

export interface Fleet {
  /** The peer that decides. */
  readonly self: string;
  /** On the clock that adverts were put into the directory with. */
  readonly nowMs: number;
  readonly services: Directory;
  /** Round trip to another peer; undefined: not measured yet; Infinity: there is no way to it. */
  readonly roundTripMs: (peer: string) => number | undefined;
  /** Absent, or undefined: closed. */
  readonly breaker?: (peer: string, capability: Capability) => BreakerView | undefined;
  /** Absent, or undefined: nothing. */
  readonly inFlight?: (peer: string, capability: Capability) => InFlight | undefined;
  readonly policy?: Policy;
  /** In [0, 1), of a seeded stream: spreads jobs over others that are nearly as good. Absent: always the best. */
  readonly random?: () => number;
}
