/** What the interaction machine is made of: its memory, and its named guards, delays and actions. */
import { assign, emit, enqueueActions, setup } from "xstate";
import type {
  Capture,
  InteractionEffect,
  InteractionEvent,
  Opening,
  Place,
  Signal,
  TurnOutcome,
  Wait,
} from "./events.ts";
import type { InteractionOptions } from "./options.ts";

/** An event with the time it is dealt with, which an interpreter's own timers do not say. */
export type TimedEvent = InteractionEvent & { readonly nowMs?: number };

/** What the machine remembers beside its state. */
export interface InteractionContext {
  readonly options: InteractionOptions;
  /** The newest turn; 0 before the first. */
  readonly turn: number;
  readonly opening: Opening;
  readonly capture: Capture;
  readonly openedAtMs: number;
  /** Where in the captured sound the key went down that holds ears open. */
  readonly pressedMs: number;
  readonly fromMs: Place;
  readonly toMs: Place;
  /** Longest that this turn may still be listened to. */
  readonly leftMs: number;
  /** What the other hosts say of a wake word. */
  readonly award: "none" | "pending" | "won" | "lost";
  readonly spoke: boolean;
  /** Ears for a command are open. */
  readonly ears: boolean;
  /** The turn was too long, and went on: where its rest, the next turn, begins. */
  readonly spillMs: number | undefined;
  /** The end was found before ears for it were formally open. */
  readonly ended: boolean;
  /** The newest generation; what is not of it, or comes when no work is on, is late. */
  readonly generation: number;
  readonly work: "none" | "transcribing" | "transcribed" | "thinking" | "answered";
  readonly transcript: string;
  readonly hasText: boolean;
  readonly hasAudio: boolean;
  readonly heardMs: number;
  /** The reply that is being stopped. */
  readonly stopping: Stopping;
}

interface Stopping {
  readonly turn: number;
  readonly generation: number;
  /** `joined`: the turn goes on, and what was heard of the reply is dropped. */
  readonly outcome: TurnOutcome | "joined";
  readonly heardMs: number;
}

/** What it takes to begin to read an answer. */
const READING_MS = 300;
/** What it takes to be sure that a sound is speech (`turn/bargein`). */
const SURE_MS = 250;

const NOTHING: Stopping = { turn: 0, generation: 0, outcome: "interrupted", heardMs: 0 };

/** The memory of a conversation that has not begun. */
export function freshContext(options: InteractionOptions): InteractionContext {
  return {
    options,
    turn: 0,
    opening: "key",
    capture: "endpoint",
    openedAtMs: 0,
    pressedMs: 0,
    fromMs: "now",
    toMs: "now",
    leftMs: options.maxUtteranceMs,
    award: "none",
    spoke: false,
    ears: false,
    spillMs: undefined,
    ended: false,
    generation: 0,
    work: "none",
    transcript: "",
    hasText: false,
    hasAudio: false,
    heardMs: 0,
    stopping: NOTHING,
  };
}

const types: {
  context?: InteractionContext;
  events?: TimedEvent;
  emitted?: InteractionEffect;
  input?: InteractionOptions;
} = {};

/** A new turn in place of the last. */
function begun(context: InteractionContext, event: TimedEvent, opening: Opening): InteractionContext {
  const { options } = context;
  const startMs = startOf(event);
  const isRest = startMs === undefined && context.spillMs !== undefined;
  return {
    ...freshContext(options),
    turn: context.turn + 1,
    generation: context.generation,
    stopping: context.stopping,
    opening,
    capture: event.type === "press" ? "held" : options.capture,
    openedAtMs: nowOf(context, event),
    pressedMs: event.type === "press" ? event.fromMs : 0,
    fromMs: startMs ?? context.spillMs ?? "now",
    award: event.type === "wake" ? "pending" : "none",
    ears: context.ears,
    spoke: event.type === "barge-in" || event.type === "speech-start" || isRest,
  };
}

function nowOf(context: InteractionContext, event: TimedEvent): number {
  return event.nowMs ?? context.openedAtMs;
}

