/** What a client in a process of its own is told, and what it tells. */
import type { ConversationEvent } from "@parley/sdk";

/** All that it goes by. */
export interface TalkerOptions {
  readonly name: string;
  readonly token: string;
  /** Sockets of peers, the first one first. */
  readonly peers: readonly string[];
  /** Somebody else's session that it takes up. */
  readonly session?: string | undefined;
  /** The certificate of the house's authority. */
  readonly ca?: string | undefined;
  /** Whether it asks for more peers than it was given. */
  readonly learns?: boolean | undefined;
}

export type TalkerOrder =
  /** Opens microphone and loudspeaker; with the rest of an answer that was being given in the session that it took up. */
  | { readonly do: "talk" }
  /** Takes up somebody else's session. */
  | { readonly do: "continue"; readonly session: string }
  /** Says words of the test language, in tones. */
  | { readonly do: "say"; readonly text: string }
  /** In writing; gives the answer. */
  | { readonly do: "ask"; readonly text: string };

/** What came out of a loudspeaker since the turn before. */
export interface Played {
  readonly samples: number;
  /** Of all samples, in order. */
  readonly digest: string;
}

export type TalkerEvent =
  | ConversationEvent
  | { readonly type: "connected"; readonly peer: string; readonly isAgain: boolean }
  | { readonly type: "disconnected"; readonly reason: string; readonly willReconnect: boolean }
  | { readonly type: "apart" | "together"; readonly text: string }
  /** What the house has told it beside that: that what was said is lost, for one. */
  | { readonly type: "notice"; readonly notice: string }
  /** The turn before it has ended; this was heard of it. */
  | { readonly type: "played"; readonly turn: number; readonly played: Played }
  /** So much of what is being said was captured, so much of a reply was heard; every few milliseconds while there is something. */
  | { readonly type: "said"; readonly ms: number }
  | { readonly type: "heard"; readonly ms: number }
  | { readonly type: "talk-over"; readonly error: string | undefined };

export type TalkerNews =
  | { readonly ready: { readonly peer: string } }
  | { readonly event: TalkerEvent }
  | { readonly id: number; readonly answer: string }
  | { readonly id: number; readonly error: string };
