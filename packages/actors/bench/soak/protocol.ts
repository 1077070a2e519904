/** What the hosts of the soak and their parent say to each other: plain values, over the channel between processes. */
import type { PlacementChange, PlacementTableState } from "../../src/index.ts";

/** The parent stands for consensus: it keeps the table and says who leads. */
export type Order =
  | { readonly type: "ports"; readonly ports: Readonly<Record<string, number>> }
  | { readonly type: "leadership"; readonly leader: string; readonly term: number }
  | { readonly type: "table"; readonly table: PlacementTableState }
  | {
      readonly type: "proposed";
      readonly id: number;
      readonly refusal: string | undefined;
      readonly table: PlacementTableState;
    }
  /** Break the connection with a peer. */
  | { readonly type: "break"; readonly peer: string }
  | { readonly type: "figures" };

export type Said =
  | { readonly type: "ready"; readonly port: number }
  | { readonly type: "propose"; readonly id: number; readonly change: PlacementChange }
  | { readonly type: "figures"; readonly figures: Figures };

/** A host as it stands, its memory after a collection of garbage. */
export interface Figures {
  readonly rssMB: number;
  readonly heapMB: number;
  /** Outside of the heap: buffers. */
  readonly externalMB: number;
  /** What keeps the process alive: sockets, timers, pipes. */
  readonly handles: number;
  readonly actors: number;
  /** Messages that wait in mailboxes. */
  readonly waiting: number;
  /** Done so far, by kind. */
  readonly done: Readonly<Record<string, number>>;
  /** What was refused or lost so far, by kind and the code of the error. */
  readonly errors: Readonly<Record<string, number>>;
}
