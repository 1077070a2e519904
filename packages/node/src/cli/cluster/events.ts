/** What becomes of a peer's part in a cluster, as events for programs: `parley start --json`. Pure: scenes come in. */
import type { Scene } from "./story.ts";

/** One of these on each line:
 * - `cluster`: `belonging`, `clusterId`, `prime` (its peer id) and `term`, `hasQuorum`, `why` it has none, `trouble`;
 * - `peer`: another member, by `peerId` and `name`, which is `online`, `away` or `gone`;
 * - `waiting`, `gone-away`: a newcomer that knocks at this peer, and that it does so no longer;
 * - `met`: another cluster at whose door this peer has stood, as of now.
 */
export type ClusterEvent = { readonly event: string } & Readonly<Record<string, unknown>>;

type Keyed = ReadonlyMap<string, ClusterEvent>;

/** Keeps what was told, and tells what is new. */
export class ClusterEvents {
  #told: Keyed = new Map();

  tell(scene: Scene): readonly ClusterEvent[] {
    const now = eventsOf(scene);
    const ended = [...this.#told].flatMap(([key, event]) => (now.has(key) ? [] : endOf(event)));
    const news = [...now].filter(([key, event]) => JSON.stringify(this.#told.get(key)) !== JSON.stringify(event));
    this.#told = now;
    return [...ended, ...news.map(([, event]) => event)];
  }
}

/** All there is to tell, by what each of it is about. */
function eventsOf(scene: Scene): Keyed {
  const { belonging, clusterId, prime, noQuorum, trouble } = scene;
  const isMember = belonging === "member";
  const cluster: ClusterEvent = {
    event: "cluster",
    belonging,
    clusterId: clusterId ?? null,
    prime: prime?.peerId ?? null,
    term: prime?.term ?? null,
    hasQuorum: isMember ? noQuorum === undefined : null,
    why: noQuorum ?? [],
    trouble: trouble ?? null,
  };
  const others = isMember ? scene.peers.filter(({ isSelf }) => !isSelf) : [];
  return new Map<string, ClusterEvent>([
    ["cluster", cluster],
    ...others.map(({ peerId, name, isOnline }): [string, ClusterEvent] => [
      `peer ${peerId}`,
      { event: "peer", peerId, name, state: isOnline ? "online" : "away" },
    ]),
    ...scene.knocking.map((peer): [string, ClusterEvent] => [`waiting ${peer.peerId}`, { event: "waiting", ...peer }]),
    ...scene.met.map((met): [string, ClusterEvent] => [`met ${met.peerId}`, { event: "met", ...met }]),
  ]);
}

/** What is told when something is no longer so. */
function endOf({ event, peerId, name }: ClusterEvent): readonly ClusterEvent[] {
  if (event === "peer") return [{ event, peerId, name, state: "gone" }];
  if (event === "waiting") return [{ event: "gone-away", peerId, name }];
  return [];
}
