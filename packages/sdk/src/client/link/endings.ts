/** Why there is no connection, in words. */
import { ParleyError } from "../../errors.ts";
import type { Failed } from "./seeker.ts";
import { CLOSE_ELSEWHERE, CLOSE_ENDED } from "./socket.ts";

/** What tells most of several failures: a refusal, then why the connection was lost, then the first. */
export function whyNot(failures: ReadonlyMap<string, Failed>, loss: ParleyError | undefined): ParleyError {
  const errors = [...failures.values()].map(({ error }) => error).filter((error) => error instanceof ParleyError);
  const refused = errors.find(({ code }) => code === "refused");
  if (refused !== undefined) return refused;
  if (loss !== undefined) return loss;
  const [first] = errors;
  if (first !== undefined && failures.size === 1) return first;
  const each = [...failures.keys()].join(", ");
  return new ParleyError("cannot-connect", `none of ${failures.size} peers answers${each === "" ? "" : `: ${each}`}`, {
    nextStep: "Start one with: npm start (or: parley start), or name one by its address.",
    retryable: true,
    cause: first,
  });
}

/** It was there, and is not any more. */
export function lostError(reason: string): ParleyError {
  return new ParleyError("connection-lost", reason, {
    nextStep: "Connect again; if the peer is gone, start it: parley start.",
    retryable: true,
  });
}

/** Nobody was there for longer than work waits. */
export function patienceError(cause: ParleyError): ParleyError {
  return new ParleyError("connection-lost", `no peer has been there for long: ${cause.message}`, {
    nextStep: "Look whether a peer of the house runs: parley status.",
    retryable: true,
    cause,
  });
}

/** Why a client is at its end whose peer has closed the connection by `code`; undefined: it is not. */
export function endOf(code: number): ParleyError | undefined {
  if (code === CLOSE_ELSEWHERE) return elsewhereError();
  return code === CLOSE_ENDED ? sessionEndedError() : undefined;
}

/** The session was taken up at another connection, and is not to be fetched back by this one. */
function elsewhereError(): ParleyError {
  return new ParleyError("connection-lost", "the session goes on at another connection", {
    nextStep: "Go on there, or connect again to begin another session.",
  });
}

/** Somebody who looks after the house has ended the session. */
function sessionEndedError(): ParleyError {
  return new ParleyError("connection-lost", "the session was ended by somebody who looks after the house", {
    nextStep: "Connect again to begin another session.",
  });
}

/** This client's own wish: it goes to another session. */
export function movingError(): ParleyError {
  return new ParleyError("connection-lost", "this client goes to another session", {
    nextStep: "Wait.",
    retryable: true,
  });
}

/** It would have begun a session of its own. */
export function cannotContinueError(name: string): ParleyError {
  return new ParleyError("refused", `${name} is too old to go on with a session of another client`, {
    nextStep: "Bring that peer up to date, or connect to another one.",
  });
}

/** The client's own end. */
export function closedError(): ParleyError {
  return new ParleyError("connection-lost", "closed by this client", { nextStep: "Connect again." });
}

/** The peer has said what nobody may say. */
export function breachError(reason: string): ParleyError {
  return new ParleyError("protocol", `the peer broke the protocol: ${reason}`, {
    nextStep: "Check that peer and client are of the same major version.",
    retryable: true,
  });
}
