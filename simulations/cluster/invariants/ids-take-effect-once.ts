/**
 * What was given to an outbox takes effect once in the cluster that it was for: never twice, never after it was said not to be kept,
 * in the order in which it came; and, where its peer still belongs when all is well, at all.
 */
import { demand } from "../../kit/violation.ts";
import type { Happening, Invariant, Postponed } from "../chronicle.ts";
import { LATER } from "../clients/later.ts";

const NAME = "ids-take-effect-once";
/** Of what others have gone through already, not every step: they are held to be alike elsewhere. */
const EVERY = 16;

interface Kept extends Postponed {
  readonly id: string | undefined;
}

interface Effect {
  readonly cluster: string;
  readonly revision: number;
}

export function idsTakeEffectOnce(): Invariant {
  const kept = new Map<string, Kept>();
  const effects = new Map<string, Effect>();
  const told = new Map<string, Extract<Happening, { type: "told" }>>();
  /** Up to where each cluster was looked through. */
  const seen = new Map<string, number>();
  return {
    name: NAME,
    see(happening) {
      switch (happening.type) {
        case "postponed":
          kept.set(happening.write.key, { ...happening.write, id: happening.id });
          return;
        case "told":
          told.set(happening.key, happening);
          return;
        case "replica": {
          const { life, cluster, state } = happening.replica;
          const { index } = state;
          if (state.pairs === happening.before?.pairs) return;
          if (index <= (seen.get(cluster) ?? 0) && index % EVERY !== 0) return;
          seen.set(cluster, Math.max(index, seen.get(cluster) ?? 0));
          for (const [key, { revision }] of state.pairs.range(LATER)) {
            const known = effects.get(key) ?? { cluster, revision };
            effects.set(key, known);
            demand(
              known.cluster === cluster && known.revision === revision,
              NAME,
              () =>
                `${key} took effect at ${known.revision} of ${known.cluster}, and at ${revision} of ${cluster}: ${life}`,
            );
          }
          return;
        }
        case "healed":
          for (const write of kept.values())
            expectEffect(write, happening, effects.get(write.key), told.get(write.key));
          expectOrder([...kept.values()], effects);
          return;
        default:
          return;
      }
    },
  };
}

function expectEffect(
  { key, id, cluster, peer, node }: Kept,
  { peers }: Extract<Happening, { type: "healed" }>,
  effect: Effect | undefined,
  told: Extract<Happening, { type: "told" }> | undefined,
): void {
  const isNothing = id === undefined || told?.outcome === "refused";
  demand(!isNothing || effect === undefined, NAME, () => `${key} was refused, and took effect at ${effect?.revision}`);
  demand(
    effect === undefined || effect.cluster === cluster,
    NAME,
    () => `${key} was for ${cluster}, and took effect in ${effect?.cluster}`,
  );
  demand(
    told?.value === undefined || told.value === effect?.revision,
    NAME,
    () => `${key} was said to have taken effect at ${told?.value}, and did at ${effect?.revision}`,
  );
  const stays = peers.some((one) => one.peer === peer && one.cluster === cluster && one.node === node);
  demand(isNothing || !stays || effect !== undefined, NAME, () => `${key}, ${id}, never took effect`);
}

/** Those of one outbox take effect in the order of their numbers. */
function expectOrder(kept: readonly Kept[], effects: ReadonlyMap<string, Effect>): void {
  const numbered = kept.flatMap(({ id, key }) => {
    const revision = effects.get(key)?.revision;
    const at = id?.lastIndexOf(".") ?? -1;
    if (id === undefined || revision === undefined || at < 0) return [];
    return [{ box: id.slice(0, at), sequence: Number(id.slice(at + 1)), key, revision }];
  });
  for (const those of Map.groupBy(numbered, ({ box }) => box).values()) {
    const inOrder = those.toSorted((a, b) => a.sequence - b.sequence);
    for (const [i, { key, revision }] of inOrder.entries()) {
      const before = inOrder[i - 1];
      demand(
        before === undefined || before.revision <= revision,
        NAME,
        () => `${key} took effect at ${revision}, and ${before?.key}, which came before it, at ${before?.revision}`,
      );
    }
  }
}
