/** What the test's process and its children say to each other over their pipes, beside what the hosts say among themselves. */
import {
  ActorError,
  type ActorErrorCode,
  isActorError,
  type LeadershipNow,
  type PlacementChange,
  type PlacementTableState,
  type Stamp,
} from "../../../src/index.ts";

/** An effect of an entity or a singleton; `awake` is its first. */
export interface Effect {
  readonly stamp: Stamp;
  readonly who: string;
  readonly what: number | "awake";
  readonly by: string;
}

/** What a child wants of consensus, of the memory of entities, and of the sink. */
export type Call =
  | { readonly type: "propose"; readonly change: PlacementChange }
  | { readonly type: "load"; readonly stamp: Stamp }
  | { readonly type: "add" | "remove"; readonly stamp: Stamp; readonly entity: string }
  | { readonly type: "write"; readonly effect: Effect }
  /** Without a stamp: of an actor that everybody has. */
  | { readonly type: "note"; readonly n: number; readonly by: string };

/** What a test wants of a child. */
export type Order =
  | { readonly type: "offer"; readonly entity: string; readonly n: number }
  | { readonly type: "where"; readonly entity: string }
  /** Have the singleton write something; gives where it runs, or why it was refused there. */
  | { readonly type: "clerk"; readonly n: number }
  /** Hosts whose scribe the receptionist knows. */
  | { readonly type: "scribes" }
  /** An acknowledged message to a scribe. */
  | { readonly type: "note"; readonly at: string; readonly n: number }
  | { readonly type: "drain" }
  | { readonly type: "stop" };

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: ActorErrorCode; readonly text: string };

export interface Beginning {
  readonly type: "begin";
  readonly leadership: LeadershipNow;
  readonly table: PlacementTableState;
  readonly ports: Readonly<Record<string, number>>;
}

export type ToChild =
  | Beginning
  | { readonly type: "leadership"; readonly leadership: LeadershipNow }
  | { readonly type: "table"; readonly table: PlacementTableState }
  | { readonly type: "called"; readonly id: number; readonly outcome: Outcome }
  | { readonly type: "order"; readonly id: number; readonly order: Order };

export type ToParent =
  | { readonly type: "ready"; readonly port: number }
  | { readonly type: "call"; readonly id: number; readonly call: Call }
  | { readonly type: "done"; readonly id: number; readonly outcome: Outcome };

export async function outcomeOf(work: Promise<unknown>): Promise<Outcome> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    if (isActorError(error)) return { ok: false, code: error.code, text: error.message };
    throw error;
  }
}

export function valueOf(outcome: Outcome): unknown {
  if (outcome.ok) return outcome.value;
  throw new ActorError(outcome.code, outcome.text);
}
