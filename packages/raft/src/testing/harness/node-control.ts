/** Carries out control requests in a node's process. */
import { RaftError } from "../../errors.ts";
import type { NodeId } from "../../core/types.ts";
import type { RaftNode } from "../../driver/node.ts";
import type { TcpTransport } from "../tcp/tcp-transport.ts";
import {
  LOOPBACK,
  parseAction,
  type ControlAction,
  type ControlResults,
  type LinkSetting,
  type PeerPlace,
  type WireDigest,
  type WireStatus,
} from "./control.ts";

export interface NodeControlParts {
  readonly id: NodeId;
  readonly transport: TcpTransport;
  readonly digest: () => WireDigest;
}

type Result = ControlResults[keyof ControlResults];

export class NodeControl {
  readonly #parts: NodeControlParts;
  readonly #peers = new Map<NodeId, string>();
  #node: RaftNode | undefined;

  constructor(parts: NodeControlParts) {
    this.#parts = parts;
  }

  /** From now on there is a node to ask. */
  attach(node: RaftNode): void {
    this.#node = node;
  }

  /** @throws RaftError `corrupt` for no request; what the node throws. */
  async carryOut(body: Uint8Array): Promise<Uint8Array> {
    return Buffer.from(JSON.stringify(await this.#run(parseAction(body))));
  }

  /** Everybody there is, in place of what was known; connections to those that stay where they were stay too. */
  setPeers(peers: readonly PeerPlace[]): void {
    const { id: self, transport } = this.#parts;
    const others = peers.filter(({ id }) => id !== self);
    for (const id of this.#peers.keys()) {
      if (others.some((other) => other.id === id)) continue;
      transport.removePeer(id);
      this.#peers.delete(id);
    }
    for (const { id, host = LOOPBACK, port } of others) {
      const place = `${host} ${port}`;
      if (this.#peers.get(id) === place) continue;
      this.#peers.set(id, place);
      transport.setPeer(id, { host, port });
    }
  }

  /** What goes out to a peer; what comes in is the other end's matter. */
  setLink({ peer, cut, delayMs }: LinkSetting): void {
    this.#parts.transport.setLink(peer, { cut: cut ? "out" : "none", delayMs });
  }

  async #run(action: ControlAction): Promise<Result> {
    const node = this.#node;
    if (node === undefined) throw new RaftError("unavailable", "the node is still starting");
    switch (action.action) {
      case "status":
        return this.#status(node);
      case "digest":
        return this.#parts.digest();
      case "membership":
        return node.changeMembership(action.steps, { timeoutMs: action.timeoutMs });
      case "transfer":
        return node.transferLeadership(action.to, { timeoutMs: action.timeoutMs });
      case "snapshot":
        await node.snapshot();
        return null;
      case "campaign":
        node.campaign();
        return null;
      case "leave":
        return node.leave({ timeoutMs: action.timeoutMs });
      case "stop":
        await node.stop({ timeoutMs: action.timeoutMs });
        return null;
      case "peers":
        this.setPeers(action.peers);
        return null;
      case "link":
        this.setLink(action);
        return null;
      default:
        return action satisfies never;
    }
  }

  #status(node: RaftNode): WireStatus {
    const { peers, ...status } = node.status();
    return {
      ...status,
      peers: [...peers].map(([id, peer]) => ({ ...peer, id })),
      pid: process.pid,
      rssBytes: process.memoryUsage.rss(),
    };
  }
}
