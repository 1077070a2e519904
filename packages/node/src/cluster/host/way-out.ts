/** The ways out of a cluster: to leave it, to give it up, to be told that it is over, to go on without it. */
import { randomUUID } from "node:crypto";
import { withoutCorrelation } from "../../log.ts";
import type { ClusterState } from "../state/model.ts";
import { notMember, type Here } from "./here.ts";
import { belongs, type ClusterHome, type ClusterRecord } from "./home/cluster-home.ts";
import type { WaitingWrites } from "./home/waiting-writes.ts";
import { aloneWith } from "./member/last-resort.ts";
import type { ClusterOptions } from "./options.ts";
import type { Premises } from "./premises.ts";
import type { Trouble } from "./trouble.ts";

const LEAVE_MS = 10_000;
const DRAIN_MS = 5_000;

export interface WayOutOptions {
  readonly options: Pick<ClusterOptions, "name" | "log">;
  readonly here: Here;
  readonly home: ClusterHome;
  readonly writes: WaitingWrites;
  readonly trouble: Trouble;
  /** @throws PeerError `not-member` before it has started */
  readonly open: () => Premises;
  /** Takes part, with what a log that begins with this peer begins with, or again. */
  readonly belong: (
    record: ClusterRecord,
    how: { readonly beginning?: ClusterState; readonly isAgain?: boolean },
  ) => Promise<void>;
  readonly changed: () => void;
}

export class WayOut {
  readonly #given: WayOutOptions;

  constructor(given: WayOutOptions) {
    this.#given = given;
  }

  /** How many writes were dropped that waited. @throws PeerError `not-member`, `no-quorum` */
  leave(): Promise<number> {
    return this.#go(async () => {
      const member = this.#given.here.belongs();
      // The last one takes the cluster with it.
      if (member.roster.members.size === 1) await member.stop();
      else await member.leave({ timeoutMs: LEAVE_MS, drainMs: DRAIN_MS });
    });
  }

  /** As {@link leave}, without a word to the others, who go on counting on it. @throws PeerError `not-member` */
  abandon(): Promise<number> {
    const { here, home, trouble, options } = this.#given;
    return this.#go(async () => {
      const { record } = here;
      if (!belongs(record)) throw notMember("this peer belongs to no cluster now");
      // First that, lest a crash in between makes it forget that it has voted.
      await home.leaveBehind(record);
      await here.member?.stop();
      trouble.over();
      options.log.warn({ cluster: record.cluster }, "this peer has left without the others, by a person's word");
    });
  }

  /**
   * The last resort: goes on alone, as a cluster of its own, with what it has. Its old log stays until the new one stands.
   * @throws PeerError `not-member`
   */
  async recover(): Promise<void> {
    const { here, home, options, open, belong } = this.#given;
    const { seeker } = open();
    const cluster = randomUUID();
    await seeker.inTurn(async () => {
      const member = here.belongs();
      const before = here.record;
      const { node, self } = member.roster;
      const saved = aloneWith(member.shared.now, self, { cluster, previousKey: member.identity.open() });
      if (saved === undefined || before === undefined) throw notMember("this peer has not caught up with its cluster");
      await member.stop();
      here.member = undefined;
      const own = { peer: self, node, name: options.name, addresses: [] };
      const record: ClusterRecord = { ...before, standing: "member", cluster, index: 1, members: [own] };
      try {
        await belong(record, { beginning: saved });
      } catch (error) {
        await belong(before, { isAgain: true });
        throw error;
      }
      await home.write(record);
      await home.sweep(record);
      options.log.warn({ from: before.cluster, to: cluster }, "this peer goes on alone, by a person's word");
    });
    withoutCorrelation(() => seeker.step({ type: "paired", cluster }));
  }

  /** The cluster says that this peer belongs no more. */
  isOver(how: "left" | "revoked"): void {
    const { here, open, options } = this.#given;
    const { seeker } = open();
    const run = async (): Promise<void> => {
      await seeker.inTurn(async () => {
        await here.member?.stop();
        await this.#end(how);
      });
      seeker.gone();
    };
    run().catch((error: unknown) => options.log.error({ err: error }, "leaving was not written down"));
  }

  /** Away for good, when `part` has let go. */
  async #go(part: () => Promise<void>): Promise<number> {
    const { here, open } = this.#given;
    const { seeker } = open();
    let dropped = 0;
    await seeker.inTurn(async () => {
      here.isMoving = true;
      try {
        await part();
        dropped = await this.#end("left");
      } finally {
        here.isMoving = false;
      }
    });
    withoutCorrelation(() => seeker.gone());
    return dropped;
  }

  async #end(standing: "left" | "revoked"): Promise<number> {
    const { here, home, writes, changed } = this.#given;
    const { roster } = here;
    [here.member, here.roster] = [undefined, undefined];
    if (roster === undefined) return 0;
    // Before it is written down that it is over: a crash in between finds nothing that waits for another cluster.
    const dropped = await writes.drop(standing === "left" ? "this peer has left it" : "this peer was revoked");
    here.record = roster.record(standing);
    await home.write(here.record);
    await home.sweep(undefined);
    changed();
    return dropped;
  }
}
