/** A number in the log's configuration is one peer's for ever, and one membership's: who comes back gets another. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "numbers-are-not-reused";

export function numbersAreNotReused(): Invariant {
  const owners = new Map<string, string>();
  /** From which index on at the latest it belongs to nobody. */
  const gone = new Map<string, number>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "replica") return;
      const { cluster, life, state } = happening.replica;
      if (state.members === happening.before?.members) return;
      for (const { peer, node } of [...state.members.values(), ...state.revoked.values()]) {
        const key = `${cluster}/${node}`;
        const owner = owners.get(key) ?? peer;
        owners.set(key, owner);
        demand(owner === peer, NAME, () => `${life} gives ${node} to ${peer}; it was ${owner}'s`);
        demand(node < state.nextNode, NAME, () => `${life} would give ${node} away once more`);
      }
      for (const { peer, node } of happening.before?.members.values() ?? []) {
        if (state.members.get(peer)?.node !== node)
          gone.set(`${cluster}/${node}`, Math.min(state.index, gone.get(`${cluster}/${node}`) ?? Infinity));
      }
      for (const { peer, node } of state.members.values()) {
        const goneAt = gone.get(`${cluster}/${node}`) ?? Infinity;
        demand(state.index < goneAt, NAME, () => `${peer} has ${node} again, which it had lost`);
      }
    },
  };
}
