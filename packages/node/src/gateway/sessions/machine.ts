/** The course of a client's session, as a machine. It is read once into a table: a step of a session is one look into it. */
import { initialTransition, setup, transition } from "xstate";
import { sessionStates, type SessionState } from "@parley/sdk";

export const sessionEvents = [
  /** It was let in. */
  "registered",
  /** It said something. */
  "said",
  /** It said that nobody is at it. */
  "rested",
  /** It has said nothing for a while. */
  "paused",
  /** It has said nothing for so long that the session ends. */
  "expired",
  /** Its connection has ended, or was ended. */
  "closed",
] as const;
export type SessionEvent = (typeof sessionEvents)[number];

/** Only its type is of interest. */
const ANY_EVENT: { readonly type: SessionEvent } = { type: "closed" };

/** The machine itself: to be drawn, tested by model, or run by any interpreter. */
export const sessionMachine = setup({ types: { events: ANY_EVENT } }).createMachine({
  id: "session",
  initial: "CONNECTING",
  states: {
    /** There is a connection, and nobody knows whose. */
    CONNECTING: { on: { registered: "AUTHENTICATED", expired: "DISCONNECTED", closed: "DISCONNECTED" } },
    /** It is known whose it is; it has asked for nothing yet. */
    AUTHENTICATED: {
      on: { said: "ACTIVE", rested: "IDLE", paused: "IDLE", expired: "DISCONNECTED", closed: "DISCONNECTED" },
    },
    ACTIVE: { on: { rested: "IDLE", paused: "IDLE", expired: "DISCONNECTED", closed: "DISCONNECTED" } },
    IDLE: { on: { said: "ACTIVE", expired: "DISCONNECTED", closed: "DISCONNECTED" } },
    /** For good: who comes again has another session. */
    DISCONNECTED: { type: "final" },
  },
});

export const FIRST_STATE: SessionState = initialTransition(sessionMachine)[0].value;

const TABLE: ReadonlyMap<string, SessionState> = readTable();

/** The state after `event`; undefined when it has no meaning in `state`. */
export function nextState(state: SessionState, event: SessionEvent): SessionState | undefined {
  return TABLE.get(`${state} ${event}`);
}

function readTable(): ReadonlyMap<string, SessionState> {
  const table = new Map<string, SessionState>();
  for (const value of sessionStates) {
    const from = sessionMachine.resolveState({ value });
    for (const type of sessionEvents) {
      if (from.can({ type })) table.set(`${value} ${type}`, transition(sessionMachine, from, { type })[0].value);
    }
  }
  return table;
}
