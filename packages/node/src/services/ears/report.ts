/** What a peer says of its ears, and which keys they have. Nothing that was said is in it, but for the wake word. */
import type { InteractionState, TurnOutcome } from "@parley/audio/turn";
import type { Settled } from "../arbitration/arbitration.ts";
import type { StageFailure } from "../stage.ts";

export const earsKeys = ["press", "release", "strike", "cancel"] as const;
export type EarsKey = (typeof earsKeys)[number];

/** The wake word that was heard last. */
export interface LastHeard {
  readonly word: string;
  /** Epoch. */
  readonly atMs: number;
  /** What became of it: `yielded` when another host answered. Undefined while that is under way. */
  readonly outcome: TurnOutcome | undefined;
}

/** The turn that ended last, whatever began it. */
export interface LastTurn {
  /** Epoch. */
  readonly atMs: number;
  readonly outcome: TurnOutcome;
}

export interface EarsReport {
  /** `waiting`: for a device or an engine, tried again and again; `over`: a recording has ended. */
  readonly state: "off" | "opening" | "listening" | "waiting" | "over";
  readonly mode: "wake" | "open" | "keys";
  /** Those that are listened for. */
  readonly words: readonly string[];
  /** "microphone (parec), speaker (pacat)"; undefined before they were first opened. */
  readonly sound: string | undefined;
  /** What the conversation does. */
  readonly conversation: InteractionState | undefined;
  readonly lastHeard: LastHeard | undefined;
  readonly lastTurn: LastTurn | undefined;
  /** Why it waits. */
  readonly failure: StageFailure | undefined;
  /** Settling with others who answers. */
  readonly arbitration: {
    /** Conversations elsewhere in the cluster that listen for a wake word. */
    readonly others: number;
    /** Messages about wake words that have gone to other peers. */
    readonly sent: number;
    /** What was settled last here, by the ears or by a client's conversation. */
    readonly last: Pick<Settled, "verdict" | "score" | "tookMs" | "others"> | undefined;
  };
}
