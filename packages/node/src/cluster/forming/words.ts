/** What the machine of forming hears and says. */

/** What a door's hello tells of a peer, as far as it matters here. */
export interface Sighting {
  readonly peer: string;
  /** Null while it belongs to none. */
  readonly cluster: { readonly id: string; readonly isAloneAndEmpty: boolean } | null;
  readonly pairing: "closed" | "open" | "secret";
}

export type FormingInput =
  /** `fresh`: it never belonged; `left`: it did. */
  | { readonly type: "started"; readonly as: "fresh" | "left" }
  | {
      readonly type: "started";
      readonly as: "member";
      readonly cluster: string;
      readonly isAloneAndEmpty: boolean;
      /** It was founded because a person said so. */
      readonly isWanted?: boolean;
    }
  /** News of a peer, or the same again. */
  | { readonly type: "sighting"; readonly sighting: Sighting }
  /** A peer that was sighted does not answer any more. */
  | { readonly type: "silence"; readonly peer: string }
  /** This peer was let in: by secret, by code or by a person. */
  | { readonly type: "paired"; readonly cluster: string }
  /**
   * `wrong-secret`: the cluster is somebody else's; `later`: that peer knows the secret, and it may be different another time;
   * `unproven`: it may be, and whether it knows the secret was not to be seen.
   */
  | {
      readonly type: "pairing-failed";
      readonly cluster: string;
      readonly peer: string;
      readonly why: "wrong-secret" | "later" | "unproven";
    }
  /** {@link FormingOutput} `found` was carried out. */
  | { readonly type: "founded"; readonly cluster: string }
  /** Of the own cluster. `isBusy`: somebody is being let in, or a person has opened a window. */
  | { readonly type: "own"; readonly isAloneAndEmpty: boolean; readonly isBusy: boolean }
  /** This peer left, or was revoked. */
  | { readonly type: "left" }
  /** A person wants a cluster of this peer's own, whatever else is there. */
  | { readonly type: "told-to-found" }
  | { readonly type: "timer" };

export type FormingOutput =
  /** Discover peers, say hello to each, and again from time to time: for as long as this peer runs. */
  | { readonly type: "look" }
  /** Say hello to everybody who was sighted, at once. */
  | { readonly type: "look-again" }
  | { readonly type: "found" }
  /** Work by itself, and say beside which cluster it waits. */
  | { readonly type: "wait-beside"; readonly cluster: string }
  | { readonly type: "knock"; readonly peer: string; readonly cluster: string }
  /** Knock no more: it belongs. */
  | { readonly type: "withdraw" }
  /** Answered by `paired` or `pairing-failed`. */
  | { readonly type: "pair-by-secret"; readonly peer: string; readonly cluster: string }
  /** Dissolve the own cluster, which holds nothing and nobody else. */
  | { readonly type: "yield"; readonly to: string }
  /** Whether newcomers are let in by secret here, from now on. */
  | { readonly type: "door"; readonly isOpen: boolean }
  /** `two-clusters`: another one with contents, or that a person wanted; `foreign`: one that has another secret. */
  | {
      readonly type: "report";
      readonly about: "two-clusters" | "foreign";
      readonly cluster: string;
      readonly peer: string;
    }
  /** Give `timer` at this time; takes the place of the one before. */
  | { readonly type: "wake"; readonly atMs: number };

export interface FormingTimes {
  /** Within it, peers that run are expected to find each other and to answer a first hello. */
  readonly discoveryMs: number;
  /** Within it, a peer that was sighted is expected to answer a hello. */
  readonly lookAgainMs: number;
  /** For so long a founder lets nobody in by secret; it looks again within that. At least twice `lookAgainMs`. */
  readonly quietMs: number;
  /** Between two tries at one peer. */
  readonly retryMs: number;
}

/**
 * Short, and long enough: of real peers that started at once on two cores with four times as much to do, one founded, and no
 * second one (docs/CHAOS.md).
 */
export const FORMING_TIMES: FormingTimes = {
  discoveryMs: 1_500,
  lookAgainMs: 600,
  quietMs: 1_200,
  retryMs: 250,
};
