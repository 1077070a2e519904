/** How busy each peer of the house is: asked of each when somebody looks, `parley://PEER/services/load`. */
import { isActorError, messageKinds, type ActorRef } from "@parley/actors";
import * as z from "zod";
import type { Cluster } from "../../cluster/face.ts";
import { CAPABILITIES, type Advert } from "../../routing/index.ts";
import type { SpawnService } from "../mesh/offer/tree.ts";
import { ownRef, without } from "../mesh/wire.ts";
import { MachineMeter } from "./machine-meter.ts";
import type { TurnFigures } from "./turn-meter.ts";

const count = z.int().min(0);
const amount = z.number().min(0);

/** What a peer says of how busy it is. What a newer one says beside is passed over. */
const loadSchema = z.object({
  cpu: z.number().min(0).max(1),
  cores: count,
  memoryUsedBytes: amount,
  memoryTotalBytes: amount,
  rssBytes: amount,
  uptimeSeconds: amount,
  /** Connected to it. */
  clients: count,
  turns: z.object({
    windowMs: amount,
    turns: count,
    turnsEver: count,
    firstAudioMs: z.object({ count, p50: amount, p95: amount }).nullable(),
  }),
  services: z
    .array(
      z.object({
        capability: z.enum(CAPABILITIES),
        model: z.string().max(200),
        running: amount,
        queued: amount,
        concurrency: amount,
        /** As measured; null: never, or it writes nothing. */
        tokensPerSecond: amount.nullable(),
      }),
    )
    .max(64),
});
export type PeerLoad = z.output<typeof loadSchema>;

/** One peer, and what it has said. */
export interface LoadOfPeer {
  readonly peer: string;
  readonly name: string;
  readonly isHere: boolean;
  readonly isPrime: boolean;
  readonly isDraining: boolean;
  /** Null: it is away, or did not answer in time. */
  readonly load: PeerLoad | null;
}

export interface HouseLoadOptions {
  readonly name: string;
  readonly cluster: Pick<Cluster, "actors" | "peers" | "peerId">;
  /** What this peer's own engines have to do. */
  readonly own: () => readonly Pick<Advert, "capability" | "model" | "running" | "queued" | "concurrency" | "speed">[];
  readonly turns: () => TurnFigures;
  readonly clients: () => number;
  readonly machine?: Pick<MachineMeter, "read">;
}

interface LoadRequest {
  readonly type: "load";
  readonly replyTo: ActorRef<PeerLoad>;
}

/** The first look at a machine takes a quarter of this. */
const ANSWER_MS = 1_500;
const WAITING = 32;
const asked = z.object({ type: z.literal("load") });

/** @throws ActorError `bad-message` */
export function acceptsLoadRequest(given: unknown, from: string): LoadRequest {
  return messageKinds<LoadRequest>("who asks how busy a peer is", {
    load: (each) => ({ ...asked.parse(without(each, "replyTo")), replyTo: ownRef(each, "replyTo", from) }),
  })(given);
}

export class HouseLoad {
  readonly #options: HouseLoadOptions;
  readonly #machine: Pick<MachineMeter, "read">;

  constructor(options: HouseLoadOptions) {
    this.#options = options;
    this.#machine = options.machine ?? new MachineMeter();
  }

  /** Spawns what the other peers ask. */
  serve(spawn: SpawnService): void {
    const answer = async ({ replyTo }: LoadRequest): Promise<void> => {
      replyTo.tell(await this.own());
    };
    spawn<LoadRequest>(() => answer, {
      name: "load",
      restart: "permanent",
      mailbox: { capacity: WAITING },
      accepts: acceptsLoadRequest,
    });
  }

  /** This peer itself. */
  async own(): Promise<PeerLoad> {
    const { own, turns, clients } = this.#options;
    return {
      ...(await this.#machine.read()),
      uptimeSeconds: Math.round(process.uptime()),
      clients: clients(),
      turns: turns(),
      services: own().map(({ capability, model, running, queued, concurrency, speed }) => {
        return { capability, model, running, queued, concurrency, tokensPerSecond: speed.tokensPerSecond ?? null };
      }),
    };
  }

  /** All peers of the house; those that are away without a load. */
  async all(): Promise<readonly LoadOfPeer[]> {
    const { name, cluster } = this.#options;
    const peers = cluster.peers().map((peer) => ({ ...peer, isHere: peer.isSelf || peer.peerId === cluster.peerId }));
    const alone = { peerId: cluster.peerId, name, isHere: true, isPrime: false, isDraining: false, isOnline: true };
    const known = peers.some(({ isHere }) => isHere) ? peers : [alone, ...peers];
    return Promise.all(
      known.map(async ({ peerId, name: called, isHere, isPrime, isDraining = false, isOnline }) => ({
        peer: peerId,
        name: called,
        isHere,
        isPrime,
        isDraining,
        load: isHere ? await this.own() : isOnline ? await this.#ask(peerId) : null,
      })),
    );
  }

  async #ask(peer: string): Promise<PeerLoad | null> {
    const load = this.#options.cluster.actors?.resolve<LoadRequest>(`parley://${peer}/services/load`);
    if (load === undefined) return null;
    try {
      const accepts = (reply: unknown): PeerLoad => loadSchema.parse(reply);
      return await load.ask<PeerLoad>((replyTo) => ({ type: "load", replyTo }), { timeoutMs: ANSWER_MS, accepts });
    } catch (error) {
      // Away, too busy to say how busy, or of a version that does not know the question.
      if (isActorError(error)) return null;
      throw error;
    }
  }
}
