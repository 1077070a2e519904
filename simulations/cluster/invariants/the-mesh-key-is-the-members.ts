/** Each member has the mesh key sealed to it, nobody has who never belonged, and in the end nobody else has it at all. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "the-mesh-key-is-the-members";

export function theMeshKeyIsTheMembers(): Invariant {
  const known = new Set<string>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "replica") {
        const { life, cluster, state } = happening.replica;
        const { members, meshKey } = state;
        if (members === happening.before?.members && meshKey === happening.before?.meshKey) return;
        if (meshKey === undefined) return;
        for (const peer of members.keys()) {
          known.add(`${cluster}/${peer}`);
          demand(meshKey.sealed.has(peer), NAME, () => `${life} has ${peer} among the members, and no mesh key for it`);
        }
        for (const peer of meshKey.sealed.keys()) {
          demand(
            members.has(peer) || known.has(`${cluster}/${peer}`),
            NAME,
            () => `${life} has a mesh key for ${peer}`,
          );
        }
        const isNew =
          happening.before?.meshKey !== undefined && happening.before.meshKey.generation < meshKey.generation;
        const other = [...meshKey.sealed.keys()].find((peer) => state.revoked.has(peer));
        demand(
          !isNew || other === undefined || happening.before?.revoked.has(other) === false,
          NAME,
          () => `${life} has a new mesh key sealed to ${other}, which was revoked before`,
        );
      }
      if (happening.type !== "healed") return;
      for (const { machine, belonging, opensMeshKey } of happening.peers) {
        demand(belonging !== "member" || opensMeshKey, NAME, () => `machine ${machine} cannot open the mesh key`);
      }
    },
  };
}
