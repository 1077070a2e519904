/** All adverts that a peer knows, prepared so that a decision among a thousand is quick. Keeps what it is given; knows no time. */
import { primaryLanguage } from "@parley/audio/turn";
import { serviceKey, type Advert, type AdvertisedVoice, type Capability } from "./advert.ts";
import { costsOf, USUAL_SIZES, type Costs } from "./priors.ts";
import type { JobSize } from "./request.ts";

/** An advert with what a decision asks of it, computed once. */
export interface Entry {
  readonly advert: Advert;
  /** When the advert was true: its arrival, less the way. */
  readonly atMs: number;
  readonly costs: Costs;
  /** Primary subtags; undefined: any. */
  readonly languages: ReadonlySet<string> | undefined;
  /** By name in lower case. */
  readonly voices: ReadonlyMap<string, AdvertisedVoice>;
  readonly model: string;
  readonly classes: ReadonlySet<string>;
  readonly hardware: ReadonlySet<string>;
  readonly concurrency: number;
  /** Running and waiting. */
  readonly jobs: number;
  /** Compute time left of them. */
  readonly backlogMs: number;
  readonly isFull: boolean;
  /** How much longer work takes for what else the machine does. */
  readonly slowness: number;
}

/** ISO 639-2: every language. */
const ANY_LANGUAGE = "mul";

/** A machine that is busy with other things still gets this share of itself for a job. */
const LEAST_SHARE = 0.1;

export class Directory {
  readonly #entries = new Map<string, Entry>();
  readonly #byCapability = new Map<Capability, readonly Entry[]>();

  /** With all of `adverts`, true since `atMs`. */
  static of(adverts: Iterable<Advert>, atMs = 0): Directory {
    const directory = new Directory();
    for (const advert of adverts) directory.put(advert, atMs);
    return directory;
  }

  /** Takes the place of what that service said before. @param atMs when it was true, on the clock of decisions */
  put(advert: Advert, atMs: number): void {
    this.#entries.set(serviceKey(advert), prepare(advert, atMs));
    this.#byCapability.delete(advert.capability);
  }

  /** Forgets one service. */
  remove(service: Pick<Advert, "peer" | "capability" | "model">): void {
    this.#entries.delete(serviceKey(service));
    this.#byCapability.delete(service.capability);
  }

  /** Forgets all that a peer offered. */
  removePeer(peer: string): void {
    const theirs = this.adverts.filter((advert) => advert.peer === peer);
    for (const advert of theirs) this.remove(advert);
  }

  get adverts(): readonly Advert[] {
    return [...this.#entries.values()].map(({ advert }) => advert);
  }

  /** Everything that offers `capability`. The list itself never changes. */
  of(capability: Capability): readonly Entry[] {
    let entries = this.#byCapability.get(capability);
    if (entries === undefined) {
      entries = [...this.#entries.values()].filter(({ advert }) => advert.capability === capability);
      this.#byCapability.set(capability, entries);
    }
    return entries;
  }
}

function prepare(advert: Advert, atMs: number): Entry {
  const { languages, voices, running, queued, concurrency, queueCapacity, backlogMs, busyElsewhere } = advert;
  const primaries = [...languages, ...voices.map(({ language }) => language)].map(primaryLanguage);
  const costs = costsOf(advert);
  const slowness = 1 / Math.max(LEAST_SHARE, 1 - count(busyElsewhere, 0));
  const [isRunning, isQueued] = [count(running, 0), count(queued, 0)];
  const usualMs = workMsOf(costs, USUAL_SIZES[advert.capability]) * slowness;
  return {
    advert,
    atMs,
    costs,
    languages: primaries.length === 0 || primaries.includes(ANY_LANGUAGE) ? undefined : new Set(primaries),
    voices: new Map(voices.map((voice) => [voice.name.toLowerCase(), voice])),
    model: advert.model.toLowerCase(),
    classes: new Set(advert.classes.map((each) => each.toLowerCase())),
    hardware: new Set(advert.hardware.map((each) => each.toLowerCase())),
    concurrency: count(concurrency, 0),
    jobs: isRunning + isQueued,
    // Of what runs, half is left on average.
    backlogMs: count(backlogMs, (isRunning / 2 + isQueued) * usualMs),
    isFull: isQueued >= count(queueCapacity, Infinity) && isRunning >= count(concurrency, 0),
    slowness,
  };
}

/** Compute time for a job of that size on an idle machine. */
export function workMsOf(costs: Costs, size: Required<JobSize>): number {
  return (
    costs.fixedMs +
    costs.perAudioMs * size.audioMs +
    costs.perCharacterMs * size.characters +
    costs.perPromptTokenMs * size.promptTokens +
    costs.perTokenMs * size.tokens
  );
}

/** What peers say is not always a number. */
function count(value: number | undefined, otherwise: number): number {
  return value !== undefined && value >= 0 && Number.isFinite(value) ? value : otherwise;
}
