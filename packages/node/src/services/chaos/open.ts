/** The faults of a peer and its house, put together from what the peer is made of. */
import type { Logger } from "pino";
import type { Cluster } from "../../cluster/face.ts";
import type { Config } from "../../config/index.ts";
import type { Drain } from "../drain/drain.ts";
import type { HostEars } from "../ears/ears.ts";
import type { SessionHouse } from "../session/house.ts";
import { OwnFaults } from "./own-faults.ts";
import { HouseChaos, type FaultLog } from "./remote.ts";

export function openChaos(parts: {
  readonly config: Pick<Config, "name" | "chaos">;
  readonly cluster: Cluster;
  readonly access: {
    readonly audit: FaultLog;
    /** Of those that may come in. */
    readonly book: { find(account: string): unknown };
  };
  readonly drain: Drain;
  readonly conversations: Pick<SessionHouse, "list">;
  readonly ears: Pick<HostEars, "report">;
  readonly log: Logger;
}): HouseChaos {
  const { config, cluster, access, drain, conversations, ears, log } = parts;
  const own = new OwnFaults({ isAllowed: config.chaos.allowed, cluster, drain, log });
  return new HouseChaos({
    name: config.name,
    cluster,
    own,
    sessions: () => conversations.list(),
    isHeardHere: () => (ears.report.conversation ?? "idle") !== "idle",
    knows: (account) => access.book.find(account) !== undefined,
    audit: access.audit,
    log,
  });
}
