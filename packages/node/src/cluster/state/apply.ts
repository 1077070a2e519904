/** The replicated state machine: a state and a command's bytes give the next state and a result, the same everywhere. */
import { decodeCommand } from "./codec.ts";
import { carryOutPostponed, deliver } from "./delivery.ts";
import { appendToJournal, endJournal, settleJournal } from "./journals.ts";
import type { ClusterState } from "./model.ts";
import { acknowledge, admit, describe, found, leave, raiseVersion, revoke, rotate } from "./people.ts";
import { fence, forget, openTable, place, remember } from "./placing.ts";
import type { ClusterCommand } from "./schemas.ts";
import { refuse, type LogPosition, type Step } from "./step.ts";

/** Never throws, whatever the bytes. */
export function applyCommand(state: ClusterState, bytes: Uint8Array, at: LogPosition): Step {
  const seen: ClusterState = { ...state, index: at.index, term: at.term };
  const command = decodeCommand(bytes, state.version);
  if ("outcome" in command) return { state: seen, result: command };
  if (state.id === undefined && command.type !== "found") {
    return refuse(seen, "not-founded", "nobody has founded the cluster yet");
  }
  return carryOut(seen, command, at);
}

function carryOut(state: ClusterState, command: ClusterCommand, at: LogPosition): Step {
  switch (command.type) {
    case "found":
      return found(state, command);
    case "admit":
      return admit(state, command);
    case "leave":
      return leave(state, command);
    case "revoke":
      return revoke(state, command);
    case "acknowledge":
      return acknowledge(state, command);
    case "rotate":
      return rotate(state, command, at);
    case "describe":
      return describe(state, command);
    case "raise-version":
      return raiseVersion(state, command);
    case "set":
    case "put":
    case "delete":
      return carryOutPostponed(state, command, at);
    case "deliver":
      return deliver(state, command, at);
    case "open-table":
      return openTable(state, command);
    case "place":
      return place(state, command, at);
    case "fence":
      return fence(state, command);
    case "remember":
      return remember(state, command);
    case "forget":
      return forget(state, command);
    case "journal-append":
      return appendToJournal(state, command);
    case "journal-settle":
      return settleJournal(state, command);
    case "journal-end":
      return endJournal(state, command);
  }
}
