/** Work of one capability, placed by the router: here where this peer's own engine is the best, else at another peer. */
import { isActorError, type ActorSystem } from "@parley/actors";
import { AudioError, isAudioError } from "@parley/audio";
import {
  policyFor,
  strictest,
  type Advert,
  type Candidate,
  type Capability,
  type Failure,
  type Privacy,
  type Refusal,
  type Terms,
  type RouteRequest,
} from "../../../routing/index.ts";
import { engineTitles } from "../../stage.ts";
import type { EngineOf, LocalEngine } from "../engines.ts";
import type { House } from "../house.ts";
import type { EngineFacts } from "../offers.ts";
import type { SentTerms } from "../wire.ts";
import type { Doer, Ending, Sign, Work } from "./moving.ts";
import { Busier } from "./remote.ts";

/** Of what was measured: who takes so much longer than was to be expected is not waited for alone. */
const OVERDUE = { factor: 1.5, ms: 250 };
/** Of what is only taken to be usual. */
const OVERDUE_UNMEASURED = { factor: 4, ms: 2_000 };

/**
 * When it has to have begun, where the owner's policy says nothing: to wait for the answer before one's own, or for a sentence of
 * somebody else's, is better than to be sent away.
 */
export const PATIENCE_MS: Readonly<Record<Capability, number>> = {
  stt: 8_000,
  tts: 8_000,
  llm: 20_000,
  vad: 1_000,
  wake: 1_000,
};

/** Whoever had no room for a job is not asked for the same again so soon: by then it has said that it has room, or has none. */
const REFUSED_MS = 1_000;

/** How somebody wants it done. */
export interface Ask {
  /** `host`: nothing of it leaves this machine. */
  readonly privacy?: Privacy | undefined;
  readonly model?: string | undefined;
}

/** What happened to work that was to be done, for logs. */
export interface Moved {
  readonly kind: Capability;
  readonly peer: string;
  readonly how: Ending;
  readonly error?: unknown;
}

export interface Placement<Kind extends Capability> {
  readonly kind: Kind;
  readonly house: House;
  readonly local: LocalEngine<EngineOf[Kind]> | undefined;
  /** While the peer belongs to a cluster. */
  readonly system: () => ActorSystem | undefined;
  /** What holds where nobody asks otherwise; a stricter ask holds. */
  readonly privacy: Privacy | undefined;
  readonly onMoved?: ((moved: Moved) => void) | undefined;
}

/** An engine elsewhere. */
export interface There {
  readonly system: ActorSystem;
  readonly peer: string;
  readonly advert: Advert;
  readonly facts: EngineFacts;
  /** To be told with the job. */
  readonly terms: SentTerms;
}

/** What is to be done. */
export interface Task<Kind extends Capability, Item> {
  /** What is asked for, from the strictest wish to the one that will do; looked at each time that it is placed. */
  readonly wishes: () => readonly Omit<RouteRequest, "capability" | "privacy" | "exclude" | "refusedBy">[];
  readonly ask: Ask;
  readonly here: (engine: EngineOf[Kind], signal: AbortSignal) => AsyncIterable<Sign<Item>>;
  readonly there: (there: There, signal: AbortSignal) => AsyncIterable<Sign<Item>>;
  /** Whether an engine elsewhere will do; all when absent. */
  readonly suits?: (facts: EngineFacts, advert: Advert) => boolean;
  /** Whether an engine elsewhere shows that it works while it has nothing to give; true when absent. */
  readonly isLively?: boolean;
  /** Since when the next item has been waited for; undefined: it is not waited for yet. */
  readonly waitedSinceMs?: (sinceMs: number) => number | undefined;
  /** What the next item takes as measured; undefined: never measured. */
  readonly expectedMs?: (advert: Advert, isFirst: boolean) => number | undefined;
}

/** Who may do it, and on which terms. */
interface Choice {
  readonly candidate: Candidate | undefined;
  readonly terms: SentTerms | undefined;
}

interface Place extends Doer, Choice {
  readonly over: (how: "ended" | "left") => void;
  items: number;
}

