/** What truly happens, as an all-seeing observer writes it down. Invariants look at each happening as it comes. */

import type { PlacementTableState } from "@parley/actors";
import type { DeskHappening } from "./desk/happenings.ts";
import type { ServiceHappening } from "./services/happenings.ts";
import type { StreamHappening } from "./streaming/happenings.ts";
import type { TreeHappening } from "./trees/happenings.ts";

/** How a message was sent: told, offered without an acknowledgement, or with one. */
export type Manner = "tell" | "offer" | "acknowledged";

/** One message, with the life of the host that sent it. */
export interface Sent {
  readonly manner: Manner;
  /** One life of a host. */
  readonly from: string;
  /** `/path` on a host, whichever life of it. */
  readonly to: string;
  /** From 1, per sender and receiver. */
  readonly sequence: number;
}

export type Happening =
  | StreamHappening
  | ServiceHappening
  | TreeHappening
  | DeskHappening
  /** A handler takes a message, or has finished with it without a crash. `by` is one life of the receiver's host. */
  | { readonly type: "taken"; readonly sent: Sent; readonly by: string }
  | { readonly type: "handled"; readonly sent: Sent; readonly by: string }
  /** The sender was told that its message was handled. */
  | { readonly type: "acknowledged"; readonly sent: Sent }
  /** The sender waited for an answer and has one, or none by its deadline and a little more. */
  | { readonly type: "wait-ended"; readonly what: string; readonly isLate: boolean }
  | { readonly type: "answered"; readonly asked: string; readonly reply: string }
  | { readonly type: "mailbox"; readonly actor: string; readonly depth: number; readonly capacity: number }
  | {
      readonly type: "outbox";
      readonly host: string;
      readonly peer: string;
      readonly size: number;
      readonly max: number;
    }
  /** Somebody wrote to a sink in the name of what it owned or led; `isRightful`: consensus says that it did, once. */
  | {
      readonly type: "effect";
      readonly scope: string;
      readonly kind: "epoch" | "term";
      readonly token: number;
      readonly by: string;
      readonly isRightful: boolean;
      readonly isAccepted: boolean;
    }
  /** An entity's handler takes a message. `ownership`: of a shard in one epoch by one life of a host. */
  | { readonly type: "entity-taken"; readonly sent: Sent; readonly ownership: string }
  /**
   * An entity or the singleton begins to run, in an epoch or term. `here`: in which others it still runs in that life of the
   * host; `elsewhere`: in which other lives it does. `isCalm`: nothing breaks, so that hands are changed in order.
   */
  | {
      readonly type: "begun";
      readonly name: string;
      readonly by: string;
      readonly token: number;
      readonly here: readonly number[];
      readonly elsewhere: readonly string[];
      readonly isCalm: boolean;
    }
  /** The placement table has changed. */
  | { readonly type: "table"; readonly before: PlacementTableState; readonly after: PlacementTableState }
  /** Acknowledged messages for entities that a host's region holds, and how many it may. */
  | { readonly type: "region"; readonly host: string; readonly holds: number; readonly max: number }
  /** Some time after the last fault: who runs nowhere though it never went to sleep; shards that no living region owns. */
  | { readonly type: "placement-healed"; readonly asleep: readonly string[]; readonly orphans: readonly string[] }
  /**
   * Shards have moved to a host that came back, in the best weather, and another leads: what was lost of what was sent
   * meanwhile; who was woken though it had gone to sleep; how many shards each host owns.
   */
  | {
      readonly type: "calm";
      readonly lost: readonly string[];
      readonly roused: readonly string[];
      readonly shares: readonly number[];
    }
  /** Some time after the last fault: whom nobody has told of an end, and which hosts do not answer each other. */
  | { readonly type: "healed"; readonly untold: readonly string[]; readonly unanswered: readonly string[] }
  | {
      readonly type: "end-told";
      readonly watch: number;
      readonly of: string;
      readonly reason: string;
      readonly hasEnded: boolean;
    };

export interface Invariant {
  /** Its file's. */
  readonly name: string;
  /** @throws Violation */
  readonly see: (happening: Happening) => void;
}

export function nameOf({ manner, from, to, sequence }: Sent): string {
  return `${manner} ${sequence} of ${from} to ${to}`;
}
