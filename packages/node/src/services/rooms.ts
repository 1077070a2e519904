/** Speaking in other rooms: through the ears of this peer, or of another one, `parley://PEER/services/room`. */
import { isActorError, messageKinds, type ActorRef } from "@parley/actors";
import * as z from "zod";
import { ToolError } from "../assistant/tools/tool.ts";
import type { Cluster } from "../cluster/face.ts";
import type { SpawnService } from "./mesh/offer/tree.ts";
import { ownRef, without } from "./mesh/wire.ts";
import type { OtherRooms } from "./session/notice.ts";

export interface RoomsOptions {
  /** What people call this peer. */
  readonly name: string;
  readonly cluster: Pick<Cluster, "actors" | "peers" | "peerId">;
  /** Says it through this peer's own ears. False: they do not listen, or have no loudspeaker. */
  readonly announce: (text: string) => boolean;
}

/** What is asked of a room. */
interface SayRequest {
  readonly type: "say";
  readonly text: string;
  /** Told whether it will be said. */
  readonly replyTo: ActorRef<boolean>;
}

const ANSWER_MS = 5_000;
const WAITING = 16;
const say = z.object({ type: z.literal("say"), text: z.string().min(1).max(1_000) });
const wasSaid = z.boolean();

/** @throws ActorError `bad-message` */
export function acceptsSay(given: unknown, from: string): SayRequest {
  return messageKinds<SayRequest>("a room", {
    say: (each) => ({ ...say.parse(without(each, "replyTo")), replyTo: ownRef(each, "replyTo", from) }),
  })(given);
}

export class Rooms implements OtherRooms {
  readonly #options: RoomsOptions;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** Spawns what the other peers ask. */
  serve(spawn: SpawnService): void {
    const { announce } = this.#options;
    spawn<SayRequest>(
      () =>
        ({ text, replyTo }) =>
          void replyTo.tell(announce(text)),
      {
        name: "room",
        restart: "permanent",
        mailbox: { capacity: WAITING },
        accepts: acceptsSay,
      },
    );
  }

  readonly say: OtherRooms["say"] = async (peer, text, signal) => {
    const { announce, cluster } = this.#options;
    const id = this.#idOf(peer);
    if (id === undefined) throw new ToolError(`no peer is called ${peer}; there are ${this.#names().join(", ")}`);
    const isSaid = id === cluster.peerId ? announce(text) : await this.#ask(id, peer, text, signal);
    if (!isSaid) throw new ToolError(`${peer} does not listen now, so it cannot speak either`);
    return `${peer} says it`;
  };

  async #ask(id: string, peer: string, text: string, signal: AbortSignal): Promise<boolean> {
    const room = this.#options.cluster.actors?.resolve<SayRequest>(`parley://${id}/services/room`);
    if (room === undefined) throw new ToolError(`${peer} cannot be reached now`);
    try {
      const accepts = (reply: unknown): boolean => wasSaid.parse(reply);
      return await room.ask<boolean>((replyTo) => ({ type: "say", text, replyTo }), {
        timeoutMs: ANSWER_MS,
        signal,
        accepts,
      });
    } catch (error) {
      if (signal.aborted || !isActorError(error)) throw error;
      throw new ToolError(`${peer} did not answer, and may have said it or not`, { cause: error });
    }
  }

  #idOf(peer: string): string | undefined {
    const { name, cluster } = this.#options;
    const wanted = peer.toLowerCase();
    if (wanted === name.toLowerCase() || peer === cluster.peerId) return cluster.peerId;
    return cluster.peers().find((each) => each.name.toLowerCase() === wanted || each.peerId === peer)?.peerId;
  }

  #names(): readonly string[] {
    const { name, cluster } = this.#options;
    return [...new Set([name, ...cluster.peers().map((each) => each.name)])];
  }
}
