/** Commands that waited in a peer's outbox: each is carried out once, however often it comes. */
import { refused } from "./codec.ts";
import type { ClusterState } from "./model.ts";
import { put, remove, set } from "./pairs.ts";
import type { CommandOf, PostponedCommand } from "./schemas.ts";
import { refuse, type LogPosition, type Step } from "./step.ts";

/** Result: that of the command itself; of one that came before, what became of it then. */
export function deliver(state: ClusterState, command: CommandOf<"deliver">, at: LogPosition): Step {
  const { peer, box, sequence, replaces } = command;
  if (!state.members.has(peer)) return refuse(state, "not-a-member", `${peer} does not belong to the cluster`);
  const last = state.delivered.get(peer);
  if (last?.box === box) {
    if (sequence === last.sequence) return { state, result: last.result };
    if (sequence < last.sequence) {
      return refuse(state, "overtaken", `command ${last.sequence} of that outbox was delivered already`);
    }
  } else if (replaces !== (last?.box ?? null)) {
    // A word of an outbox that was given up, late; or the new one has yet to hear of the old one.
    return refuse(state, "other-outbox", `the last command of ${peer} came from another outbox`);
  }
  const { state: after, result } = carryOut(state, command.command, at);
  // What is kept has a bound, whatever is ever said in a refusal.
  const kept = result.outcome === "done" ? result : refused(result.reason, result.detail.slice(0, 512).toWellFormed());
  return { state: { ...after, delivered: after.delivered.with(peer, { box, sequence, result: kept }) }, result: kept };
}

function carryOut(state: ClusterState, command: PostponedCommand, at: LogPosition): Step {
  switch (command.type) {
    case "set":
      return set(state, command);
    case "put":
      return put(state, command, at);
    case "delete":
      return remove(state, command);
  }
}
