/** What truly happens, as an all-seeing observer writes it down. Invariants look at each happening as it comes. */
import type { conversations } from "@parley/node/testing";
import type { PlannedTurn } from "./script.ts";

/** What a client was given of a turn. */
export interface Given {
  readonly turn: PlannedTurn;
  readonly client: string;
  /** As its events came. */
  readonly text: string;
  readonly sentences: readonly { readonly index: number; readonly text: string }[];
  readonly soundMs: number;
}

export type Happening =
  | { readonly type: "asked"; readonly turn: PlannedTurn; readonly client: string }
  /** The client has heard of a sentence. */
  | { readonly type: "sentence"; readonly turn: string; readonly index: number; readonly text: string }
  /** Sound of an answer, made by that life of a peer. */
  | { readonly type: "sound"; readonly turn: string; readonly connection: number; readonly by: number }
  /** Its turn has ended: with its answer, or with why there is none. */
  | { readonly type: "answered"; readonly given: Given }
  | { readonly type: "failed"; readonly given: Given; readonly error: string }
  /** A client goes on with the session of another from now on. */
  | { readonly type: "took-up"; readonly client: string; readonly from: string }
  /** Its client has lost its session to another one, that turn included. */
  | { readonly type: "taken"; readonly turn: PlannedTurn }
  /** A tool is run. */
  | {
      readonly type: "tool";
      readonly point: "begun" | "done";
      readonly tool: "press" | "ring";
      readonly of: string;
      readonly key: string;
      readonly by: string;
    }
  /** The cluster has agreed on something, and what came of it. */
  | {
      readonly type: "written";
      readonly command: conversations.ClusterCommand;
      readonly isDone: boolean;
    }
  /** A model was asked, by that life of a peer; the questions that it was shown, in their order. */
  | { readonly type: "thought"; readonly by: string; readonly questions: readonly string[] }
  /** All is well again for long enough. `divided`: clients with a session at two peers still. */
  | { readonly type: "calm"; readonly divided: ReadonlySet<string> }
  /** All is well again for a while: what goes on still, and what is kept where. */
  | {
      readonly type: "healed";
      readonly waiting: readonly string[];
      /** Names of keys that some peer still keeps, by session. */
      readonly keys: readonly { readonly peer: string; readonly session: string; readonly name: string }[];
      readonly state: conversations.ClusterState;
      readonly reports: readonly { readonly peer: string; readonly session: string; readonly journal: string }[];
    };

export interface Invariant {
  /** Its file's. */
  readonly name: string;
  /** @throws Violation */
  readonly see: (happening: Happening) => void;
}
