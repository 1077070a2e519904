/** All adverts that a peer knows, prepared so that a decision among a thousand is quick. Keeps what it is given; knows no time. */
import { primaryLanguage } from "@parley/audio/turn";
import { serviceKey, type Advert, type Capability } from "./advert.ts";
import type { Entry } from "./entry.ts";
import { costsOf, USUAL_SIZES, type Costs } from "./priors.ts";
import type { JobSize } from "./request.ts";
import { Rows } from "./rows.ts";

/** ISO 639-2: every language. */
const ANY_LANGUAGE = "mul";

/** A machine that is busy with other things still gets this share of itself for a job. */
const LEAST_SHARE = 0.1;

/** All that offer one capability. */
interface Shelf {
  entries: Entry[];
  /** By {@link serviceKey}: where it stands among the entries. */
  readonly places: Map<string, number>;
  readonly rows: Rows;
  /** Somebody holds the entries as they are: the next change makes others. */
  isHeld: boolean;
}

export class Directory {
  readonly #shelves = new Map<Capability, Shelf>();

  /** With all of `adverts`, true since `atMs`. */
  static of(adverts: Iterable<Advert>, atMs = 0): Directory {
    const directory = new Directory();
    for (const advert of adverts) directory.put(advert, atMs);
    return directory;
  }

  /** Takes the place of what that service said before. @param atMs when it was true, on the clock of decisions */
  put(advert: Advert, atMs: number): void {
    const { places, entries, rows } = this.#open(advert.capability);
    const key = serviceKey(advert);
    const place = places.get(key) ?? entries.length;
    places.set(key, place);
    const entry = prepare(advert, atMs, entries[place]);
    entries[place] = entry;
    rows.set(place, entry);
  }

  /** Forgets one service. */
  remove(service: Pick<Advert, "peer" | "capability" | "model">): void {
    const { places, entries, rows } = this.#open(service.capability);
    const key = serviceKey(service);
    const place = places.get(key);
    if (place === undefined) return;
    places.delete(key);
    const last = entries.pop();
    if (last === undefined || place === entries.length) return;
    entries[place] = last;
    rows.set(place, last);
    places.set(serviceKey(last.advert), place);
  }

  /** Forgets all that a peer offered. */
  removePeer(peer: string): void {
    for (const { entries } of this.#shelves.values()) {
      // Removing changes the order behind the place, or the list itself.
      for (const { advert } of entries.filter((entry) => entry.advert.peer === peer)) this.remove(advert);
    }
  }

  get adverts(): readonly Advert[] {
    return [...this.#shelves.values()].flatMap(({ entries }) => entries.map(({ advert }) => advert));
  }

  /** Everything that offers `capability`. The list itself never changes. */
  of(capability: Capability): readonly Entry[] {
    const shelf = this.#shelves.get(capability);
    if (shelf === undefined) return [];
    shelf.isHeld = true;
    return shelf.entries;
  }

  /** When each of {@link of} would be done now, from now, without the way and without what this router has sent. */
  doneMs(capability: Capability, nowMs: number, size: Required<JobSize>): Float64Array {
    const shelf = this.#shelves.get(capability);
    return shelf === undefined ? new Float64Array() : shelf.rows.doneMs(shelf.entries.length, nowMs, size);
  }

  /** To be changed. */
  #open(capability: Capability): Shelf {
    let shelf = this.#shelves.get(capability);
    if (shelf === undefined) {
      shelf = { entries: [], places: new Map(), rows: new Rows(), isHeld: false };
      this.#shelves.set(capability, shelf);
    }
    if (shelf.isHeld) {
      shelf.entries = [...shelf.entries];
      shelf.isHeld = false;
    }
    return shelf;
  }
}

type Abilities = Pick<Entry, "languages" | "voices" | "name" | "model" | "classes" | "hardware" | "memo">;

/** @param before what it said the time before: mostly only its load has changed */
function prepare(advert: Advert, atMs: number, before: Entry | undefined): Entry {
  const { running, queued, concurrency, queueCapacity, backlogMs, busyElsewhere, demand } = advert;
  const { languages, voices, name, model, classes, hardware, memo } =
    before !== undefined && canTheSame(before.advert, advert) ? before : abilitiesOf(advert);
  const costs = costsOf(advert);
  const slowness = 1 / Math.max(LEAST_SHARE, 1 - count(busyElsewhere, 0));
  const [isRunning, isQueued] = [count(running, 0), count(queued, 0)];
  const usualMs = workMsOf(costs, USUAL_SIZES[advert.capability]) * slowness;
  return {
    advert,
    atMs,
    costs,
    languages,
    voices,
    name,
    model,
    classes,
    hardware,
    memo,
    concurrency: count(concurrency, 0),
    jobs: isRunning + isQueued,
    // Of what runs, half is left on average. Whoever has no jobs has nothing to do, whatever it says.
    backlogMs: isRunning + isQueued === 0 ? 0 : count(backlogMs, (isRunning / 2 + isQueued) * usualMs),
    usualMs,
    demand: count(demand, 0),
    isFull: isQueued >= count(queueCapacity, Infinity) && isRunning >= count(concurrency, 0),
    slowness,
  };
}

function abilitiesOf({ languages, voices, name, model, classes, hardware }: Advert): Abilities {
  const primaries = [...languages, ...voices.map(({ language }) => language)].map(primaryLanguage);
  return {
    languages: primaries.length === 0 || primaries.includes(ANY_LANGUAGE) ? undefined : new Set(primaries),
    voices: new Map(voices.map((voice) => [voice.name.toLowerCase(), voice])),
    name: name.toLowerCase(),
    model: model.toLowerCase(),
    classes: new Set(classes.map((each) => each.toLowerCase())),
    hardware: new Set(hardware.map((each) => each.toLowerCase())),
    memo: {},
  };
}

function canTheSame(a: Advert, b: Advert): boolean {
  return (
    a.name === b.name &&
    a.model === b.model &&
    areEqual(a.languages, b.languages) &&
    areEqual(a.classes, b.classes) &&
    areEqual(a.hardware, b.hardware) &&
    a.voices.length === b.voices.length &&
    a.voices.every((voice, at) => voice.name === b.voices[at]?.name && voice.language === b.voices[at]?.language)
  );
}

function areEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
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
