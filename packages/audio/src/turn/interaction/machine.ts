/**
 * The interaction machine: the course of a spoken conversation, as data. It decides and does nothing: every action that
 * is not bookkeeping is an effect for a driver. `docs/INTERACTION.md` is drawn from it.
 */
import type { Wait } from "./events.ts";
import { freshContext, parts } from "./parts.ts";

const CAPTURED = ["confirm", "closeEars", { type: "signal", params: { signal: "captured" } }] as const;
const LISTENING = { type: "signal", params: { signal: "listening" } } as const;
const NOTHING_HEARD = { type: "signal", params: { signal: "nothing-heard" } } as const;
const HAS_FAILED = { type: "signal", params: { signal: "failed" } } as const;
const CANCELLED = { type: "endTurn", params: { outcome: "cancelled" } } as const;
const INTERRUPTED = { type: "endTurn", params: { outcome: "interrupted" } } as const;
const UNHEARD = { type: "endTurn", params: { outcome: "unheard" } } as const;
const YIELDED = { type: "endTurn", params: { outcome: "yielded" } } as const;
const COMPLETE = { type: "endTurn", params: { outcome: "complete" } } as const;
const BY_WAKE = { type: "beginTurn", params: { opening: "wake" } } as const;
const BY_KEY = { type: "beginTurn", params: { opening: "key" } } as const;
const BY_SPEECH = { type: "beginTurn", params: { opening: "speech" } } as const;
const BY_INTERRUPTION = { type: "beginTurn", params: { opening: "interruption" } } as const;
const BY_FOLLOWING = { type: "beginTurn", params: { opening: "follow-up" } } as const;
const BY_RESUMPTION = { type: "beginTurn", params: { opening: "resumption" } } as const;
const STOP = { type: "stop", params: { outcome: "interrupted" } } as const;
const TAKE_BACK = { type: "stop", params: { outcome: "joined" } } as const;
const STOP_FAILED = { type: "stop", params: { outcome: "failed" } } as const;
const WON = { type: "settle", params: { award: "won" } } as const;
const LOST = { type: "settle", params: { award: "lost" } } as const;
const EARLY = { speculative: true } as const;
const CERTAIN = { speculative: false } as const;

/** All was said; more may be asked without a wake word. */
const AFTER_ANSWER = [COMPLETE, BY_FOLLOWING, "openEars"] as const;

/** Ears were open, or work was done, for nothing; who asked for it is told. */
const HEARD_NOTHING = [
  { guard: "asked", target: "#idle", actions: ["closeEars", UNHEARD, NOTHING_HEARD] },
  { target: "#idle", actions: ["closeEars", UNHEARD] },
] as const;

/** Nothing was begun early. */
const START = {
  target: "#transcribing",
  actions: ["closeEars", { type: "signal", params: { signal: "captured" } }, { type: "transcribe", params: CERTAIN }],
} as const;

/** Where a turn goes whose end is certain, by how much of the work was done early. */
const FOUND_END = [
  { guard: "nothingThoughAsked", target: "#idle", actions: ["closeEars", UNHEARD, NOTHING_HEARD] },
  { guard: "nothing", target: "#idle", actions: ["closeEars", UNHEARD] },
  { guard: "answeredAndOpen", target: "#told", actions: CAPTURED },
  { guard: "answeredAndFollowed", target: "#listening_for_command", actions: [...CAPTURED, ...AFTER_ANSWER] },
  { guard: "answeredAlready", target: "#idle", actions: [...CAPTURED, COMPLETE] },
  { guard: "soundReady", target: "#speaking", actions: CAPTURED },
  { guard: "wordsReady", target: "#responding", actions: CAPTURED },
  { guard: "working", target: "#thinking", actions: CAPTURED },
  { guard: "recognised", target: "#thinking", actions: [...CAPTURED, { type: "think", params: CERTAIN }] },
  { guard: "recognising", target: "#transcribing", actions: CAPTURED },
  START,
] as const;

/** The answer is over without a sound, or all of its sound was played. */
const COMPLETED = [
  { guard: "followed", target: "#listening_for_command", actions: ["noteAnswered", ...AFTER_ANSWER] },
  { target: "#idle", actions: ["noteAnswered", COMPLETE] },
] as const;
const ANSWERED = [{ guard: "late" }, ...COMPLETED] as const;

