/**
 * An actor's life as a machine. Cells do not run an interpreter: the machine is read once into a table, and a step of a
 * life is one look into it.
 */
import { initialTransition, setup, transition } from "xstate";
import { invariant } from "../errors.ts";
import type { LifecycleEvent, LifecycleState } from "./lifecycle-state.ts";

/** Only its type is of interest. */
const ANY_EVENT: { readonly type: LifecycleEvent } = { type: "stop" };

/** The machine itself: to be drawn, tested by model, or run by any interpreter. */
export const lifecycleMachine = setup({
  types: { events: ANY_EVENT },
}).createMachine({
  id: "actor",
  initial: "starting",
  states: {
    /** Its behaviour is being set up; messages wait. */
    starting: { on: { started: "running", crashed: "failed", restart: "clearing", stop: "stopping" } },
    /** Takes messages. */
    running: { on: { crashed: "failed", restart: "clearing", stop: "stopping" } },
    /** Its supervisor decides; messages wait. */
    failed: { on: { restart: "clearing", stop: "stopping" } },
    /** The old life is put away, children first; messages wait. */
    clearing: { on: { cleared: "waiting", stop: "stopping" } },
    /** The pause before a restart; messages wait. */
    waiting: { on: { due: "starting", stop: "stopping" } },
    /** Takes no more messages; children stop first. */
    stopping: { on: { ended: "stopped" } },
    /** For good: messages are refused. */
    stopped: { type: "final" },
  },
});

const EVENTS: readonly LifecycleEvent[] = ["started", "crashed", "restart", "cleared", "due", "stop", "ended"];

/** Where each event leads from each state; absent where the event has no meaning. */
type Table = Readonly<Record<LifecycleState, Readonly<Partial<Record<LifecycleEvent, LifecycleState>>>>>;

const TABLE: Table = readTable();

/** The state a life begins in. */
export const FIRST_STATE: LifecycleState = initialTransition(lifecycleMachine)[0].value;

/** The state after `event`; undefined when it has no meaning in `state`. */
export function nextState(state: LifecycleState, event: LifecycleEvent): LifecycleState | undefined {
  return TABLE[state][event];
}

/** As {@link nextState}, where the event must have a meaning. @throws InvariantError */
export function mustStep(state: LifecycleState, event: LifecycleEvent): LifecycleState {
  const next = TABLE[state][event];
  invariant(next !== undefined, `an actor that is ${state} cannot be ${event}`);
  return next;
}

function readTable(): Table {
  return {
    starting: readRow("starting"),
    running: readRow("running"),
    failed: readRow("failed"),
    clearing: readRow("clearing"),
    waiting: readRow("waiting"),
    stopping: readRow("stopping"),
    stopped: readRow("stopped"),
  };
}

function readRow(state: LifecycleState): Table[LifecycleState] {
  const from = lifecycleMachine.resolveState({ value: state });
  const row: Partial<Record<LifecycleEvent, LifecycleState>> = {};
  for (const type of EVENTS) {
    if (from.can({ type })) row[type] = transition(lifecycleMachine, from, { type })[0].value;
  }
  return row;
}
