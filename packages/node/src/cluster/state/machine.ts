/** The state machine as the consensus engine drives it, and as the rest of the peer reads it. */
import type { Command, StateMachine } from "@parley/raft";
import { applyCommand } from "./apply.ts";
import { encodeResult } from "./codec.ts";
import { EMPTY_STATE, type ClusterState } from "./model.ts";
import { newerInForce, restoreState, snapshotOf } from "./snapshot.ts";
import { KNOWN_VERSION } from "./versions.ts";

export class ClusterMachine implements StateMachine {
  #state: ClusterState = EMPTY_STATE;

  /** As of the last command applied here. What it gave before stays as it was. */
  get state(): ClusterState {
    return this.#state;
  }

  /** @throws RaftError `unknown-format`: from that command on this software would not be a replica of the others any more */
  apply(commands: readonly Command[]): readonly Uint8Array[] {
    return commands.map(({ data, index, term }) => {
      const { state, result } = applyCommand(this.#state, data, { index, term });
      if (state.version > KNOWN_VERSION) throw newerInForce(state.version);
      this.#state = state;
      return encodeResult(result);
    });
  }

  snapshot(): Iterable<Uint8Array> {
    return snapshotOf(this.#state);
  }

  /** @throws RaftError `corrupt`, `unknown-format` */
  async restore(contents: AsyncIterable<Uint8Array>): Promise<void> {
    this.#state = await restoreState(contents);
  }
}
