/** Whoever failed is asked again once it works: a minute later every host would give a job to every engine. */
import { demand } from "../../kit/violation.ts";
import { peerOf } from "../fleet.ts";
import type { Invariant } from "../invariant.ts";

const NAME = "healed-engines-are-asked";

export function healedEnginesAreAsked(): Invariant {
  return {
    name: NAME,
    end({ plan, shipped, library }) {
      const peers = plan.fleet.hosts.map(({ index }) => peerOf(index));
      for (const { index: host } of plan.fleet.hosts) {
        const known = shipped.fleetOf(host);
        for (const engine of plan.fleet.engines) {
          const exclude = peers.filter((peer) => peer !== peerOf(engine.host));
          const { best, excluded } = library.decide({ capability: engine.kind, exclude }, known);
          const why = excluded.find(({ advert }) => advert.peer === peerOf(engine.host))?.why;
          demand(
            best !== undefined,
            NAME,
            () => `host ${host} would not ask engine ${engine.index}: ${why ?? "unknown"}`,
          );
        }
      }
    },
  };
}
