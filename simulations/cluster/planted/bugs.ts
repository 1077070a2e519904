/** Bugs to be planted in the package, each in lines that stand exactly once in a file below `packages/node/src`. */
import { bug, type PlantedBug } from "../../kit/planted.ts";
import { DELIVERY_BUGS } from "./deliveries.ts";
import { FENCE_BUGS } from "./fences.ts";
import { MEMBERSHIP_BUGS } from "./membership.ts";
import { READ_BUGS } from "./reads.ts";

const FORMING_BUGS: readonly PlantedBug[] = [
  bug(
    1,
    "a newcomer gets the number that the next one will get, too",
    "cluster/state/people.ts",
    "      nextNode: node + 1,\n      members: members.with(member.peer",
    "      nextNode: node,\n      members: members.with(member.peer",
  ),
  bug(
    2,
    "the mesh key stays as it is when somebody who knows it is gone",
    "cluster/state/model.ts",
    "return meshKey !== undefined && [",
    "return meshKey === undefined && [",
  ),
  bug(
    3,
    "a member that was revoked is let in by its links",
    "cluster/host/member/roster.ts",
    'return "revoked";',
    'return "member";',
  ),
  bug(
    4,
    "who left, or was thrown out, looks for a cluster as if it had never belonged",
    "cluster/host/joining/seeker.ts",
    'this.step({ type: "started", as: "left" });',
    'this.step({ type: "started", as: "fresh" });',
  ),
  bug(
    5,
    "a founder that is alone and holds nothing yields to nobody",
    "cluster/forming/forming.ts",
    "return isAloneAndEmpty && !isBusy",
    "return !isAloneAndEmpty && !isBusy",
  ),
  bug(
    6,
    "nobody knows what became of a command, and its client is told that it was done",
    "cluster/consensus/shared-state.ts",
    'if (outcome.outcome !== "committed") return outcome;',
    'if (outcome.outcome === "unknown") return { outcome: "done", value: 0, index: 1 };\n    if (outcome.outcome !== "committed") return outcome;',
  ),
  bug(
    7,
    "when somebody was let in is what each replica takes for the date",
    "cluster/state/people.ts",
    "members: members.with(member.peer, { ...member, node }),\n      left",
    "members: members.with(member.peer, { ...member, node, admittedMs: Date.now() }),\n      left",
  ),
  bug(
    8,
    "seven may vote",
    "cluster/membership/plan.ts",
    "export const MAX_VOTERS = 5;",
    "export const MAX_VOTERS = 7;",
  ),
  bug(
    9,
    "nobody is told that a peer's part in consensus has ended",
    "cluster/host/member/agreement.ts",
    "    options.failed(error);\n",
    "",
  ),
  bug(
    10,
    "founding that has failed is not tried again",
    "cluster/host/joining/seeker.ts",
    "this.#wake = setTimeout(() => this.#found(), FOUND_AGAIN_MS);",
    "",
  ),
  bug(
    11,
    "who is to be revoked keeps its vote until it is shut out",
    "cluster/host/member/expulsion.ts",
    "  await disarm(electorate, { peer, by }, { timeoutMs });\n",
    "",
  ),
  bug(
    12,
    "what is written in the cluster of one counts for nothing",
    "cluster/host/member/contents.ts",
    "return pairs.keys().some((key) => !isAnnouncement(key) && !isSecretKey(key));",
    "return pairs.size < 0;",
  ),
  bug(
    13,
    "a newcomer does not write down where it belongs",
    "cluster/host/cluster-host.ts",
    "      const record = recordOf(welcome);\n      await this.#home.write(record);\n",
    "      const record = recordOf(welcome);\n",
  ),
  bug(
    14,
    "the mesh key is renewed for those who are gone as well",
    "cluster/host/member/mesh-identity.ts",
    "    const { record } = makeMeshKey(this.#options.cluster, holders, this.open());",
    "    const { record } = makeMeshKey(this.#options.cluster, holders.slice(1), this.open());",
  ),
];

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...FORMING_BUGS,
  ...READ_BUGS,
  ...DELIVERY_BUGS,
  ...FENCE_BUGS,
  ...MEMBERSHIP_BUGS,
];
