/**
 * Tells watchers that something has changed: soon, once for many changes, and never from within the change. What they begin is not
 * of whatever request has made the first of these changes.
 */
import { withoutCorrelation } from "../../log.ts";

export class Bell {
  readonly #watchers = new Set<() => void>();
  #isRinging = false;

  watch(heard: () => void): () => void {
    // The same function may watch twice.
    const own = (): void => heard();
    this.#watchers.add(own);
    return () => void this.#watchers.delete(own);
  }

  ring(): void {
    if (this.#isRinging) return;
    this.#isRinging = true;
    const tell = (): void => {
      this.#isRinging = false;
      for (const heard of this.#watchers) heard();
    };
    withoutCorrelation(() => queueMicrotask(tell));
  }
}
