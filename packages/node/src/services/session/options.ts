/** What can be asked of a session, and how. */
import type { ConversationParts, ReplyPlayback } from "@parley/audio/converse";
import type { SpokenSoFar, TurnOptions } from "@parley/audio/pipeline";
import type { Journal } from "../../cluster/journal/port.ts";
import type { WakeInput } from "../../config/index.ts";
import type { Privacy } from "../../routing/index.ts";
import type { Memory } from "../memory/port.ts";
import type { Notice, OtherRooms } from "./notice.ts";
import type { SavedPlace } from "./saved.ts";

/** Options of `Session.ask`. */
export interface AskOptions extends Omit<TurnOptions, "now" | "speaking"> {
  readonly speak: boolean;
  readonly voice?: string | undefined;
  readonly speed?: number | undefined;
  /** Nothing of it must leave this host, or the house; as configured when absent. */
  readonly privacy?: Privacy | undefined;
  /** The thread that it belongs to; the session's own when absent. */
  readonly threadId?: string | undefined;
  /** The same when it is asked again after it was cut: it is answered once. */
  readonly workId?: string | undefined;
  /** Told once nothing more is written: of that length is the whole answer. */
  readonly onWritten?: ((length: number) => void) | undefined;
}

/** What a client has of a turn. */
export interface Has {
  readonly question: string;
  readonly soFar: SpokenSoFar;
  /** What it was told that the turn is called. */
  readonly turnId?: string | undefined;
}

/** Options of `Session.converse`. */
export interface TalkOptions {
  readonly mode: "open" | "wake" | "keys";
  /** Which wake words are listened for: those of the peer's own ears, or those of clients. */
  readonly input: WakeInput;
  /** How much this conversation wants to be the one that answers to a wake word, -1 to 1; 0 when absent. */
  readonly preference?: number | undefined;
  readonly interruptions?: "any-speech" | "wake-word" | "never" | undefined;
  readonly followUpMs?: number | undefined;
  readonly language?: string | undefined;
  /** Orders, or text that is written by voice; questions when absent. */
  readonly hearing?: "command" | "dictation" | undefined;
  /** Names and words that are likely. */
  readonly hotWords?: readonly string[] | undefined;
  readonly voice?: string | undefined;
  readonly speed?: number | undefined;
  /** Where answers are heard; text only when absent. */
  readonly playback: ReplyPlayback | undefined;
  /** What its client has of an answer that was cut, perhaps at another host: it is gone on with. */
  readonly has?: Has | undefined;
  /** Told once nothing more is written of a turn's answer: of that length it is. */
  readonly onWritten?: ((turn: number, length: number) => void) | undefined;
  /** The same when the conversation is taken up again. */
  readonly workId?: string | undefined;
  /** Where the microphone's first sample stands in the whole conversation. */
  readonly audioFromMs?: number | undefined;
  /** How much of the microphone's sound between two places of it that playback explains, 0 to 1. */
  readonly echo?: ConversationParts["echo"];
  /** What is said must not leave this host, or the house; as configured when absent. */
  readonly privacy?: Privacy | undefined;
  readonly signal: AbortSignal;
}

/** Options of `Session`. */
export interface SessionOptions {
  /** Told what happens without having been asked for. */
  readonly onNotice?: ((notice: Notice) => void) | undefined;
  readonly rooms?: OtherRooms | undefined;
  /** Something failed that nobody waits for, such as keeping a turn. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
  /** Where the conversations of clients that want that are kept; nowhere, when absent. */
  readonly memory?: Memory | undefined;
  /** Where it is written down, for whoever goes on with it elsewhere. */
  readonly journal?: Journal | undefined;
  /** Its house cannot be asked: what must not run twice is not run, for it may have been, or be asked for elsewhere. */
  readonly isApart?: boolean | undefined;
  /** Whose it is, once that is known, and where. */
  readonly who?: (() => SavedPlace | undefined) | undefined;
}
