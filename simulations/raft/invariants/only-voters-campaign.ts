/** Learners, removed nodes and strangers do not campaign (sections 4.2.1, 4.2.2). */
import { demand } from "../../kit/violation.ts";
import type { Chronicle, Invariant } from "../chronicle.ts";
import { isVoter } from "../membership-model.ts";

const NAME = "only-voters-campaign";

export function onlyVotersCampaign(chronicle: Chronicle): Invariant {
  return {
    name: NAME,
    state(view) {
      const { id, status, before } = view;
      const { role, term } = status;
      if (role !== "candidate" && role !== "pre-candidate") return;
      if (before?.role === role && before.term === term) return;
      const confs = chronicle.confsOf(view);
      demand(
        confs.some((conf) => isVoter(conf, id)),
        NAME,
        () => `node ${id} campaigns, but is no voter of ${JSON.stringify(confs)}`,
      );
    },
  };
}
