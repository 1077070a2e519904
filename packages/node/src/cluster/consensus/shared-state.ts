/** The replicated state as the rest of the peer uses it: commands with types, and the state as it is here. */
import { invariant } from "../../errors.ts";
import { decodeResult, encodeChecked, type RefusalReason } from "../state/codec.ts";
import type { ClusterMachine } from "../state/machine.ts";
import type { ClusterState } from "../state/model.ts";
import type { ClusterCommand } from "../state/schemas.ts";
import type { Consensus, NotDoneReason, ReadOutcome, Unknown } from "./port.ts";

/** What became of a command. `done`: applied here; `refused`: it changed nothing, and never will. */
export type Submitted =
  | { readonly outcome: "done"; readonly value: number; readonly index: number }
  | { readonly outcome: "refused"; readonly reason: RefusalReason | NotDoneReason; readonly detail: string }
  | Unknown;

export class SharedState {
  readonly consensus: Consensus;
  readonly #machine: Pick<ClusterMachine, "state">;

  /** @param machine the one that `consensus` applies commands to */
  constructor(consensus: Consensus, machine: Pick<ClusterMachine, "state">) {
    this.consensus = consensus;
    this.#machine = machine;
  }

  /** As far as it is known here: it may be behind, and never goes back while this peer lives. */
  get now(): ClusterState {
    return this.#machine.state;
  }

  /** Settles once the command is applied here, or with what else became of it. Never rejects. */
  async submit(command: ClusterCommand, options: { readonly timeoutMs: number }): Promise<Submitted> {
    const encoded = encodeChecked(command);
    if (!(encoded instanceof Uint8Array)) return encoded;
    const outcome = await this.consensus.propose(encoded, options);
    if (outcome.outcome !== "committed") return outcome;
    const result = decodeResult(outcome.result);
    invariant(result !== undefined, "the cluster's state machine gives results that can be read");
    return result.outcome === "done" ? { ...result, index: outcome.index } : result;
  }

  /** Settles once {@link now} holds all that was agreed anywhere when this was called. Never rejects. */
  read(options: { readonly timeoutMs: number }): Promise<ReadOutcome> {
    return this.consensus.read(options);
  }

  /** Calls `changed` when `select` gives something else than before. Parts of the state are compared as they are. */
  watch<Part>(select: (state: ClusterState) => Part, changed: (now: Part) => void): () => void {
    let before = select(this.now);
    return this.consensus.watch(() => {
      const now = select(this.now);
      if (Object.is(now, before)) return;
      before = now;
      changed(now);
    });
  }
}
