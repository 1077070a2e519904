/** A drain of any peer of the house, ordered at any other: `parley://PEER/services/drain`. */
import { isActorError, messageKinds, type ActorRef } from "@parley/actors";
import * as z from "zod";
import type { Cluster, PeerReport } from "../../cluster/face.ts";
import { memberNamed } from "../../cluster/host/joining/namesakes.ts";
import { isPeerError, messageOf, PeerError } from "../../errors.ts";
import type { SpawnService } from "../mesh/offer/tree.ts";
import { ownRef, without } from "../mesh/wire.ts";
import type { Drain, DrainReport } from "./drain.ts";

export const MAX_DRAIN_MS = 3_600_000;
/** For who gives no time. */
export const DRAIN_MS = 60_000;

const count = z.int().min(0);
const orderSchema = z.discriminatedUnion("do", [
  z.object({ do: z.literal("begin"), timeoutMs: z.int().min(1_000).max(MAX_DRAIN_MS) }),
  z.object({ do: z.literal("undo") }),
  z.object({ do: z.literal("look") }),
]);
export type DrainOrder = z.output<typeof orderSchema>;

/** What a newer peer says beside is passed over. */
const reportSchema = z.object({
  isDraining: z.boolean(),
  phase: z.enum(["leading", "finishing", "moving", "sending", "done"]).nullable(),
  mayStop: z.boolean(),
  isPrime: z.boolean(),
  isVoter: z.boolean(),
  left: z.object({ clients: count, sessions: count, jobs: count }),
  sinceMs: z.number().nullable(),
  timeoutMs: z.number().nullable(),
});
const answerSchema = z.union([
  z.object({ report: reportSchema }),
  z.object({ refused: z.object({ message: z.string().max(1_000), nextStep: z.string().max(1_000) }) }),
]);
type Answer = z.output<typeof answerSchema>;

interface DrainRequest {
  readonly type: "drain";
  readonly order: DrainOrder;
  readonly replyTo: ActorRef<Answer>;
}

const asked = z.object({ type: z.literal("drain"), order: orderSchema });
const ANSWER_MS = 5_000;
const WAITING = 32;

/** @throws ActorError `bad-message` */
export function acceptsDrainRequest(given: unknown, from: string): DrainRequest {
  return messageKinds<DrainRequest>("who orders a drain", {
    drain: (each) => ({ ...asked.parse(without(each, "replyTo")), replyTo: ownRef(each, "replyTo", from) }),
  })(given);
}

/** One peer's drain, and by whose name. */
export interface NamedDrain extends DrainReport {
  readonly peerId: string;
  readonly name: string;
}

export interface HouseDrainsOptions {
  readonly name: string;
  readonly cluster: Pick<Cluster, "actors" | "peers" | "peerId">;
  readonly own: Pick<Drain, "begin" | "undo" | "report">;
}

export class HouseDrains {
  readonly #options: HouseDrainsOptions;

  constructor(options: HouseDrainsOptions) {
    this.#options = options;
  }

  /** Spawns what the other peers order it from: members, who may do anything to each other. */
  serve(spawn: SpawnService): void {
    const answer = ({ order, replyTo }: DrainRequest): void => void replyTo.tell(this.#answer(order));
    spawn<DrainRequest>(() => answer, {
      name: "drain",
      restart: "permanent",
      mailbox: { capacity: WAITING },
      accepts: acceptsDrainRequest,
    });
  }

  /**
   * Has a peer begin to drain, or take part again, or tells how far it is.
   * @param who by name, fingerprint or id; this peer when absent
   * @throws PeerError `no-such-peer`, also for a name of several, `unreachable`; `not-member` where nobody could take over
   */
  async order(who: string | undefined, order: DrainOrder): Promise<NamedDrain> {
    const { cluster, name } = this.#options;
    const peer = who === undefined ? undefined : memberNamed(who, cluster.peers());
    if (peer === undefined || peer.isSelf) {
      return { peerId: cluster.peerId, name, ...this.#carryOut(order) };
    }
    const { peerId, name: called } = peer;
    return { peerId, name: called, ...(await this.#ask(peer, order)) };
  }

  async #ask({ peerId, name }: PeerReport, order: DrainOrder): Promise<DrainReport> {
    const there = this.#options.cluster.actors?.resolve<DrainRequest>(`parley://${peerId}/services/drain`);
    const away = (cause?: unknown): PeerError =>
      new PeerError("unreachable", `${name} does not answer`, {
        nextStep: "See who is there, and which version each runs: parley peers.",
        cause,
      });
    if (there === undefined) throw away();
    let answer: Answer;
    try {
      const accepts = (reply: unknown): Answer => answerSchema.parse(reply);
      answer = await there.ask<Answer>((replyTo) => ({ type: "drain", order, replyTo }), {
        timeoutMs: ANSWER_MS,
        accepts,
      });
    } catch (error) {
      if (isActorError(error)) throw away(error);
      throw error;
    }
    if ("report" in answer) return answer.report;
    const { message, nextStep } = answer.refused;
    throw new PeerError("not-member", `${name} cannot drain: ${message}`, { nextStep });
  }

  #answer(order: DrainOrder): Answer {
    try {
      return { report: this.#carryOut(order) };
    } catch (error) {
      const nextStep = isPeerError(error) ? error.nextStep : "See that peer's log.";
      return { refused: { message: messageOf(error).slice(0, 1_000), nextStep } };
    }
  }

  #carryOut(order: DrainOrder): DrainReport {
    const { own } = this.#options;
    if (order.do === "begin") own.begin({ timeoutMs: order.timeoutMs });
    if (order.do === "undo") own.undo();
    return own.report;
  }
}