/** The same where nothing sounds. */
const WRITTEN = [
  { guard: "late" },
  { guard: "staysOpen", target: "#told", actions: ["noteAnswered"] },
  ...COMPLETED,
] as const;

const END_FAILED = ["cancelWork", { type: "endTurn", params: { outcome: "failed" } }, HAS_FAILED] as const;
const FAILED = { target: "#idle", actions: END_FAILED } as const;

/** Nobody has said why: the machine itself waits no longer. */
const overdue = <W extends Wait>(wait: W) => ({ type: "overdue", params: { wait } }) as const;
const failedFor = <W extends Wait>(wait: W) => ({ target: "#idle", actions: [overdue(wait), ...END_FAILED] }) as const;

/** What is said before an answer is heard belongs to what was said before. */
const JOINS = {
  guard: "joins",
  target: "#listening_for_command",
  actions: ["cancelWork", "joinTurn", "openEars"],
} as const;

/** While nothing of the answer was heard yet, it can be taken back. */
const BEFORE_SOUND = {
  wake: {
    guard: "wakeInterrupts",
    target: "#wakeword_detected",
    actions: ["cancelWork", CANCELLED, BY_WAKE, "openEars", "arbitrate"],
  },
  press: { target: "#listening_for_command", actions: ["cancelWork", CANCELLED, BY_KEY, "openEars"] },
  hotkey: { target: "#listening_for_command", actions: ["cancelWork", CANCELLED, BY_KEY, "openEars", LISTENING] },
  "barge-in": [
    JOINS,
    {
      guard: "speechInterrupts",
      target: "#listening_for_command",
      actions: ["cancelWork", INTERRUPTED, BY_INTERRUPTION, "openEars"],
    },
  ],
  won: { guard: "settling", actions: WON },
  lost: { guard: "settling", target: "#idle", actions: ["cancelWork", YIELDED] },
  cancel: { target: "#idle", actions: ["cancelWork", CANCELLED] },
  failed: { guard: "current", ...FAILED },
} as const;

/** All was told, and nothing of it sounds: whatever comes but more of the same speech finds the turn complete. */
const AFTER_TOLD = {
  wake: {
    guard: "wakeInterrupts",
    target: "#wakeword_detected",
    actions: [COMPLETE, BY_WAKE, "openEars", "arbitrate"],
  },
  press: { target: "#listening_for_command", actions: [COMPLETE, BY_KEY, "openEars"] },
  hotkey: { target: "#listening_for_command", actions: [COMPLETE, BY_KEY, "openEars", LISTENING] },
  "barge-in": [
    JOINS,
    {
      guard: "speechInterrupts",
      target: "#listening_for_command",
      actions: [COMPLETE, BY_INTERRUPTION, "openEars"],
    },
  ],
  lost: { guard: "settling", target: "#idle", actions: [COMPLETE] },
  cancel: { target: "#idle", actions: [COMPLETE] },
} as const;

/** Playback has stopped, or does not say so. */
const AFTER_STOP = [
  { guard: "earsShut", target: "#idle", actions: ["endStopped", "endShut"] },
  { guard: "unsettled", target: "#wakeword_detected", actions: ["endStopped"] },
  { target: "#listening_for_command", actions: ["endStopped"] },
] as const;

const GIVE_UP = ["cancelWork", "closeEars", CANCELLED] as const;

