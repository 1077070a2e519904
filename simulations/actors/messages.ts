/** What ledgers, entities and the singleton are sent, and what a host has of placement to send it by. */
import type { ActorRef, Sharding, SingletonSend } from "@parley/actors";
import type { Sent } from "./chronicle.ts";

export type LedgerMessage =
  | { readonly type: "note"; readonly sent: Sent }
  | { readonly type: "question"; readonly name: string; readonly replyTo: ActorRef<string> };

export interface Placed {
  readonly sharding: Sharding<LedgerMessage>;
  readonly chief: ActorRef<SingletonSend<LedgerMessage>>;
}