/** By the clock or by the sound, whichever is longer: keys that come late come together. */
function heldMs(context: InteractionContext, event: TimedEvent): number {
  const bySound = event.type === "release" ? event.toMs - context.pressedMs : 0;
  return Math.max(nowOf(context, event) - context.openedAtMs, bySound);
}

/** Where in the captured sound an event says that something begins. */
function startOf(event: TimedEvent): number | undefined {
  if (event.type === "wake") return event.endMs;
  if (event.type === "press" || event.type === "hotkey") return event.fromMs;
  return event.type === "barge-in" || event.type === "speech-start" ? event.startMs : undefined;
}

function isOfNow(context: InteractionContext, event: TimedEvent): boolean {
  return "generation" in event && event.generation === context.generation && context.work !== "none";
}

/** Somebody would wonder why nothing happens. */
function isAsked({ opening }: InteractionContext): boolean {
  return opening === "wake" || opening === "key";
}

function isFollowed({ options, capture }: InteractionContext): boolean {
  return options.mode === "wake" && options.followUpMs > 0 && capture !== "held";
}

/** More speech belongs to the same turn, while that is not too long. */
function mayJoin(context: InteractionContext, event: TimedEvent): boolean {
  return (
    context.options.interruptions === "any-speech" &&
    context.capture !== "held" &&
    // What was said elsewhere cannot be heard again here.
    context.opening !== "resumption" &&
    nowOf(context, event) - context.openedAtMs < context.options.maxUtteranceMs
  );
}

/** An answer that is only written is complete so much later: who had gone on before it was there is still heard. */
function staysOpen({ options, capture }: InteractionContext): boolean {
  return options.joinGraceMs > 0 && options.interruptions === "any-speech" && capture !== "held";
}

function saidNothing({ work, transcript }: InteractionContext): boolean {
  return work === "transcribed" && transcript.trim() === "";
}

