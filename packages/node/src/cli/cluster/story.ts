/**
 * What becomes of a peer's part in a cluster, told to whoever looks at the console where it was started: what is new since it
 * was told last. Pure: time comes in.
 */
import type { Cluster, MetCluster, PeerReport, WaitingPeer } from "../../cluster/face.ts";
import { describeOther, howToUnite } from "../../cluster/status/others.ts";
import { namesakeText, troubleText } from "./texts.ts";

/** All that is told of. */
export interface Scene {
  readonly belonging: Cluster["belonging"];
  readonly clusterId: string | undefined;
  /** Of this peer. */
  readonly fingerprint: string;
  readonly peers: readonly Pick<PeerReport, "peerId" | "name" | "isSelf" | "isOnline">[];
  readonly met: readonly MetCluster[];
  readonly knocking: readonly WaitingPeer[];
  readonly prime: { readonly peerId: string; readonly term: number } | undefined;
  /** Why this peer cannot take part, though it should. */
  readonly trouble: string | undefined;
  /** Undefined while enough voters are there to agree; else why they are not, and what would help. */
  readonly noQuorum: readonly string[] | undefined;
}

/** What a line that the person types now means. */
export type Expected =
  /** Nothing. */
  | undefined
  | { readonly what: "code" }
  /** Whether to join the cluster of the peer with this fingerprint, whose person has approved this one. */
  | { readonly what: "yes-or-no"; readonly fingerprint: string };

export interface StoryOptions {
  /** How commands are called: `parley`, `npx parley`. */
  readonly command: string;
  /** Whether somebody can type here. */
  readonly hasPerson: boolean;
}

/** Another cluster that is still there after this has something in it: an empty one has given itself up by then. */
const STAYS_MS = 15_000;

const THROWN_OUT = "This peer was thrown out of its cluster: no member talks to it any more. It works by itself.";

export class Story {
  readonly #options: StoryOptions;
  #last: Scene | undefined;
  /** Names of those that have been seen here. */
  readonly #seen = new Map<string, string>();
  #online = new Set<string>();
  readonly #lost = new Set<string>();
  readonly #knocked = new Set<string>();
  readonly #metSinceMs = new Map<string, number>();
  #expected: Expected;

  constructor(options: StoryOptions) {
    this.#options = options;
  }

  get expected(): Expected {
    return this.#expected;
  }

