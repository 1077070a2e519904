/** Who may come in to this peer, and what they may do: put together. */
import type { Logger } from "pino";
import { HomePairs } from "../../cluster/pairs/home-pairs.ts";
import { HousePairs } from "../../cluster/pairs/house-pairs.ts";
import type { Pairs } from "../../cluster/pairs/port.ts";
import type { Cluster } from "../../cluster/face.ts";
import { messageOf } from "../../errors.ts";
import { AuditLog } from "./audit.ts";
import { ClientBook } from "./client-book.ts";
import { Current } from "./current.ts";
import { Gate } from "./gate.ts";
import { Refusals } from "./refusals.ts";
import { ResumeKey } from "./resume-key.ts";
import { ResumeTokens } from "./resume.ts";

/** What it takes. */
export interface HouseAccessOptions {
  readonly cluster: Cluster;
  /** Files of the home. */
  readonly paths: { readonly pairs: string; readonly audit: string };
  /** The token of the user's own commands. */
  readonly token: string;
  readonly log: Logger;
  /** Whether it writes nothing down, and so gets in nobody's way that has the same home. */
  readonly isBrief: boolean;
}

/** Open until it is closed. */
export interface HouseAccess {
  readonly pairs: Pairs;
  readonly book: ClientBook;
  readonly gate: Gate;
  readonly audit: AuditLog;
  readonly refusals: Refusals;
  close(): Promise<void>;
}

/** Opens it. @throws PeerError `home-unusable` */
export async function openHouseAccess(options: HouseAccessOptions): Promise<HouseAccess> {
  const { cluster, paths, token, log, isBrief } = options;
  const alone = cluster.belonging === "off" && !isBrief ? await HomePairs.open(paths.pairs) : undefined;
  const pairs = new HousePairs(cluster, alone);
  const book = new ClientBook(pairs);
  const key = new ResumeKey({
    cluster,
    onFailure: (error) => log.info({ why: messageOf(error) }, "the house has no key for resume tokens yet"),
  });
  const current = new Current(cluster);
  const gate = new Gate({
    token,
    peer: cluster.peerId,
    book,
    resume: new ResumeTokens(() => key.keys),
    isKnown: () => current.isKnown,
  });
  const audit = new AuditLog({
    path: paths.audit,
    onFailure: (error) => log.error({ err: error }, "what was done could not be written to the audit log"),
  });
  const refusals = new Refusals({ audit });
  const close = async (): Promise<void> => {
    refusals.flush();
    current.close();
    key.close();
    book.close();
    await audit.close();
    await alone?.close();
  };
  return { pairs, book, gate, audit, refusals, close };
}
