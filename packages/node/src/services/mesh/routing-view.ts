/** What the router knows and would decide, for people who look; nothing is begun by looking. */
import {
  CAPABILITIES,
  explain,
  formatRequest,
  parsePolicy,
  policyFor,
  strictest,
  type Advert,
  type BreakerView,
  type Capability,
  type Policy,
  type Privacy,
  type RouteExplanation,
  type RouteRequest,
} from "../../routing/index.ts";
import type { LocalEngine } from "./engines.ts";
import type { House } from "./house.ts";
import { mayBeAsked, PATIENCE_MS } from "./routed/placing.ts";

/** One service of the house. */
export interface ListedService extends Omit<Advert, "voices"> {
  readonly isHere: boolean;
  readonly voices: readonly string[];
  /** Null: not known. */
  readonly roundTripMs: number | null;
  readonly breaker: BreakerView["state"];
}

/** Who would do the usual job of one capability, under two policies; null: nobody. */
export interface PolicyEffect {
  readonly capability: Capability;
  readonly before: string | null;
  readonly after: string | null;
  /** Why, in one sentence each. */
  readonly outcomes: readonly [before: string, after: string];
}

export interface RoutingViewOptions {
  readonly house: House;
  /** What must not leave this host, or the house, whoever asks. */
  readonly privacy: Readonly<Partial<Record<Capability, Privacy>>>;
  /** The policy as it is agreed on; undefined: nobody has chosen one, or there is no cluster. */
  readonly policyText: () => string | undefined;
  /** This peer's own engine, there or on its way; undefined: it has none. */
  readonly own: (capability: Capability) => LocalEngine<unknown> | undefined;
}

export class RoutingView {
  readonly #options: RoutingViewOptions;

  constructor(options: RoutingViewOptions) {
    this.#options = options;
  }

  /** As it holds, and what of the agreed text cannot be read. */
  policy(): { readonly policy: Policy; readonly isChosen: boolean; readonly problems: readonly string[] } {
    const { house, policyText } = this.#options;
    const text = policyText();
    const read = parsePolicy(text);
    return { policy: house.policy, isChosen: text !== undefined, problems: read.ok ? [] : read.problems };
  }

  /** All services that this peer knows of, its own first, then by capability and name. */
  list(): readonly ListedService[] {
    const { house } = this.#options;
    const listed = house.offers.map(({ advert: { voices, ...advert } }): ListedService => {
      const { peer, capability } = advert;
      return {
        ...advert,
        isHere: peer === house.self,
        voices: voices.map(({ name }) => name),
        roundTripMs: house.roundTripMs(peer) ?? null,
        breaker: house.breaker(peer, capability)?.state ?? "closed",
      };
    });
    const order = (capability: Capability): number => CAPABILITIES.indexOf(capability);
    return listed.toSorted(
      (a, b) =>
        order(a.capability) - order(b.capability) ||
        Number(b.isHere) - Number(a.isHere) ||
        a.name.localeCompare(b.name) ||
        a.model.localeCompare(b.model),
    );
  }

  /** What would be decided now, here. */
  explain(request: RouteRequest, policy?: Policy): RouteExplanation {
    const { house, privacy } = this.#options;
    const { capability } = request;
    const { patienceMs } = policyFor(policy ?? house.policy, capability);
    // What the owner keeps at home is a rule of its own, and shown as such.
    const strict = strictest(request.privacy, privacy[capability]);
    const asPlaced: RouteRequest = {
      ...request,
      patienceMs: request.patienceMs ?? patienceMs ?? PATIENCE_MS[capability],
      ...(strict === undefined ? {} : { privacy: strict }),
    };
    const explained = explain(house.foresee(asPlaced, policy));
    const isOwn = explained.refusal !== null && this.#bringsUpOwn(asPlaced, explained.refusal.code, policy);
    const outcome = `Nobody who is ready does it: this peer would bring up its own ${capability} engine, if it has a model or may fetch one.`;
    // What is asked is what is shown, though it is decided as this peer would.
    return { ...explained, request: formatRequest(request), ...(isOwn ? { outcome, refusal: null } : {}) };
  }

  /** As work is placed: not where others are only busy, nor at a peer that is not there for it where others may be asked. */
  #bringsUpOwn({ capability, privacy, exclude }: RouteRequest, refusal: string, policy?: Policy): boolean {
    const { house } = this.#options;
    const own = this.#options.own(capability);
    const { localOnly } = policyFor(policy ?? house.policy, capability);
    const strict = strictest(privacy, localOnly === true ? "host" : undefined);
    if (own === undefined || own.ready !== undefined || !mayBeAsked(own, strict)) return false;
    if (refusal === "engines-busy" || exclude?.includes(house.self) === true) return false;
    return own.isOffered || strict === "host" || !house.hasOthers(capability);
  }

  /** What would be otherwise for the usual jobs if `policy` held. */
  effectsOf(policy: Policy): readonly PolicyEffect[] {
    return CAPABILITIES.map((capability) => {
      const [before, after] = [this.explain({ capability }), this.explain({ capability }, policy)];
      return {
        capability,
        before: whoOf(before),
        after: whoOf(after),
        outcomes: [before.outcome, after.outcome] as const,
      };
    });
  }
}

function whoOf({ refusal, candidates }: RouteExplanation): string | null {
  const [best] = candidates;
  if (refusal !== null) return null;
  return best === undefined ? "this peer (its own)" : `${best.name} (${best.model})`;
}
