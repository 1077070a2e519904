/** The links of one peer with all others: made, watched, made again for ever. */
import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import { PeerError } from "../../errors.ts";
import type { MeshHost } from "../host/mesh-host.ts";
import { atWholeBeats } from "../host/whole-beats.ts";
import { LINK_PROTOCOL, MAX_TOLD_ADDRESSES, type Hello } from "./greeting.ts";
import { DEFAULT_LINK_LIMITS, type LinkLimits } from "./limits.ts";
import type { Link, LinkEvent } from "./link.ts";
import { LinkWire } from "./link-wire.ts";
import { LINK_VERSION, Offers, type WholeOffer } from "./offers.ts";
import { PeerLinks, type PeerLinkStatus } from "./peer-links.ts";

export type { Link, LinkEvent } from "./link.ts";

export interface LinksOptions {
  readonly host: MeshHost;
  readonly log: Logger;
  /** This life of the process; default a new one. */
  readonly incarnation?: string;
  readonly limits?: Partial<LinkLimits>;
  /** Default `Math.random`. */
  readonly random?: () => number;
}

export interface Links {
  readonly incarnation: string;
  /** From now on there shall be a link with `peer`, for ever; more addresses when it is known already. */
  add(peer: string, addresses: readonly string[]): void;
  /** No more link with it. */
  remove(peer: string): void;
  /** Somebody says that a known peer is there: it is dialled at once where there is no link. */
  learn(peer: string, addresses: readonly string[]): void;
  /** Gives up the link that there is, though it seems to live, and makes another. */
  reset(peer: string, why: string): void;
  current(peer: string): Link | undefined;
  /**
   * @throws PeerError `unreachable` when it is not known, or `signal` is aborted before there is a link; or at once while it has just
   * become certain that its process has ended
   */
  whenUp(peer: string, signal: AbortSignal): Promise<Link>;
  roundTripMs(peer: string): number | undefined;
  /** Hears all events in order; must not throw. The result ends that. */
  onEvent(listener: (event: LinkEvent) => void): () => void;
  status(): readonly PeerLinkStatus[];
  /** May be called twice. The host stays. */
  close(): Promise<void>;
}

/** Starts to take offers of links; none is made before `add`. */
export async function createLinks(options: LinksOptions): Promise<Links> {
  const links = new AllLinks(options);
  await options.host.handle(
    LINK_PROTOCOL,
    (stream, connection) => links.expect(new LinkWire(connection, stream, links.offers)),
    { openTo: "members", maxInboundStreams: 1 },
  );
  return links;
}

/** So long nobody waits for a peer whose process has ended; then it may have been started anew. */
const ENDED_FRESH_MS = 1_000;

