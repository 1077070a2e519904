/** Something that ends waits early, now and then. What has ended by itself leaves nothing behind here. */
export class Interruption {
  readonly #waiting = new Set<() => void>();

  /** Ends all waits there are. */
  ring(): void {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const end of all) end();
  }

  /** What `promise` gives, or `instead` as soon as it rings. */
  race<Value>(promise: Promise<Value>, instead: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      const end = (): void => resolve(instead());
      this.#waiting.add(end);
      promise.then(resolve, reject).finally(() => this.#waiting.delete(end));
    });
  }
}
