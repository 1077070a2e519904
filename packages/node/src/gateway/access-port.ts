/** Who may come in, and what they may do, as a connection asks it. Whoever answers is put in at the composition root. */
import type { MessageType, Payload } from "@parley/sdk";
import type { SendCost } from "./access/allowances.ts";
import type { Addressee } from "./access/rights.ts";

/** What a client wants to do. */
export interface Deed {
  readonly type: MessageType;
  /** Of a COMMAND or QUERY: which. */
  readonly name?: string | undefined;
  /** Whom it is for. */
  readonly to: Addressee;
}

/** Why somebody who was let in may not stay: for programs, and for people. `taken`: its id turned out to be somebody else's. */
export interface Ending {
  readonly reason: "removed" | "locked" | "expired" | "renewed" | "taken";
  readonly why: string;
}

/** Somebody who was let in, for as long as their connection lasts. */
export interface Pass {
  /** Whose client it is. */
  readonly account: string;
  /** What lets the same client come again; undefined where nothing does. */
  readonly resume: { readonly token: string; readonly expiresAt: number } | undefined;
  /** The session that it goes on with, or begins. */
  readonly session: {
    readonly id: string;
    readonly isNew: boolean;
    /** As `VisitCard.continues`. */
    readonly continues?: "house" | "machine" | undefined;
  };
  /** It wants its conversations kept beyond their sessions. */
  readonly remembers: boolean;
  /** Why this client may not go by `clientId`, which is or was `owner`'s client; undefined when it may. */
  refusalOfId(clientId: string, owner: string | undefined): string | undefined;
  /** Why this may not be done; undefined when it may. */
  refusalOf(deed: Deed): string | undefined;
  /** Why this client may not stay under what it came with; undefined: it still may. */
  endedBy(): Ending | undefined;
  /** Calls `changed` when what this client may do, or whether it may stay, may be different now. The result ends that. */
  watch(changed: () => void): () => void;
  /** Takes what came from what its account may send, as `Allowances.charge` says. @returns in how many milliseconds it may, if not now */
  charge(cost: SendCost): number | undefined;
  /** Something that it may not do was asked for, and refused: for whoever looks into the house. */
  denied(deed: Deed, why: string): void;
}

/** From where somebody comes. */
export interface Whereabouts {
  /** The address of whoever has connected, or of whom a proxy that is believed asks for. */
  readonly address: string;
  /** Whether it is a program on this machine, for itself. */
  readonly isFromHere: boolean;
}

/** Who comes, and from where. */
export interface Arrival {
  readonly register: Payload<"REGISTER">;
  /** For a session of its own, where it has none to go on with. */
  readonly newSessionId: () => string;
  readonly from: Whereabouts;
}

/** Somebody who is not let in, for them to read. `retryAfterMs`: not now, for there was too much of it. */
export interface TurnedAway {
  readonly why: string;
  readonly retryAfterMs?: number | undefined;
}

export interface Access {
  /** Lets somebody in, or says why not. Never rejects. */
  authenticate(arrival: Arrival): Pass | TurnedAway;
}
