/** What must not outlive its owner: a life, or the system. */

export interface Closable {
  /** May be called at any time, also afterwards. */
  close(): void;
}

export class Closables {
  readonly #open = new Set<Closable>();

  /** @param make is given what to call once it is closed; that may be before it returns */
  own<Owned extends Closable>(make: (closed: () => void) => Owned): Owned {
    const state: { isClosed: boolean; owned?: Owned } = { isClosed: false };
    const owned = make(() => {
      state.isClosed = true;
      if (state.owned !== undefined) this.#open.delete(state.owned);
    });
    state.owned = owned;
    if (!state.isClosed) this.#open.add(owned);
    return owned;
  }

  closeAll(): void {
    for (const owned of this.#open) owned.close();
  }
}
