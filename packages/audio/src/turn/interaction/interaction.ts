/** The interaction machine at work: events and times in, effects out. No clock: whoever drives it says what time it is. */
import { initialTransition, transition } from "xstate";
import type { SnapshotFrom } from "xstate";
import type { InteractionEffect, InteractionEvent } from "./events.ts";
import { interactionMachine } from "./machine.ts";
import { interactionOptions } from "./options.ts";
import type { InteractionOptions } from "./options.ts";

/** The states of a conversation. */
export type InteractionState =
  "idle" | "wakeword_detected" | "listening_for_command" | "processing" | "responding" | "speaking" | "interrupting";

/** A conversation under way. Times are milliseconds of one clock that the caller chooses; they never run backwards. */
export interface Interaction {
  readonly state: InteractionState;
  /** The state within the state, as `listening_for_command.pausing`; for logs and tests. */
  readonly place: string;
  /** The newest turn, 0 before the first. */
  readonly turn: number;
  /** When {@link advance} must be called at the latest; undefined when nothing is waited for. */
  readonly nextDueMs: number | undefined;
  /** Whether what comes of this piece of work is still wanted; late chunks of others are to be dropped. */
  isCurrent(generation: number): boolean;
  /** Takes an event in, after the timers that were due before it. */
  send(event: InteractionEvent, atMs: number): readonly InteractionEffect[];
  /** Lets time pass. */
  advance(atMs: number): readonly InteractionEffect[];
}

/** The four states that are told to the outside (lights, OSC `/assistant/state`), from the seven inside. */
export const OUTSIDE_STATE: Readonly<Record<InteractionState, "idle" | "listening" | "processing" | "speaking">> = {
  idle: "idle",
  wakeword_detected: "listening",
  listening_for_command: "listening",
  processing: "processing",
  responding: "processing",
  speaking: "speaking",
  interrupting: "listening",
};

type Snapshot = SnapshotFrom<typeof interactionMachine>;
type MachineEvent = Parameters<typeof transition<typeof interactionMachine>>[2];

interface DelayParams {
  readonly id: string;
  readonly delay: number;
  readonly event: MachineEvent;
}

interface Timer {
  readonly dueMs: number;
  readonly event: MachineEvent;
}

/** What a transition asks of its interpreter (xstate.emit, and delayed transitions armed and cancelled). */
interface Asked {
  readonly type: string;
  readonly params?: unknown;
}

function isEffect(action: Asked): action is { type: string; params: { event: InteractionEffect } } {
  return action.type === "xstate.emit";
}

function isDelay(action: Asked): action is { type: string; params: DelayParams } {
  return action.type === "xstate.raise";
}

function isCancel(action: Asked): action is { type: string; params: { sendId: string } } {
  return action.type === "xstate.cancel";
}

/** A conversation in its idle state. @throws RangeError of {@link interactionOptions} */
export function createInteraction(options: Partial<InteractionOptions> = {}): Interaction {
  return new Conversation(interactionOptions(options));
}

class Conversation implements Interaction {
  readonly #timers = new Map<string, Timer>();
  #snapshot: Snapshot;
  #nowMs = 0;

  constructor(options: InteractionOptions) {
    const [snapshot] = initialTransition(interactionMachine, options);
    this.#snapshot = snapshot;
  }

  get state(): InteractionState {
    const { value } = this.#snapshot;
    if (typeof value === "string") return value;
    if ("listening_for_command" in value) return "listening_for_command";
    if ("processing" in value) return "processing";
    return "responding" in value ? "responding" : "speaking";
  }

  get place(): string {
    const { value } = this.#snapshot;
    return typeof value === "string" ? value : Object.entries(value).flat().join(".");
  }

  get turn(): number {
    return this.#snapshot.context.turn;
  }

  get nextDueMs(): number | undefined {
    return this.#next()?.[1].dueMs;
  }

  isCurrent(generation: number): boolean {
    const { context } = this.#snapshot;
    return generation === context.generation && context.work !== "none";
  }

  send(event: InteractionEvent, atMs: number): readonly InteractionEffect[] {
    const effects = [...this.advance(atMs)];
    this.#take({ ...event, nowMs: this.#nowMs }, effects);
    return effects;
  }

  advance(atMs: number): readonly InteractionEffect[] {
    const effects: InteractionEffect[] = [];
    for (let next = this.#next(); next !== undefined && next[1].dueMs <= atMs; next = this.#next()) {
      const [id, { dueMs, event }] = next;
      this.#timers.delete(id);
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      this.#take(event, effects);
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
    return effects;
  }

  #take(event: MachineEvent, effects: InteractionEffect[]): void {
    const [snapshot, actions] = transition(interactionMachine, this.#snapshot, { ...event, nowMs: this.#nowMs });
    this.#snapshot = snapshot;
    for (const action of actions) {
      if (isEffect(action)) effects.push(action.params.event);
      else if (isDelay(action)) this.#arm(action.params);
      else if (isCancel(action)) this.#timers.delete(action.params.sendId);
    }
  }

  #arm({ id, delay, event }: DelayParams): void {
    this.#timers.set(id, { dueMs: this.#nowMs + delay, event });
  }

  #next(): readonly [string, Timer] | undefined {
    let first: readonly [string, Timer] | undefined;
    for (const entry of this.#timers) if (first === undefined || entry[1].dueMs < first[1].dueMs) first = entry;
    return first;
  }
}
