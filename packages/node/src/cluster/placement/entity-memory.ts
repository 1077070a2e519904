/** Which entities live in which shard, in the replicated state, behind the fences there. */
import { ActorError, type EntityMemory, type Stamp } from "@parley/actors";
import type { SharedState } from "../consensus/shared-state.ts";
import { entitiesOf } from "../state/model.ts";
import type { ClusterCommand } from "../state/schemas.ts";
import { refusalOf, unlessCancelled } from "./outcomes.ts";

const MAX_WAITING = 1_024;

export interface EntityMemoryOptions {
  /** Of one call, once its turn has come. Default 5,000. */
  readonly timeoutMs?: number;
}

/** Calls about one scope are carried out one after the other, so that they take effect in their order. */
export function entityMemoryOf(shared: SharedState, { timeoutMs = 5_000 }: EntityMemoryOptions = {}): EntityMemory {
  /** The last call about each scope; none of these rejects. */
  const turns = new Map<string, Promise<unknown>>();
  let waiting = 0;

  const carryOut = async (before: Promise<unknown> | undefined, signal: AbortSignal, command: ClusterCommand) => {
    await before;
    waiting -= 1;
    // Given up while it waited: then it never happens.
    return signal.aborted ? undefined : shared.submit(command, { timeoutMs });
  };

  const inTurn = async ({ scope }: Stamp, signal: AbortSignal, command: ClusterCommand): Promise<void> => {
    if (waiting >= MAX_WAITING) throw new ActorError("mailbox-full", `${waiting} calls wait for the cluster already`);
    waiting += 1;
    const turn = carryOut(turns.get(scope), signal, command);
    turns.set(scope, turn);
    const forget = (): void => {
      if (turns.get(scope) === turn) turns.delete(scope);
    };
    void turn.then(forget, forget);
    const outcome = await unlessCancelled(turn, signal);
    const refusal = outcome === undefined ? undefined : refusalOf(outcome);
    if (refusal !== undefined) throw refusal;
  };

  return {
    load: async (stamp, { signal }) => {
      // The stamp is shown first: from then on an older owner changes nothing, so that what is read stays true.
      await inTurn(stamp, signal, { type: "fence", stamp });
      return entitiesOf(shared.now, stamp.scope);
    },
    add: (stamp, entity, { signal }) => inTurn(stamp, signal, { type: "remember", stamp, entity }),
    remove: (stamp, entity, { signal }) => inTurn(stamp, signal, { type: "forget", stamp, entity }),
  };
}
