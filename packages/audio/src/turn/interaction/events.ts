/**
 * What comes in to a conversation and what is to be done about it. Both are plain data: a driver turns its engines' and
 * sockets' news into events, and carries the effects out.
 *
 * A **turn** is what a person says and the answer to it. A **generation** is one piece of work for a turn (recognising,
 * thinking, speaking); it grows with every start, so that whatever still comes of cancelled work is told apart.
 * All `…Ms` named `from`, `to`, `start` are places in the stream of captured sound, counted from its first sample.
 */

/** A place in the captured sound; `now` is its newest sample. */
export type Place = number | "now";

/** What has happened. An event that has no meaning where it arrives changes nothing. */
export type InteractionEvent =
  /** A wake word was heard; it ended at `endMs`. */
  | { readonly type: "wake"; readonly word: string; readonly score: number; readonly endMs: number }
  /** Of the hosts that heard it, this one answers. */
  | { readonly type: "won" }
  /** Another host answers. */
  | { readonly type: "lost" }
  /** Push-to-talk: the key goes down, and up again. */
  | { readonly type: "press"; readonly fromMs: number }
  | { readonly type: "release"; readonly toMs: number }
  /** A key that is struck once: listens; while listening, it ends what is being said. */
  | { readonly type: "hotkey"; readonly fromMs: number }
  /** Speech has begun (voice activity with its hysteresis). */
  | { readonly type: "speech-start"; readonly startMs: number }
  /** The person may have finished: work may begin early and be taken back. */
  | { readonly type: "may-end"; readonly toMs: number }
  /** They had not. */
  | { readonly type: "goes-on" }
  /** They have. */
  | { readonly type: "ended"; readonly toMs: number }
  /** What was recognised; `complete` (0..1) is how likely a whole turn it is, 1 when not said. */
  | { readonly type: "transcript"; readonly generation: number; readonly text: string; readonly complete?: number }
  /** The answer's first words are there. */
  | { readonly type: "text"; readonly generation: number }
  /** The answer's first sound is there. */
  | { readonly type: "audio"; readonly generation: number }
  /** Of this reply `heardMs` have been played so far; also a sign that playback lives. */
  | { readonly type: "progress"; readonly generation: number; readonly heardMs: number }
  /** The answer is over and all of it was played; `heardMs` of sound, 0 when there was none. */
  | { readonly type: "answered"; readonly generation: number; readonly heardMs: number }
  /** A sound while speaking (`turn/bargein`). */
  | { readonly type: "duck" }
  | { readonly type: "restore" }
  /** It is speech, begun at `startMs`; `heardMs` of the reply had been heard by then, all that matters of it when not said. */
  | { readonly type: "barge-in"; readonly startMs: number; readonly heardMs?: number }
  /** Playback has stopped, as it was told to; `heardMs` of the reply were heard. */
  | { readonly type: "stopped"; readonly generation: number; readonly heardMs: number }
  /** This piece of work cannot be done, after whatever retries there are. */
  | { readonly type: "failed"; readonly generation: number; readonly stage: Stage }
  /** The person, or a client, wants no more of this. */
  | { readonly type: "cancel" }
  /** An answer was under way when this conversation was held elsewhere: it is gone on with. `text` is what was asked. */
  | { readonly type: "resume"; readonly text: string };

/** A stage of the work. */
export type Stage = "transcribe" | "think" | "speak";

/** What was waited for too long, as the option is called that says how long. */
export type Wait = "transcribeMs" | "thinkMs" | "firstSoundMs" | "playbackMs";

/** How the end of what is said is found: by end-pointing, by letting go of a key, or by a fixed window. */
export type Capture = "endpoint" | "held" | "window";

/** Why ears were opened, or, of a turn that was begun elsewhere, were not. */
export type Opening = "wake" | "key" | "speech" | "follow-up" | "interruption" | "resumption";

/**
 * How a turn ended. `complete`, `interrupted` and `failed` have a reply to be kept, as far as it was heard; `unheard`: nothing
 * was said; `cancelled`: taken back before it was answered; `yielded`: another host answers.
 */
export type TurnOutcome = "complete" | "interrupted" | "failed" | "unheard" | "cancelled" | "yielded";

/** What a person is to be told, by a chime or in words. */
export type Signal = "listening" | "captured" | "nothing-heard" | "failed";

/** What is to be done, in order. */
export type InteractionEffect =
  /** Settle with the other hosts who answers; `won` or `lost` comes back. */
  | {
      readonly type: "arbitrate";
      readonly turn: number;
      readonly word: string;
      readonly score: number;
      readonly endMs: number;
    }
  /** Collect what is said from `fromMs` on, and look for its end. Opened again for the same turn: it goes on. */
  | {
      readonly type: "open-ears";
      readonly turn: number;
      readonly fromMs: Place;
      readonly capture: Capture;
      readonly opening: Opening;
    }
  | { readonly type: "close-ears"; readonly turn: number }
  /** Recognise the turn so far; `speculative` until `confirm`. */
  | {
      readonly type: "transcribe";
      readonly turn: number;
      readonly generation: number;
      readonly speculative: boolean;
      readonly fromMs: Place;
      readonly toMs: Place;
    }
  /** Answer. While `speculative` nothing may be done that cannot be undone (no tool with effects, no playing). */
  | {
      readonly type: "think";
      readonly turn: number;
      readonly generation: number;
      readonly speculative: boolean;
      readonly text: string;
    }
  /** What was begun early holds. */
  | { readonly type: "confirm"; readonly turn: number; readonly generation: number }
  /** Stop this work wherever it runs; whatever still comes of it is dropped. */
  | { readonly type: "cancel-work"; readonly turn: number; readonly generation: number }
  /** Play the reply as its sound comes, at full volume. */
  | { readonly type: "play"; readonly turn: number; readonly generation: number }
  | { readonly type: "duck" }
  | { readonly type: "restore" }
  /** Be silent at once, and tell by `stopped` how much was heard. When ears open for the same turn, it goes on. */
  | { readonly type: "stop"; readonly turn: number; readonly generation: number }
  /** The turn fails because nothing came for `afterMs`: why, for who is told. */
  | { readonly type: "overdue"; readonly turn: number; readonly wait: Wait; readonly afterMs: number }
  /** Exactly once for every turn, in the order of turns. */
  | { readonly type: "end-turn"; readonly turn: number; readonly outcome: TurnOutcome; readonly heardMs: number }
  | { readonly type: "signal"; readonly signal: Signal };