  /** Lines for people, of what has changed. */
  tell(now: Scene, nowMs: number): readonly string[] {
    if (isHalfKnown(now)) return [];
    const scene = { ...now, prime: namedPrime(now) };
    const last = this.#last;
    this.#last = scene;
    const told = [
      ...tellTrouble(scene, last),
      ...this.#tellBelonging(scene, last),
      ...this.#tellApproval(scene, last),
      ...(scene.belonging === "member" ? this.#tellCompany(scene, last, nowMs) : []),
    ];
    this.#expect(scene);
    return told;
  }

  #tellBelonging(scene: Scene, last: Scene | undefined): readonly string[] {
    const { belonging, clusterId } = scene;
    const isSame = belonging === last?.belonging && clusterId === last.clusterId;
    const { command } = this.#options;
    const parting = `This peer has left its cluster. To join one again: ${command} join`;
    if (belonging === "waiting") {
      // Who has left may have found a cluster again before it was looked at.
      const hasParted = last?.belonging === "member" && last.peers.some(({ isSelf }) => !isSelf);
      if (hasParted) return [parting, ...this.#tellWaiting(scene)];
      return isSame && besideOf(last) === besideOf(scene) ? [] : this.#tellWaiting(scene);
    }
    if (belonging === "revoked") {
      const isBeside = besideOf(scene) !== undefined && !(isSame && besideOf(last) === besideOf(scene));
      return [...(isSame ? [] : [THROWN_OUT]), ...(isBeside ? this.#tellWaiting(scene) : [])];
    }
    if (isSame) return [];
    switch (belonging) {
      case "off":
        return [];
      case "looking":
        return scene.trouble === undefined ? ["Looking for a cluster nearby …"] : [];
      case "member":
        return tellMember(scene, command);
      case "left":
        return [parting];
    }
  }

  #tellWaiting({ met, fingerprint }: Scene): readonly string[] {
    const [beside] = met;
    const { command, hasPerson } = this.#options;
    const whose = beside === undefined ? "a cluster" : `the cluster ${beside.clusterId} of ${beside.name}`;
    const theirs = beside === undefined ? "" : ` (fingerprint ${beside.fingerprint})`;
    return [
      `Found ${whose}${theirs}: waiting beside it, and working alone meanwhile.`,
      `To join, run on one of its hosts: ${command} pair`,
      hasPerson ? "and type here the code that it shows." : `and here: ${command} join --code XXXX-XXXX`,
      `Or approve this peer there: ${command} pair --approve ${fingerprint}`,
    ];
  }

  #tellApproval({ met }: Scene, last: Scene | undefined): readonly string[] {
    const approved = met.find(({ hasApproved }) => hasApproved);
    const before = last?.met.find(({ hasApproved }) => hasApproved);
    if (approved === undefined || approved.fingerprint === before?.fingerprint) return [];
    const { command, hasPerson } = this.#options;
    return [
      `A person at ${approved.name} has approved this peer. Does that one show the fingerprint ${approved.fingerprint}?`,
      hasPerson
        ? "Type y to join its cluster, n not to."
        : `If so, join its cluster: ${command} join --fingerprint ${approved.fingerprint}`,
    ];
  }

  #tellCompany(scene: Scene, last: Scene | undefined, nowMs: number): readonly string[] {
    const isNew = last?.belonging !== "member" || last.clusterId !== scene.clusterId;
    if (isNew) this.#forget();
    return [
      ...this.#tellPeers(scene, isNew),
      ...tellPrime(scene, isNew ? undefined : last),
      ...tellQuorum(scene, isNew ? undefined : last),
      ...this.#tellKnocking(scene),
      ...this.#tellOthers(scene, nowMs),
    ];
  }

