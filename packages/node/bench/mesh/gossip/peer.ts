/**
 * One peer as far as gossip goes: its libp2p host, and what it says now and then. The bench is its clock: the timers of what it says
 * and of gossip's heartbeat are taken from them, so that a busy machine changes nothing but how long the bench takes.
 */
import type { GossipSub } from "@libp2p/gossipsub";
import pino from "pino";
import { LIFE_TOPIC, Life } from "../../../src/cluster/host/member/life.ts";
import { dialable, plainAddress } from "../../../src/mesh/host/addresses.ts";
import { DEFAULT_DOOR_LIMITS, Doorman } from "../../../src/mesh/host/doorman.ts";
import { startLibp2p, type Libp2pNode } from "../../../src/mesh/host/libp2p-node.ts";
import { topicsOver, type Topics } from "../../../src/mesh/host/topics.ts";
import { newIdentity } from "../pair.ts";
import { GossipInside } from "./inside.ts";
import type { Place } from "./orders.ts";

const DIAL_MS = 20_000;
const LOOK_MS = 50;
const PRIME = "12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq";

const log = pino({ level: "silent" });
const standingOf = () => "member" as const;

export class GossipPeer {
  readonly place: Place;
  readonly inside: GossipInside;
  readonly sayEveryMs: number;
  readonly say: () => void;
  said = 0;
  saidBytes = 0;
  heard = 0;
  readonly #node: Libp2pNode;

  private constructor(node: Libp2pNode) {
    this.#node = node;
    const [address] = node.libp2p.getMultiaddrs().map(plainAddress);
    if (address === undefined) throw new Error("a host listens nowhere");
    this.place = { peer: node.libp2p.peerId.toString(), address };
    const { gossip } = node.libp2p.services;
    this.inside = new GossipInside(gossip);
    const saying = this.#live(gossip);
    this.say = saying.run;
    this.sayEveryMs = saying.everyMs;
  }

  static async start(): Promise<GossipPeer> {
    const node = await startLibp2p({
      identity: await newIdentity(),
      listen: [{ host: "127.0.0.1", port: 0 }],
      doorman: new Doorman(standingOf, DEFAULT_DOOR_LIMITS),
      limits: DEFAULT_DOOR_LIMITS,
      admits: () => true,
      isMember: () => true,
      topics: [LIFE_TOPIC],
    });
    const { libp2p } = node;
    // As links do it at either end: what identify finds is what gossip goes over.
    libp2p.addEventListener("connection:open", ({ detail: connection }) => {
      if (connection.direction !== "inbound") return;
      // Whoever dialled notices that this failed, and dials again.
      libp2p.services.identify.identify(connection).catch((error: Error) => connection.abort(error));
    });
    return new GossipPeer(node);
  }

  async dial({ peer, address }: Place): Promise<void> {
    // libp2p holds a connection to the signal that it was dialled with: its deadline ends with the dial.
    const dialling = new AbortController();
    const late = setTimeout(() => dialling.abort(), DIAL_MS);
    const connection = await this.#node.inside.transportManager
      .dial(dialable(address, peer), { signal: dialling.signal })
      .finally(() => clearTimeout(late));
    await this.#node.libp2p.services.identify.identify(connection, { signal: AbortSignal.timeout(DIAL_MS) });
  }

  /** Fulfilled when gossip has streams to so many others; from then on the bench is its clock. */
  async awaitLinks(others: number, signal: AbortSignal): Promise<void> {
    while (!this.inside.isLinked(others)) {
      if (signal.aborted) throw new Error(`gossip has streams to too few of ${others} others`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    this.inside.stopClock();
  }

  /** What a member would say again and again, and how often; the bench says when. */
  #live(gossip: GossipSub): { readonly run: () => void; readonly everyMs: number } {
    let saying: { readonly run: () => void; readonly everyMs: number } | undefined;
    void new Life({
      topics: this.#overheard(topicsOver(gossip, standingOf)),
      links: { onEvent: () => () => undefined, current: () => undefined },
      prime: () => ({ leader: PRIME, term: 7 }),
      log,
      cores: 4,
      repeat: (everyMs, run) => {
        saying = { everyMs, run };
        return () => undefined;
      },
    });
    if (saying === undefined) throw new TypeError("signs of life are not said again and again any more");
    return saying;
  }

  #overheard(topics: Topics): Topics {
    return {
      subscribe: (topic, { accepts, receive }) =>
        topics.subscribe(topic, {
          accepts,
          receive: (bytes, from) => {
            if (from !== this.place.peer) this.heard += 1;
            receive(bytes, from);
          },
        }),
      publish: async (topic, bytes) => {
        this.said += 1;
        this.saidBytes += bytes.length;
        await topics.publish(topic, bytes);
      },
    };
  }
}