class AllLinks implements Links {
  readonly incarnation: string;
  readonly offers: Offers;
  readonly #options: LinksOptions;
  readonly #limits: LinkLimits;
  readonly #peers = new Map<string, PeerLinks>();
  readonly #listeners = new Set<(event: LinkEvent) => void>();
  /** Peers whose processes have ended and that have no link since, and when that was known. */
  readonly #endedAtMs = new Map<string, number>();
  /** The one timer of all links. */
  readonly #stopBeating: () => void;
  #beatMs = performance.now();
  #isClosed = false;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.incarnation = options.incarnation ?? randomUUID();
    this.#limits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
    const { attemptTimeoutMs, maxOffersPerPeer, pingEveryMs } = this.#limits;
    this.offers = new Offers({
      timeoutMs: attemptTimeoutMs,
      maxPerPeer: maxOffersPerPeer,
      whole: (offer) => this.#offered(offer),
    });
    this.#stopBeating = atWholeBeats(pingEveryMs, () => this.#beat());
  }

  expect(wire: LinkWire): void {
    this.offers.expect(wire);
  }

  add(peer: string, addresses: readonly string[]): void {
    this.#peer(peer)?.learn(addresses);
  }

  remove(peer: string): void {
    this.#endedAtMs.delete(peer);
    this.#peers.get(peer)?.close("it belongs to this cluster no more");
    this.#peers.delete(peer);
  }

  learn(peer: string, addresses: readonly string[]): void {
    this.#peers.get(peer)?.learn(addresses);
  }

  reset(peer: string, why: string): void {
    this.#peers.get(peer)?.reset(why);
  }

  current(peer: string): Link | undefined {
    return this.#peers.get(peer)?.link;
  }

  whenUp(peer: string, signal: AbortSignal): Promise<Link> {
    const link = this.current(peer);
    if (link !== undefined) return Promise.resolve(link);
    const { promise, resolve, reject } = Promise.withResolvers<Link>();
    const endedAtMs = this.#endedAtMs.get(peer) ?? -Infinity;
    if (!this.#peers.has(peer) || signal.aborted || performance.now() - endedAtMs < ENDED_FRESH_MS) {
      reject(noLink(peer));
      return promise;
    }
    const giveUp = (): void => {
      stopListening();
      reject(noLink(peer));
    };
    const stopListening = this.onEvent((event) => {
      const isUp = event.type === "up" && event.link.peer === peer;
      const hasEnded = event.type === "refused" && event.peer === peer;
      if (!isUp && !hasEnded) return;
      signal.removeEventListener("abort", giveUp);
      if (!isUp) return giveUp();
      stopListening();
      resolve(event.link);
    });
    signal.addEventListener("abort", giveUp, { once: true });
    return promise;
  }

  roundTripMs(peer: string): number | undefined {
    return this.current(peer)?.roundTripMs;
  }

  onEvent(listener: (event: LinkEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(): readonly PeerLinkStatus[] {
    return [...this.#peers.values()].map((peer) => peer.status());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopBeating();
    this.offers.close();
    for (const peer of this.#peers.values()) peer.close("this peer stops");
    this.#peers.clear();
    await this.#options.host.unhandle(LINK_PROTOCOL);
  }

  #peer(peer: string): PeerLinks | undefined {
    const known = this.#peers.get(peer);
    if (known !== undefined || this.#isClosed || peer === this.#options.host.peerId) return known;
    const { host, log, random = Math.random } = this.#options;
    const added = new PeerLinks({
      peer,
      host,
      log,
      random,
      limits: this.#limits,
      hello: () => this.#hello(),
      emit: (event) => this.#emit(event),
    });
    this.#peers.set(peer, added);
    return added;
  }

  /** That of a member which nobody has added yet counts as well: it knows more than this side does so far. */
  #offered(offer: WholeOffer): void {
    const peer = this.#peer(offer.peer);
    if (peer !== undefined) peer.offered(offer);
    else for (const wire of Object.values(offer.wires)) wire.abort(noLink(offer.peer));
  }

  #hello(): Omit<Hello, "kind" | "lost"> {
    const addresses = this.#options.host.addresses().slice(0, MAX_TOLD_ADDRESSES);
    return {
      say: "hello",
      version: LINK_VERSION,
      link: randomUUID(),
      incarnation: this.incarnation,
      addresses: [...addresses],
    };
  }

  #beat(): void {
    const nowMs = performance.now();
    const lateMs = Math.max(0, nowMs - this.#beatMs - 2 * this.#limits.pingEveryMs);
    this.#beatMs = nowMs;
    for (const peer of this.#peers.values()) peer.beat(nowMs, lateMs);
  }

  #emit(event: LinkEvent): void {
    if (event.type === "up") this.#endedAtMs.delete(event.link.peer);
    if (event.type === "refused") this.#endedAtMs.set(event.peer, performance.now());
    for (const listener of this.#listeners) listener(event);
  }
}

function noLink(peer: string): PeerError {
  return new PeerError("unreachable", `there is no link with ${peer}`, {
    nextStep: "Check that the peer runs; links are made again by themselves.",
  });
}