/** The strictest of what is configured, asked, and agreed on in the house. */
function privacyOf<Kind extends Capability>(placement: Placement<Kind>, ask: Ask): Privacy | undefined {
  const { privacy, house, kind } = placement;
  return strictest(privacy, ask.privacy, policyFor(house.policy, kind).localOnly === true ? "host" : undefined);
}

/** Whether nobody else could do it now, so that there is nothing to choose. */
export function isAlone<Kind extends Capability>({ house, kind }: Placement<Kind>): boolean {
  return !house.hasOthers(kind);
}

/** Whether others are there that may be asked, be they ready or not. */
export function hasHelp<Kind extends Capability>(placement: Placement<Kind>, ask: Ask): boolean {
  return mayHaveHelp(placement, ask) && !isAlone(placement);
}

/** Whether others may be asked, if there are any. */
export function mayHaveHelp<Kind extends Capability>(placement: Placement<Kind>, ask: Ask): boolean {
  return privacyOf(placement, ask) !== "host";
}

/** This peer's own engine, where it may be asked that. @throws AudioError `model-missing` and what the engine does not start with */
export async function ownEngine<Kind extends Capability>(
  placement: Placement<Kind>,
  ask: Ask,
  signal: AbortSignal | undefined,
): Promise<EngineOf[Kind]> {
  const { local, kind } = placement;
  const strict = privacyOf(placement, ask);
  if (local === undefined) throw noEngine(kind, strict);
  const engine = await local.use({ signal, privacy: strict });
  // Looked at last: which engine it is may have been settled only now.
  if (!mayBeAsked(local, strict)) throw noEngine(kind, strict);
  return engine;
}

/** The same, if it is there and may be asked now. */
export function ownIfReady<Kind extends Capability>(placement: Placement<Kind>, ask: Ask): EngineOf[Kind] | undefined {
  const { local } = placement;
  return local !== undefined && mayBeAsked(local, privacyOf(placement, ask)) ? local.ready : undefined;
}

/** Who elsewhere would do it now, of those that suit. */
export function bestElsewhere<Kind extends Capability>(
  placement: Placement<Kind>,
  ask: Ask,
  suits: (facts: EngineFacts) => boolean,
): Advert | undefined {
  const { house, kind } = placement;
  const privacy = privacyOf(placement, ask);
  const request = { capability: kind, exclude: [house.self], ...(privacy === undefined ? {} : { privacy }) };
  return house.decide(request).candidates.find(({ advert }) => suits(house.factsOf(advert)))?.advert;
}

/** Whether what is asked so may go as far as that engine reaches. */
export function mayBeAsked<Engine>(local: LocalEngine<Engine>, privacy: Privacy | undefined): boolean {
  const reach = local.reach(privacy);
  return privacy === "host" ? reach === "host" : privacy === "house" ? reach !== "outside" : true;
}

/** `task`, as it is moved. */
export class PlacedWork<Kind extends Capability, Item> implements Work<Item> {
  readonly #placement: Placement<Kind>;
  readonly #task: Task<Kind, Item>;
  readonly #places = new Map<string, Place>();
  #refusal: Refusal | undefined;
  /** Who had no room for it, and until when that is held against them. */
  readonly #refusedUntilMs = new Map<string, number>();
  /** How often it was sent on because somebody was busier than was known. */
  #moves = 0;

  constructor(placement: Placement<Kind>, task: Task<Kind, Item>) {
    this.#placement = placement;
    this.#task = task;
  }

  /** Who has withdrawn works itself only where nobody else does. */
  choose(exclude: readonly string[]): Doer | undefined {
    const { isWithdrawn, self } = this.#placement.house;
    return (isWithdrawn ? this.#choose([...exclude, self]) : undefined) ?? this.#choose(exclude);
  }

  #choose(exclude: readonly string[]): Doer | undefined {
    const { house } = this.#placement;
    for (const wish of this.#task.wishes()) {
      const { candidate, terms } = this.#decide(wish, exclude);
      if (candidate === undefined) continue;
      const { peer, name } = candidate.advert;
      return this.#keep({ peer, name, candidate, terms, over: house.began(candidate), items: 0 });
    }
    return this.#ownThatIsNotReady(exclude);
  }

