/** What this host wants of others: which asks and watches wait for whom. */
import { ActorError } from "../errors.ts";
import type { ActorAddress } from "./address.ts";
import type { Watcher } from "./base-ref.ts";
import type { TerminationReason } from "./ref.ts";
import type { RemoteDelivery } from "./remote.ts";
import type { Elsewhere, FailingAsk, RemoteRef } from "./remote-ref.ts";

/** Watchers of one actor elsewhere. */
interface Watched {
  readonly ref: RemoteRef<never>;
  readonly watchers: Set<Watcher>;
}

export class RemoteBooks implements Elsewhere {
  /** Nothing can be reached until the system has made its remoting. */
  delivery: RemoteDelivery;
  /** Who waits, and for which host. */
  readonly #asks = new Map<FailingAsk, string>();
  /** By host, then by address. */
  readonly #watched = new Map<string, Map<string, Watched>>();

  constructor() {
    this.delivery = {
      tell: (to) => unreachable(to),
      offer: (to) => Promise.reject(unreachable(to)),
      watch: (to) => this.peerGone(to.peer, unreachable(to)),
      unwatch: () => undefined,
      close: () => Promise.resolve(),
    };
  }

  expect(peer: string, ask: FailingAsk): void {
    this.#asks.set(ask, peer);
    ask.whenSettled(() => this.#asks.delete(ask));
  }

  watch(ref: RemoteRef<never>, watcher: Watcher): void {
    const ofPeer = this.#watched.get(ref.to.peer) ?? new Map<string, Watched>();
    this.#watched.set(ref.to.peer, ofPeer);
    const watched = ofPeer.get(ref.address) ?? { ref, watchers: new Set() };
    const isFirst = watched.watchers.size === 0;
    ofPeer.set(ref.address, watched);
    watched.watchers.add(watcher);
    if (isFirst) this.delivery.watch(ref.to);
  }

  unwatch(ref: RemoteRef<never>, watcher: Watcher): void {
    const watched = this.#watched.get(ref.to.peer)?.get(ref.address);
    if (watched === undefined || !watched.watchers.delete(watcher) || watched.watchers.size > 0) return;
    this.#forget(ref);
    this.delivery.unwatch(ref.to);
  }

  watched(peer: string): readonly ActorAddress[] {
    return [...(this.#watched.get(peer)?.values() ?? [])].map(({ ref }) => ref.to);
  }

  terminated({ peer }: ActorAddress, address: string, reason: TerminationReason, error: ActorError | undefined): void {
    const watched = this.#watched.get(peer)?.get(address);
    if (watched === undefined) return;
    this.#forget(watched.ref);
    for (const watcher of watched.watchers) watcher.terminated({ ref: watched.ref, reason, error });
  }

  peerGone(peer: string, error: ActorError): void {
    for (const [ask, host] of this.#asks) if (host === peer) ask.failed(error);
    for (const { ref } of this.#watched.get(peer)?.values() ?? []) {
      this.terminated(ref.to, ref.address, "peer-gone", error);
    }
  }

  #forget({ to, address }: RemoteRef<never>): void {
    const ofPeer = this.#watched.get(to.peer);
    ofPeer?.delete(address);
    if (ofPeer?.size === 0) this.#watched.delete(to.peer);
  }
}

function unreachable({ peer }: ActorAddress): ActorError {
  return new ActorError("peer-gone", `${peer} cannot be reached: this system has no remoting`);
}
