/** Learners, removed nodes and strangers do not campaign (sections 4.2.1, 4.2.2). */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";
import { isVoter } from "../membership-model.ts";

const NAME = "only-voters-campaign";

export function onlyVotersCampaign(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    state({ id, status: { role, term }, before, applied }) {
      if (role !== "candidate" && role !== "pre-candidate") return;
      if (before?.role === role && before.term === term) return;
      const conf = chronicle.confAt(applied);
      demand(isVoter(conf, id), NAME, () => `node ${id} campaigns, but is no voter of ${JSON.stringify(conf)}`);
    },
  };
}
