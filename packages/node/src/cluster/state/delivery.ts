/** Commands that waited in a peer's outbox: each is carried out once, however often it comes. */
import { done, refused, type CommandResult } from "./codec.ts";
import type { ClusterState, Delivered, DeliveredResult } from "./model.ts";
import { put, remove, set } from "./pairs.ts";
import type { CommandOf, PostponedCommand } from "./schemas.ts";
import { refuse, type LogPosition, type Step } from "./step.ts";

const NONE = { sequence: 0, results: [] };

/** Result: how many of the commands took effect now. What became of each is in the state, for the peer to look up. */
export function deliver(state: ClusterState, command: CommandOf<"deliver">, at: LogPosition): Step {
  const { peer, box, replaces, commands } = command;
  if (!state.members.has(peer)) return refuse(state, "not-a-member", `${peer} does not belong to the cluster`);
  const last = state.delivered.get(peer);
  if (last?.box !== box && replaces !== (last?.box ?? null)) {
    // A word of an outbox that was given up, late; or the new one has yet to hear of the old one.
    return refuse(state, "other-outbox", `the last command of ${peer} came from another outbox`);
  }
  const before: Omit<Delivered, "box"> = last?.box === box ? last : NONE;
  let { sequence } = before;
  let after = state;
  const results: DeliveredResult[] = [];
  let fresh = 0;
  for (const each of commands) {
    if (each.sequence <= sequence) {
      results.push([each.sequence, resultOf(before, each.sequence)]);
      continue;
    }
    const step = carryOutPostponed(after, each.command, at);
    [after, sequence] = [step.state, each.sequence];
    results.push([sequence, bounded(step.result)]);
    fresh += 1;
  }
  // Of what comes again late, nothing is to be known.
  if (fresh === 0) return { state, result: done(0) };
  return {
    state: { ...after, delivered: after.delivered.with(peer, { box, sequence, results }) },
    result: done(fresh),
  };
}

/** What became of a command that came before. */
function resultOf({ results }: Pick<Delivered, "results">, sequence: number): CommandResult {
  const known = results.find(([of]) => of === sequence);
  return known?.[1] ?? refused("overtaken", "later commands of that outbox were delivered already");
}

/** What is kept has a bound, whatever is ever said in a refusal. */
function bounded(result: CommandResult): CommandResult {
  return result.outcome === "done" ? result : refused(result.reason, result.detail.slice(0, 128).toWellFormed());
}

/** A command of those that may wait in an outbox, also where it has not waited. */
export function carryOutPostponed(state: ClusterState, command: PostponedCommand, at: LogPosition): Step {
  switch (command.type) {
    case "set":
      return set(state, command);
    case "put":
      return put(state, command, at);
    case "delete":
      return remove(state, command);
  }
}
