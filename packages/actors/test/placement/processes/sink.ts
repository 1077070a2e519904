/** What entities and singletons of all children write to. It outlives them, and asks its fence in the same step. */
import { type ActorError, Fence } from "../../../src/index.ts";
import type { Effect } from "./talk.ts";

export class Sink {
  readonly #fence = new Fence();
  readonly accepted: Effect[] = [];
  readonly refused: { readonly effect: Effect; readonly code: string }[] = [];

  write(effect: Effect): ActorError | undefined {
    const refusal = this.#fence.admit(effect.stamp);
    if (refusal === undefined) this.accepted.push(effect);
    else this.refused.push({ effect, code: refusal.code });
    return refusal;
  }

  /** Numbers in the order they were accepted. */
  of(who: string): readonly number[] {
    return this.accepted.flatMap((each) => (each.who === who && each.what !== "awake" ? [each.what] : []));
  }

  /** Tokens under which more than one host was let in, and effects that came after those of somebody newer. */
  wrongs(): readonly string[] {
    const hosts = new Map<string, string>();
    const newest = new Map<string, number>();
    return this.accepted.flatMap(({ stamp: { scope, token }, by }) => {
      const host = hosts.get(`${scope}@${token}`) ?? by;
      const isLate = token < (newest.get(scope) ?? 0);
      hosts.set(`${scope}@${token}`, host);
      newest.set(scope, Math.max(token, newest.get(scope) ?? 0));
      return host !== by || isLate ? [`${by} wrote as ${scope}@${token}`] : [];
    });
  }
}
