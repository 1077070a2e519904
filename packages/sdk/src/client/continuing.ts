/** A client's wish to go on with another session of its account, until that has come true or not. */
import { ParleyError } from "../errors.ts";
import type { Continued } from "../protocol/resume.ts";
import type { Welcome } from "./link/hearer.ts";

export class Continuing {
  /** What was found when the client came to the session that it is at. */
  #found: Continued | undefined;
  #wish: PromiseWithResolvers<Continued> | undefined;

  get found(): Continued | undefined {
    return this.#found;
  }

  /** @throws ParleyError of whatever prevents it; `cancelled` when another wish takes its place */
  wish(go: () => void): Promise<Continued> {
    const nextStep = "Wait for one before asking for the next.";
    this.refused(new ParleyError("cancelled", "another session was asked for", { nextStep }));
    const wish = Promise.withResolvers<Continued>();
    this.#wish = wish;
    go();
    return wish.promise;
  }

  up({ continued }: Welcome): void {
    // Who comes back to the same session knows already.
    if (continued === undefined) return;
    this.#found = continued;
    this.#wish?.resolve(continued);
    this.#wish = undefined;
  }

  refused(error: ParleyError): void {
    this.#wish?.reject(error);
    this.#wish = undefined;
  }
}