/** Everything that is named in the machine. */
export const parts = setup({
  types,
  delays: {
    arbitration: ({ context }) => context.options.arbitrationMs,
    noSpeech: ({ context }) =>
      context.opening === "follow-up" ? context.options.followUpMs : context.options.noSpeechMs,
    maxUtterance: ({ context }) => context.leftMs,
    window: ({ context }) => context.options.windowMs,
    transcribing: ({ context }) => context.options.transcribeMs,
    thinking: ({ context }) => context.options.thinkMs,
    firstSound: ({ context }) => context.options.firstSoundMs,
    playback: ({ context }) => context.options.playbackMs,
    ducking: ({ context }) => context.options.duckMs,
    stopping: ({ context }) => context.options.stopMs,
    told: ({ context }) => context.options.joinGraceMs + SURE_MS + READING_MS,
  },
  guards: {
    open: ({ context }) => context.options.mode === "open",
    spoke: ({ context }) => context.spoke,
    held: ({ context }) => context.capture === "held",
    inWindow: ({ context }) => context.capture === "window",
    ended: ({ context }) => context.ended,
    heldLongEnough: ({ context, event }) =>
      context.capture === "held" && heldMs(context, event) >= context.options.minHoldMs,
    /** In ears that no wake word opened, one may be said that other hosts heard too. */
    wakeUnsettled: ({ context }) => context.award === "none" && context.opening !== "key",
    settling: ({ context }) => context.award === "pending" || context.award === "won",
    asked: ({ context }) => isAsked(context),
    current: ({ context, event }) => isOfNow(context, event),
    late: ({ context, event }) => !isOfNow(context, event),
    /** Of the answer that is being made; not of one that is over. */
    answering: ({ context, event }) => isOfNow(context, event) && context.work === "thinking",
    transcribed: ({ context, event }) => isOfNow(context, event) && context.work === "transcribing",
    likelyWhole: ({ context, event }) =>
      isOfNow(context, event) &&
      context.work === "transcribing" &&
      event.type === "transcript" &&
      event.text.trim() !== "" &&
      (event.complete ?? 1) >= context.options.thinkEarlyFrom,
    says: ({ event }) => event.type === "transcript" && event.text.trim() !== "",
    asks: ({ event }) => event.type === "resume" && event.text.trim() !== "",
    nothing: ({ context }) => saidNothing(context),
    nothingThoughAsked: ({ context }) => saidNothing(context) && isAsked(context),
    recognised: ({ context }) => context.work === "transcribed",
    working: ({ context }) => context.work === "thinking",
    recognising: ({ context }) => context.work === "transcribing",
    answeredAlready: ({ context }) => context.work === "answered",
    soundReady: ({ context }) => context.hasAudio,
    wordsReady: ({ context }) => context.hasText,
    followed: ({ context }) => isFollowed(context),
    answeredAndFollowed: ({ context }) => context.work === "answered" && isFollowed(context),
    /** Before anything of the answer is heard, more speech belongs to the same turn. */
    joins: ({ context, event }) => mayJoin(context, event),
    /** They spoke before they can have reacted to what they heard: no interruption. */
    goesOn: ({ context, event }) =>
      event.type === "barge-in" &&
      (event.heardMs ?? Infinity) <= context.options.joinGraceMs &&
      mayJoin(context, event),
    staysOpen: ({ context }) => staysOpen(context),
    answeredAndOpen: ({ context }) => context.work === "answered" && staysOpen(context),
    spills: ({ context }) => context.options.interruptions === "any-speech",
    spilled: ({ context }) => context.spillMs !== undefined,
    speechInterrupts: ({ context }) => context.options.interruptions === "any-speech",
    wakeInterrupts: ({ context }) => context.options.interruptions !== "never",
    stopsOther: ({ context, event }) => event.type === "stopped" && event.generation !== context.stopping.generation,
    ofStopped: ({ context, event }) => event.type === "progress" && event.generation === context.stopping.generation,
    earsOpen: ({ context }) => context.ears,
    earsShut: ({ context }) => !context.ears,
    unsettled: ({ context }) => context.award === "pending",
  },
  actions: {
    beginTurn: assign(({ context, event }, params: { opening: Opening }) => begun(context, event, params.opening)),
    openEars: enqueueActions(({ context: { turn, fromMs, capture, opening }, enqueue }) => {
      enqueue.assign({ ears: true });
      enqueue.emit({ type: "open-ears", turn, fromMs, capture, opening });
    }),
    closeEars: enqueueActions(({ context: { turn, ears }, enqueue }) => {
      if (ears) enqueue.emit({ type: "close-ears", turn });
      enqueue.assign({ ears: false });
    }),
    arbitrate: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== "wake") return;
      const { word, score, endMs } = event;
      enqueue.assign({ award: "pending" });
      enqueue.emit({ type: "arbitrate", turn: context.turn, word, score, endMs });
    }),
    settle: assign((_, params: { award: InteractionContext["award"] }) => ({ award: params.award })),
    // Ears that stay open behind an answer were opened by nobody: the turn is as long as what is said.
    noteSpeech: assign(({ context, event }) => ({
      spoke: true,
      openedAtMs: context.opening === "follow-up" && !context.spoke ? nowOf(context, event) : context.openedAtMs,
    })),
    noteEnd: assign(({ context, event }) => ({ ended: true, toMs: endOf(context, event) })),
    forgetEnd: assign({ ended: false }),
    noteSpill: assign(({ context, event }) => ({ spillMs: context.spillMs ?? startOf(event) })),
    hold: assign(({ context, event }) => ({
      capture: "held" as const,
      openedAtMs: nowOf(context, event),
      pressedMs: event.type === "press" ? event.fromMs : 0,
      award: "none" as const,
    })),
    takeByKey: assign({ award: "none" as const, opening: "key" as const }),
    joinTurn: assign(({ context, event }) => ({
      spoke: true,
      ended: false,
      heardMs: 0,
      // What was made of it before is not the answer to all of it.
      transcript: "",
      hasText: false,
      hasAudio: false,
      leftMs: Math.max(1, context.options.maxUtteranceMs - (nowOf(context, event) - context.openedAtMs)),
    })),
    transcribe: enqueueActions(({ context, event, enqueue }, params: { speculative: boolean }) => {
      const generation = context.generation + 1;
      const toMs = endOf(context, event);
      enqueue.assign({
        generation,
        work: "transcribing",
        toMs,
        transcript: "",
        hasText: false,
        hasAudio: false,
        heardMs: 0,
      });
      const { turn, fromMs } = context;
      enqueue.emit({ type: "transcribe", turn, generation, speculative: params.speculative, fromMs, toMs });
    }),
    noteTranscript: assign(({ event }) =>
      event.type === "transcript" ? { work: "transcribed" as const, transcript: event.text } : {},
    ),
    takeUp: assign(({ context, event }) => ({
      generation: context.generation + 1,
      transcript: event.type === "resume" ? event.text : "",
    })),
    think: enqueueActions(({ context, enqueue }, params: { speculative: boolean }) => {
      const { turn, generation, transcript } = context;
      enqueue.assign({ work: "thinking" });
      enqueue.emit({ type: "think", turn, generation, speculative: params.speculative, text: transcript });
    }),
    confirm: emit(({ context: { turn, generation } }) => ({ type: "confirm", turn, generation })),
    noteText: assign({ hasText: true }),
    noteAudio: assign({ hasAudio: true }),
    noteProgress: assign(({ context, event }) => ({ heardMs: heardBy(context.heardMs, event) })),
    noteAnswered: assign(({ context, event }) => ({
      work: "answered" as const,
      heardMs: heardBy(context.heardMs, event),
    })),
    cancelWork: enqueueActions(({ context: { turn, generation, work }, enqueue }) => {
      if (work !== "none") enqueue.emit({ type: "cancel-work", turn, generation });
      enqueue.assign({ work: "none", transcript: "", hasText: false, hasAudio: false });
    }),
    play: emit(({ context: { turn, generation } }) => ({ type: "play", turn, generation })),
    duck: emit({ type: "duck" }),
    restore: emit({ type: "restore" }),
    stop: enqueueActions(({ context, enqueue }, params: { outcome: Stopping["outcome"] }) => {
      const { turn, generation, heardMs } = context;
      enqueue.emit({ type: "stop", turn, generation });
      enqueue.emit({ type: "cancel-work", turn, generation });
      enqueue.assign({ work: "none", stopping: { turn, generation, heardMs, ...params } });
    }),
    noteStopProgress: assign(({ context: { stopping }, event }) => ({
      stopping: { ...stopping, heardMs: heardBy(stopping.heardMs, event) },
    })),
    endStopped: enqueueActions(({ context: { stopping }, event, enqueue }) => {
      const { turn, outcome } = stopping;
      if (outcome === "joined") return;
      enqueue.emit({ type: "end-turn", turn, outcome, heardMs: heardBy(stopping.heardMs, event) });
    }),
    /** The turn that interrupted was itself taken back, after the one that was stopped; or the one that went on was. */
    endShut: enqueueActions(({ context: { turn, award, stopping }, event, enqueue }) => {
      const isJoined = stopping.outcome === "joined";
      if (turn === stopping.turn && !isJoined) return;
      const outcome = award === "lost" ? "yielded" : "cancelled";
      enqueue.emit({ type: "end-turn", turn, outcome, heardMs: isJoined ? heardBy(stopping.heardMs, event) : 0 });
    }),
    endTurn: enqueueActions(({ context: { turn, heardMs }, enqueue }, params: { outcome: TurnOutcome }) => {
      enqueue.assign({ work: "none" });
      enqueue.emit({ type: "end-turn", turn, outcome: params.outcome, heardMs });
    }),
    overdue: emit(({ context: { turn, options } }, { wait }: { wait: Wait }) => ({
      type: "overdue",
      turn,
      wait,
      afterMs: options[wait],
    })),
    signal: emit((_, params: { signal: Signal }) => ({ type: "signal", signal: params.signal })),
  },
});

/** Where in the captured sound what was said ends. */
function endOf(context: InteractionContext, event: TimedEvent): Place {
  if (event.type === "ended" || event.type === "may-end" || event.type === "release") return event.toMs;
  // A timer or a key ends it, or its end was found before.
  return context.ended ? context.toMs : "now";
}

/** What was heard only grows: reports may overtake each other. */
function heardBy(before: number, event: TimedEvent): number {
  const reports = event.type === "progress" || event.type === "answered" || event.type === "stopped";
  return reports && event.heardMs > before ? event.heardMs : before;
}