/** The machine itself: to be drawn, tested by model, or run by any interpreter. */
export const interactionMachine = parts.createMachine({
  id: "interaction",
  context: ({ input }) => freshContext(input),
  initial: "idle",
  states: {
    /** Nothing is asked; wake words, keys and, in open conversations, speech are waited for. */
    idle: {
      id: "idle",
      on: {
        wake: { target: "wakeword_detected", actions: [BY_WAKE, "openEars", "arbitrate"] },
        press: { target: "listening_for_command", actions: [BY_KEY, "openEars"] },
        hotkey: { target: "listening_for_command", actions: [BY_KEY, "openEars", LISTENING] },
        "speech-start": { guard: "open", target: "listening_for_command", actions: [BY_SPEECH, "openEars"] },
        resume: {
          guard: "asks",
          target: "#thinking",
          actions: [BY_RESUMPTION, "takeUp", { type: "think", params: CERTAIN }],
        },
      },
    },

    /** The hosts settle who answers; meanwhile nothing that is said is lost. */
    wakeword_detected: {
      id: "wakeword_detected",
      after: { arbitration: { target: "listening_for_command", actions: [WON, LISTENING] } },
      on: {
        won: { target: "listening_for_command", actions: [WON, LISTENING] },
        lost: { target: "idle", actions: ["closeEars", YIELDED] },
        "speech-start": { actions: ["noteSpeech", "forgetEnd"] },
        ended: { guard: "spoke", actions: ["noteEnd"] },
        press: { target: "listening_for_command", actions: ["hold", "takeByKey", "openEars"] },
        hotkey: { target: "listening_for_command", actions: ["takeByKey", LISTENING] },
        cancel: { target: "idle", actions: GIVE_UP },
      },
    },

    /** Ears are open for what is asked. */
    listening_for_command: {
      id: "listening_for_command",
      initial: "opening",
      after: {
        maxUtterance: [{ guard: "spoke", target: ".ending" }, { guard: "held", target: ".ending" }, ...HEARD_NOTHING],
      },
      on: {
        wake: { guard: "wakeUnsettled", actions: ["arbitrate"] },
        won: { guard: "settling", actions: WON },
        lost: { guard: "settling", target: "idle", actions: ["cancelWork", "closeEars", YIELDED] },
        press: { target: ".held", actions: ["cancelWork", "hold", "takeByKey", "openEars"] },
        hotkey: [
          { guard: "spoke", target: ".ending" },
          { target: "idle", actions: GIVE_UP },
        ],
        cancel: { target: "idle", actions: GIVE_UP },
      },
      states: {
        /** Passed through. */
        opening: {
          always: [
            { guard: "ended", target: "ending" },
            { guard: "held", target: "held" },
            { guard: "inWindow", target: "window" },
            { guard: "spoke", target: "hearing" },
            { target: "waiting" },
          ],
        },
        /** Nothing was said yet. */
        waiting: {
          after: { noSpeech: HEARD_NOTHING },
          on: { "speech-start": { target: "hearing", actions: ["noteSpeech"] } },
        },
        /** Somebody is speaking. */
        hearing: {
          on: {
            "may-end": { target: "pausing", actions: [{ type: "transcribe", params: EARLY }] },
            ended: START,
          },
        },
        /** They may have finished: work has begun, and is taken back when they go on. */
        pausing: {
          on: {
            "goes-on": { target: "hearing", actions: ["cancelWork"] },
            "speech-start": { target: "hearing", actions: ["cancelWork"] },
            transcript: [
              { guard: "likelyWhole", actions: ["noteTranscript", { type: "think", params: EARLY }] },
              { guard: "transcribed", actions: ["noteTranscript"] },
            ],
            text: { guard: "answering", actions: ["noteText"] },
            audio: { guard: "answering", actions: ["noteAudio"] },
            answered: { guard: "answering", actions: ["noteAnswered"] },
            // It is tried again when the end is certain.
            failed: { guard: "current", actions: ["cancelWork"] },
            ended: FOUND_END,
          },
        },
        /** Push-to-talk: only the key ends it. */
        held: {
          on: {
            "speech-start": { actions: ["noteSpeech"] },
            release: [
              { guard: "heldLongEnough", target: "ending", actions: ["noteEnd"] },
              { target: "#idle", actions: GIVE_UP },
            ],
          },
        },
        /** A fixed time, whatever is said. */
        window: {
          after: { window: [{ guard: "spoke", target: "ending" }, ...HEARD_NOTHING] },
          on: { "speech-start": { actions: ["noteSpeech"] } },
        },
        /** Passed through: a key or a timer ended it. */
        ending: { always: FOUND_END },
      },
    },

    /** What was said is recognised and thought about. */
    processing: {
      initial: "transcribing",
      on: BEFORE_SOUND,
      states: {
        transcribing: {
          id: "transcribing",
          after: { transcribing: failedFor("transcribeMs") },
          on: {
            // Too long for one turn. What was said so far is still recognised, so that it is not lost.
            "barge-in": [JOINS, { guard: "spills", actions: ["noteSpill"] }],
            transcript: [
              { guard: "late" },
              {
                guard: "spilled",
                target: "#listening_for_command",
                actions: ["cancelWork", INTERRUPTED, BY_INTERRUPTION, "openEars"],
              },
              { guard: "says", target: "thinking", actions: ["noteTranscript", { type: "think", params: CERTAIN }] },
              ...HEARD_NOTHING,
            ],
          },
        },
        thinking: {
          id: "thinking",
          after: { thinking: failedFor("thinkMs") },
          on: {
            text: { guard: "current", target: "#responding", actions: ["noteText"] },
            audio: { guard: "current", target: "#speaking", actions: ["noteAudio"] },
            answered: WRITTEN,
          },
        },
      },
    },

    /** The answer's words are coming, its sound is not yet. */
    responding: {
      id: "responding",
      initial: "words",
      on: BEFORE_SOUND,
      states: {
        words: {
          after: { firstSound: failedFor("firstSoundMs") },
          on: {
            text: { guard: "current", target: "words", reenter: true },
            progress: { guard: "current", target: "words", reenter: true },
            audio: { guard: "current", target: "#speaking", actions: ["noteAudio"] },
            answered: WRITTEN,
          },
        },
        /** All of it was told, in writing; who goes on now has not read it yet. */
        told: {
          id: "told",
          after: {
            told: [
              { guard: "followed", target: "#listening_for_command", actions: AFTER_ANSWER },
              { target: "#idle", actions: [COMPLETE] },
            ],
          },
          on: AFTER_TOLD,
        },
      },
    },

    /** The answer is heard. */
    speaking: {
      id: "speaking",
      entry: "play",
      initial: "full",
      on: {
        progress: { guard: "current", actions: ["noteProgress"] },
        answered: ANSWERED,
        "barge-in": [
          { guard: "goesOn", target: "interrupting", actions: [TAKE_BACK, "joinTurn", "openEars"] },
          { guard: "speechInterrupts", target: "interrupting", actions: [STOP, BY_INTERRUPTION, "openEars"] },
        ],
        wake: { guard: "wakeInterrupts", target: "interrupting", actions: [STOP, BY_WAKE, "openEars", "arbitrate"] },
        press: { target: "interrupting", actions: [STOP, BY_KEY, "openEars"] },
        hotkey: { target: "interrupting", actions: [STOP, BY_KEY, "openEars"] },
        cancel: { target: "interrupting", actions: [STOP] },
        failed: { guard: "current", target: "interrupting", actions: [STOP_FAILED, HAS_FAILED] },
      },
      states: {
        full: {
          after: { playback: { target: "#interrupting", actions: [overdue("playbackMs"), STOP_FAILED, HAS_FAILED] } },
          on: {
            duck: { target: "ducked", actions: ["duck"] },
            progress: { guard: "current", target: "full", reenter: true, actions: ["noteProgress"] },
          },
        },
        /** Something was heard that may become speech. */
        ducked: {
          after: { ducking: { target: "full", actions: ["restore"] } },
          on: { restore: { target: "full", actions: ["restore"] } },
        },
      },
    },

    /** Playback is stopping, ears are open already; how much was heard is on its way. */
    interrupting: {
      id: "interrupting",
      after: { stopping: AFTER_STOP },
      on: {
        stopped: [{ guard: "stopsOther" }, ...AFTER_STOP],
        progress: { guard: "ofStopped", actions: ["noteStopProgress"] },
        "speech-start": { actions: ["noteSpeech", "forgetEnd"] },
        ended: { guard: "spoke", actions: ["noteEnd"] },
        release: [
          { guard: "earsShut" },
          { guard: "heldLongEnough", actions: ["noteEnd"] },
          { guard: "held", actions: ["closeEars"] },
        ],
        won: { guard: "settling", actions: WON },
        lost: { guard: "settling", actions: [LOST, "closeEars"] },
        wake: [
          {
            guard: "earsShut",
            target: "wakeword_detected",
            actions: ["endStopped", "endShut", BY_WAKE, "openEars", "arbitrate"],
          },
          { guard: "wakeUnsettled", actions: ["arbitrate"] },
        ],
        press: [
          {
            guard: "earsShut",
            target: "listening_for_command",
            actions: ["endStopped", "endShut", BY_KEY, "openEars"],
          },
          { actions: ["hold", "takeByKey", "openEars"] },
        ],
        hotkey: [
          {
            guard: "earsShut",
            target: "listening_for_command",
            actions: ["endStopped", "endShut", BY_KEY, "openEars"],
          },
          { actions: ["takeByKey"] },
        ],
        cancel: { actions: ["closeEars"] },
      },
    },
  },
});
