/** What a program can hear of the peer it embeds. */
import type { ClusterStatus } from "../cluster/face.ts";
import type { TurnReport } from "../services/services.ts";
import type { ServiceName, Stage } from "../services/stage.ts";

export interface PeerEvents {
  /** A service has come further, or has failed. */
  readonly stage: { readonly service: ServiceName; readonly stage: Stage };
  /** A sentence for people about a choice the peer made. */
  readonly news: string;
  /** Something is otherwise in its cluster: `peer.cluster` says more. */
  readonly cluster: ClusterStatus;
  /** Somebody's question was answered, in whatever conversation of this peer. */
  readonly turn: TurnReport;
}

type Listener<Name extends keyof PeerEvents> = (event: PeerEvents[Name]) => unknown;

export class PeerEmitter {
  readonly #listeners: { readonly [Name in keyof PeerEvents]: Set<Listener<Name>> } = {
    stage: new Set(),
    news: new Set(),
    cluster: new Set(),
    turn: new Set(),
  };
  readonly #onFailure: (error: unknown, name: string) => void;

  /** @param onFailure what a listener throws or rejects with: it is the program's own, and ends nothing here */
  constructor(onFailure: (error: unknown, name: string) => void) {
    this.#onFailure = onFailure;
  }

  /** The result ends it. */
  on<Name extends keyof PeerEvents>(name: Name, listener: Listener<Name>): () => void {
    const listeners: Set<Listener<Name>> = this.#listeners[name];
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  hasListeners(name: keyof PeerEvents): boolean {
    return this.#listeners[name].size > 0;
  }

  emit<Name extends keyof PeerEvents>(name: Name, event: PeerEvents[Name]): void {
    const listeners: Set<Listener<Name>> = this.#listeners[name];
    for (const listener of listeners) void this.#tell(name, listener, event);
  }

  async #tell<Name extends keyof PeerEvents>(
    name: Name,
    listener: Listener<Name>,
    event: PeerEvents[Name],
  ): Promise<void> {
    try {
      await listener(event);
    } catch (error) {
      this.#onFailure(error, name);
    }
  }
}
