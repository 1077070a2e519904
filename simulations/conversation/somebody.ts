/** Who talks to a simulated house, as far as others see. */
import type { Library } from "./library.ts";
import type { Micros } from "../kit/timeline.ts";
import type { PlannedTurn } from "./script.ts";

export type Client = Awaited<ReturnType<Library["connect"]>>;

/** Somebody with a client. */
export interface Person {
  client: Client | undefined;
  /** The turn that is under way; undefined between two. */
  turn: PlannedTurn | undefined;
  /** Of its connections the latest, and of the places that its session has had meanwhile. */
  connection: number;
  /** Since when: what is heard in that very moment came by the one before. */
  connectedAt: Micros;
  isDone: boolean;
  /** Another client has taken up its session. */
  isTaken: boolean;
}