  #tellPeers({ peers }: Scene, isNew: boolean): readonly string[] {
    const told: string[] = [];
    for (const { peerId, name, isSelf, isOnline } of peers) {
      if (!this.#seen.has(peerId) && !isNew && !isSelf) told.push(`${name} belongs to the cluster now.`);
      const wasLost = this.#lost.has(peerId);
      // Who has not been there since this peer started is not missed.
      if (isOnline && wasLost) told.push(`${name} is back.`);
      if (isOnline) this.#lost.delete(peerId);
      this.#seen.set(peerId, name);
    }
    const now = new Set(peers.map(({ peerId }) => peerId));
    for (const [peerId, name] of this.#seen) {
      if (now.has(peerId)) continue;
      this.#seen.delete(peerId);
      this.#lost.delete(peerId);
      told.push(`${name} belongs to the cluster no more.`);
    }
    return [...told, ...this.#tellLost(peers)];
  }

  #tellLost(peers: Scene["peers"]): readonly string[] {
    const told: string[] = [];
    for (const { peerId, name, isOnline, isSelf } of peers) {
      if (isSelf || isOnline || !this.#online.has(peerId)) continue;
      this.#lost.add(peerId);
      told.push(`${name} cannot be reached.`);
    }
    this.#online = new Set(peers.filter(({ isOnline }) => isOnline).map(({ peerId }) => peerId));
    return told;
  }

  #tellKnocking({ knocking }: Scene): readonly string[] {
    const { command } = this.#options;
    const fresh = knocking.filter(({ peerId }) => !this.#knocked.has(peerId));
    this.#knocked.clear();
    for (const { peerId } of knocking) this.#knocked.add(peerId);
    return fresh.flatMap((peer) => [
      `${peer.name} (fingerprint ${peer.fingerprint}) wants to be let in: ${command} pair, or ${command} pair --approve ${peer.fingerprint}`,
      ...warningOf(peer),
    ]);
  }

  #tellOthers({ met }: Scene, nowMs: number): readonly string[] {
    const ids = new Set(met.map(({ clusterId }) => clusterId));
    for (const id of this.#metSinceMs.keys()) if (!ids.has(id)) this.#metSinceMs.delete(id);
    const told: string[] = [];
    for (const id of ids) {
      const sinceMs = this.#metSinceMs.get(id) ?? nowMs;
      // Told once: it is never that long ago again.
      const isDue = nowMs - sinceMs >= STAYS_MS;
      this.#metSinceMs.set(id, isDue ? Infinity : sinceMs);
      const names = met.filter(({ clusterId }) => clusterId === id).map(({ name }) => name);
      if (isDue) told.push(describeOther({ cluster: id, names }), howToUnite(this.#options.command));
    }
    return told;
  }

  #forget(): void {
    this.#seen.clear();
    this.#lost.clear();
    this.#online.clear();
    this.#knocked.clear();
    this.#metSinceMs.clear();
  }

  #expect({ belonging, met }: Scene): void {
    const approved = met.find(({ hasApproved }) => hasApproved);
    if (approved !== undefined) this.#expected = { what: "yes-or-no", fingerprint: approved.fingerprint };
    else {
      const isBeside = belonging === "waiting" || (belonging === "revoked" && met.length > 0);
      this.#expected = isBeside ? { what: "code" } : undefined;
    }
  }
}

function warningOf(peer: WaitingPeer): readonly string[] {
  const warning = namesakeText(peer);
  return warning === undefined ? [] : [warning];
}

function besideOf(scene: Scene): string | undefined {
  return scene.met[0]?.clusterId;
}

/** Who has just come in learns in the next moments who is there, itself included: nothing is said of the company before. */
function isHalfKnown({ belonging, peers, noQuorum, trouble }: Scene): boolean {
  const isAlone = noQuorum !== undefined || trouble !== undefined;
  return belonging === "member" && !isAlone && !peers.some(({ isSelf }) => isSelf);
}

/** Undefined until it has a name here. */
function namedPrime({ prime, peers }: Scene): Scene["prime"] {
  return peers.some(({ peerId }) => peerId === prime?.peerId) ? prime : undefined;
}

function tellMember({ peers, clusterId }: Scene, command: string): readonly string[] {
  const others = peers.filter(({ isSelf }) => !isSelf).map(({ name }) => name);
  if (others.length > 0) return [`This peer belongs to the cluster ${clusterId ?? ""}, with ${others.join(", ")}.`];
  // What the cluster has agreed on may be known again only when a quorum is there.
  if (peers.length === 0) return [`This peer belongs to the cluster ${clusterId ?? ""}.`];
  return [`This peer is a cluster of its own, ${clusterId ?? ""}. To let another one in: ${command} pair`];
}

function tellPrime({ prime, peers }: Scene, last: Scene | undefined): readonly string[] {
  if (prime === undefined || (prime.peerId === last?.prime?.peerId && prime.term === last.prime.term)) return [];
  const peer = peers.find(({ peerId }) => peerId === prime.peerId);
  const who = peer?.isSelf === true ? "This peer" : (peer?.name ?? prime.peerId);
  return [`${who} is prime (term ${prime.term}).`];
}

/** With what to do about it; what else is said of such a peer is the same in other words. */
function tellTrouble({ trouble, noQuorum = [] }: Scene, last: Scene | undefined): readonly string[] {
  if (trouble === undefined || trouble === last?.trouble) return [];
  return [troubleText(trouble), ...noQuorum.filter((line) => !line.includes(trouble))];
}

function tellQuorum({ noQuorum, trouble }: Scene, last: Scene | undefined): readonly string[] {
  if (trouble !== undefined) return [];
  if (noQuorum === undefined) return last?.noQuorum === undefined ? [] : ["The cluster can agree again."];
  return last?.noQuorum === undefined ? noQuorum : [];
}
