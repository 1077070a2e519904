/** A shard has one owner in each epoch, its epochs only grow, and entities answer from where it is in theirs. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "shards-move-forward";

export function shardsMoveForward(): Invariant {
  const owners = new Map<string, string>();
  const homes = new Map<string, string>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "home") {
        const { cluster, client, peer, epoch } = happening;
        const key = `${cluster}/${client}/${epoch}`;
        const known = homes.get(key) ?? peer;
        homes.set(key, known);
        demand(known === peer, NAME, () => `${client} lives at ${known} and at ${peer} in epoch ${epoch}`);
      }
      if (happening.type !== "replica" || happening.replica.state.tables === happening.before?.tables) return;
      const { life, cluster, state } = happening.replica;
      for (const [kind, { term, rows }] of state.tables.range()) {
        const before = happening.before?.tables.get(kind);
        demand(term <= state.term, NAME, () => `${life} has placed ${kind} under term ${term}, in term ${state.term}`);
        for (const [shard, { epoch, owner = "nobody" }] of rows.entries()) {
          const last = before?.rows[shard]?.epoch ?? 0;
          demand(epoch >= last, NAME, () => `${life} has ${kind} ${shard} go back from epoch ${last} to ${epoch}`);
          const key = `${cluster}/${kind}/${shard}/${epoch}`;
          const known = owners.get(key) ?? owner;
          owners.set(key, known);
          demand(known === owner, NAME, () => `${kind} ${shard} belongs to ${known} and to ${owner} in epoch ${epoch}`);
        }
      }
    },
  };
}
