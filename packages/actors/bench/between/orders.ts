/** What the bench asks of its other host. */
import type { ActorRef, StreamRef } from "../../src/index.ts";

export interface Echo {
  readonly type: "echo";
  readonly payload: Uint8Array;
  readonly replyTo: ActorRef<Uint8Array>;
}

export type FarOrder =
  | Echo
  | { readonly type: "count"; readonly payload: Uint8Array }
  | { readonly type: "counted"; readonly replyTo: ActorRef<number> }
  | {
      readonly type: "stream";
      readonly count: number;
      readonly bytes: number;
      readonly replyTo: ActorRef<StreamRef<Uint8Array>>;
    };

/** The first frame on a bare socket: what the frames after it are for. */
export type BareOrder =
  | { readonly type: "echo"; readonly count: number }
  | { readonly type: "count"; readonly count: number }
  | { readonly type: "send"; readonly count: number; readonly bytes: number };
