/** What the bench asks of its other host. */
import type { Echo, OfferStream } from "../../../../tools/bench/between/orders.ts";
import type { ActorRef } from "../../src/index.ts";

export type FarOrder =
  | Echo
  | OfferStream
  | { readonly type: "count"; readonly payload: Uint8Array }
  | { readonly type: "counted"; readonly replyTo: ActorRef<number> };