  async *begin(doer: Doer, signal: AbortSignal): AsyncGenerator<Sign<Item>> {
    const place = this.#places.get(doer.peer);
    for await (const item of this.#items(place, signal)) {
      if (place !== undefined && typeof item !== "symbol") place.items += 1;
      yield item;
    }
  }

  silenceMs({ peer }: Doer, hasBegun: boolean): number {
    const { house } = this.#placement;
    const { candidate } = this.#places.get(peer) ?? {};
    if (candidate === undefined || candidate.isHere) return Infinity;
    // Who shows no life of itself has nothing to show as long as it owes nothing.
    const { isLively = true, waitedSinceMs } = this.#task;
    if (!isLively && waitedSinceMs?.(0) === undefined) return Infinity;
    // A round trip as it is at its slowest: what is known of it is what it usually takes.
    return house.silences.allowedMs(peer) + (hasBegun ? 0 : 2 * (house.roundTripMs(peer) ?? 0));
  }

  heard({ peer }: Doer, silentMs: number): void {
    const isThere = this.#places.get(peer)?.candidate?.isHere === false;
    if (isThere && this.#task.isLively !== false) this.#placement.house.silences.heard(peer, silentMs);
  }

  dueMs(doer: Doer, sinceMs: number): number | undefined {
    const { candidate, items = 0 } = this.#places.get(doer.peer) ?? {};
    const { waitedSinceMs, expectedMs } = this.#task;
    const fromMs = waitedSinceMs === undefined ? sinceMs : waitedSinceMs(sinceMs);
    // One that is only coming up here has bounds of its own for that.
    if (candidate === undefined || fromMs === undefined) return undefined;
    const { queueMs, networkMs, totalMs } = candidate.expected;
    const measuredMs = expectedMs?.(candidate.advert, items === 0);
    if (measuredMs === undefined) return fromMs + totalMs * OVERDUE_UNMEASURED.factor + OVERDUE_UNMEASURED.ms;
    // What was predicted beyond what the engine has said is no reason to wait for one that stands still.
    const { running, queued, concurrency } = candidate.advert;
    const waitMs = items > 0 ? 0 : networkMs + (running + queued < concurrency ? 0 : queueMs);
    return fromMs + waitMs + measuredMs * OVERDUE.factor + OVERDUE.ms;
  }

  ended({ peer }: Doer, how: Ending, error?: unknown): void {
    const { house, kind, onMoved } = this.#placement;
    const place = this.#places.get(peer);
    this.#places.delete(peer);
    place?.over(how === "done" || how === "failed" ? "ended" : "left");
    if (place?.candidate !== undefined) house.ended(peer, kind, outcomeOf(how, error));
    if (error instanceof Busier && place?.candidate !== undefined) {
      this.#moves += 1;
      if (!error.mayCome) this.#refusedUntilMs.set(peer, house.clock.nowMs() + REFUSED_MS);
      house.learn(place.candidate.advert, error.load);
      return;
    }
    if (how === "failed" || how === "stalled") onMoved?.({ kind, peer, how, error });
  }

  excludes(error: unknown): boolean {
    return !(error instanceof Busier);
  }

  /** Why nobody is left. */
  get why(): AudioError | undefined {
    const { kind } = this.#placement;
    if (this.#refusal?.code === "no-engine") return noEngine(kind, privacyOf(this.#placement, this.#task.ask));
    return this.#refusal === undefined ? undefined : refused(this.#refusal);
  }

  #decide(wish: Omit<RouteRequest, "capability">, exclude: readonly string[]): Choice {
    const { house, kind, system } = this.#placement;
    const strict = privacyOf(this.#placement, this.#task.ask);
    const unsuited: string[] = [];
    const { model } = this.#task.ask;
    for (;;) {
      const decision = house.decide({
        ...wish,
        capability: kind,
        patienceMs: wish.patienceMs ?? policyFor(house.policy, kind).patienceMs ?? PATIENCE_MS[kind],
        ...(strict === undefined ? {} : { privacy: strict }),
        ...(model === undefined ? {} : { model }),
        exclude: [...exclude, ...unsuited],
        refusedBy: this.#refusedBy(),
      });
      const { best, refusal } = decision;
      if (refusal !== undefined) this.#refusal = refusal;
      if (best === undefined) return { candidate: undefined, terms: undefined };
      const { advert, isHere } = best;
      const suits = isHere
        ? this.#placement.local?.ready !== undefined
        : system() !== undefined && (this.#task.suits?.(house.factsOf(advert), advert) ?? true);
      if (suits) return { candidate: best, terms: sentTerms(decision.terms(this.#moves)) };
      unsuited.push(advert.peer);
    }
  }

  #refusedBy(): readonly string[] {
    const nowMs = this.#placement.house.clock.nowMs();
    return [...this.#refusedUntilMs].flatMap(([peer, untilMs]) => (untilMs > nowMs ? [peer] : []));
  }

  /**
   * Nobody who is ready may do it: this peer's own engine comes up for it. Not where all are only busy; nor, at a peer that is not
   * there for such work, where others are that have failed just now: models would be fetched for the sake of some seconds.
   */
  #ownThatIsNotReady(exclude: readonly string[]): Doer | undefined {
    const { house, local } = this.#placement;
    const peer = house.self;
    if (local === undefined || exclude.includes(peer) || this.#refusal?.code === "engines-busy") return undefined;
    if (!local.isOffered && hasHelp(this.#placement, this.#task.ask)) return undefined;
    const place = { peer, name: "this peer", over: () => undefined, items: 0 };
    return this.#keep({ ...place, candidate: undefined, terms: undefined });
  }

  #keep(place: Place): Place {
    this.#places.set(place.peer, place);
    return place;
  }

  async *#items(place: Place | undefined, signal: AbortSignal): AsyncGenerator<Sign<Item>> {
    const { house, system } = this.#placement;
    const now = system();
    if (place?.candidate === undefined || place.candidate.isHere || place.terms === undefined) {
      yield* this.#task.here(await ownEngine(this.#placement, this.#task.ask, signal), signal);
    } else if (now === undefined) {
      throw new AudioError("engine-closed", "this peer has left its cluster", { nextStep: "Try again." });
    } else {
      const { candidate, terms, peer } = place;
      const { advert } = candidate;
      yield* this.#task.there({ system: now, peer, advert, facts: house.factsOf(advert), terms }, signal);
    }
  }
}

function sentTerms(terms: Terms | undefined): SentTerms | undefined {
  if (terms === undefined) return undefined;
  const { moveAboveMs, ...rest } = terms;
  return { ...rest, ...(Number.isFinite(moveAboveMs) ? { moveAboveMs } : {}) };
}

function outcomeOf(how: Ending, error: unknown): "well" | Failure | undefined {
  if (how === "done") return "well";
  // On a busy machine one may be silent for a moment: that is no proof yet.
  if (how === "stalled") return "failed";
  if (how !== "failed") return undefined;
  if (isActorError(error)) return "gone";
  return isAudioError(error, "engine-busy", "model-missing") ? undefined : "failed";
}

function refused({ message, retryAfterMs }: Refusal): AudioError {
  const when = retryAfterMs === undefined ? "in a moment" : `in about ${Math.max(1, Math.ceil(retryAfterMs / 1000))} s`;
  return new AudioError("engine-busy", message, { nextStep: `Try again ${when}; parley peers shows who is there.` });
}

function noEngine(kind: Capability, privacy: Privacy | undefined): AudioError {
  const title = engineTitles[kind];
  return privacy === "host"
    ? new AudioError("model-missing", `no ${title} engine works on this host alone, and nothing of this may leave it`, {
        nextStep: `Give this peer a model for it (parley models list), or allow more with privacy.${kind}.`,
      })
    : new AudioError("model-missing", `this peer has no ${title} engine that may be asked this`, {
        nextStep: "Start a peer that has one; parley peers shows who is there.",
      });
}
