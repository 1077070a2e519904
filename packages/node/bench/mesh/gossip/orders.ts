/** What the gossip bench asks of a process that holds some of the peers, one thing at a time. */

export interface Place {
  readonly peer: string;
  readonly address: string;
}

export type GossipOrder =
  /** Those of this process dial all that come after them in `places`. */
  | { readonly type: "link"; readonly places: readonly Place[] }
  /** Answered when each of them passes gossip to so many others. From then on they do only what `step` tells them. */
  | { readonly type: "await-links"; readonly others: number }
  /** That peer of this process says how it fares; these do what gossip does at each of its heartbeats. */
  | { readonly type: "step"; readonly say: number; readonly beat: readonly number[] }
  | { readonly type: "count" };

export interface GossipAnswers {
  readonly link: true;
  /** The product's cadence: how often a sign of life is said, and gossip's heart beats. */
  readonly "await-links": { readonly sayEveryMs: number; readonly beatEveryMs: number };
  readonly step: true;
  readonly count: Counted;
}

/** Of all peers of a process together, since they were started. */
export interface Counted {
  readonly cpuMs: number;
  /** Given to gossip's streams: what peers say themselves, what they pass on, what gossip needs beside that. */
  readonly sent: number;
  readonly sentBytes: number;
  /** What came of it and was dealt with. */
  readonly received: number;
  readonly said: number;
  /** Of what was said, before gossip has signed it. */
  readonly saidBytes: number;
  /** Signs of life that others have said. */
  readonly heard: number;
}

export type GossipNews =
  | { readonly type: "started"; readonly places: readonly Place[] }
  | { readonly type: "answer"; readonly answer: GossipAnswers[GossipOrder["type"]] }
  | { readonly type: "failed"; readonly why: string };
