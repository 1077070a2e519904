/** Listeners by the name of what happens. */

/** Ends a subscription; a second call does nothing. */
export type Unsubscribe = () => void;

/** `Events` maps a name to what its listeners are given. */
export class Emitter<Events extends object> {
  readonly #listeners: { [N in keyof Events]?: Set<(event: Events[N]) => unknown> } = {};
  readonly #onFailure: (error: unknown, name: keyof Events) => void;

  /** @param onFailure is told what a listener throws: one listener's failure is not another's */
  constructor(onFailure: (error: unknown, name: keyof Events) => void) {
    this.#onFailure = onFailure;
  }

  on<N extends keyof Events>(name: N, listener: (event: Events[N]) => unknown): Unsubscribe {
    const listeners: Set<(event: Events[N]) => unknown> = this.#listeners[name] ?? new Set();
    this.#listeners[name] = listeners;
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Those who listen now. */
  listeners<N extends keyof Events>(name: N): readonly ((event: Events[N]) => unknown)[] {
    return [...(this.#listeners[name] ?? [])];
  }

  emit<N extends keyof Events>(name: N, event: Events[N]): void {
    for (const listener of this.listeners(name)) {
      void (async () => listener(event))().catch((error: unknown) => this.#onFailure(error, name));
    }
  }
}
